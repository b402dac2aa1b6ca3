"""User-defined parts among the options of a run: where they come from, and whether those at hand are the same.

>>> from mlpcli.config.options import RunOptions
>>> origins(RunOptions(activation="tanh"))  # ours need no source
{}
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from mlpcli.config.choices import COMPONENTS, Origin
from mlpcli.config.options import RunOptions
from mlpcli.errors import PluginError

__all__ = [
    "carriers",
    "check_origins",
    "foreign_parts",
    "origins",
    "origins_to_json",
    "plugin_flags",
    "registered",
    "unknown_parts",
]


def origins(options: RunOptions) -> dict[str, Origin]:
    """The source of each user-defined part that the run uses, by the option that chooses it."""
    rows = {option: rows.get(getattr(options, option)) for option, rows in COMPONENTS.items()}
    return {option: row.origin for option, row in rows.items() if row is not None and row.origin is not None}


def carriers(options: RunOptions | None = None) -> tuple[object, ...]:
    """What a pickle must hold first, so that its reader has the user-defined parts of these options, or all of them."""
    used = None if options is None else {(option, getattr(options, option)) for option in COMPONENTS}
    return tuple(
        row.carrier
        for option, rows in COMPONENTS.items()
        for name, row in rows.items()
        if row.carrier is not None and (used is None or (option, name) in used)
    )


def registered() -> dict[tuple[str, str], Origin]:
    """The source of each user-defined part that can be chosen now, by option and name."""
    return {
        (option, name): row.origin
        for option, rows in COMPONENTS.items()
        for name, row in rows.items()
        if row.origin is not None
    }


def foreign_parts(values: Mapping[str, Any]) -> list[str]:
    """The options that choose parts which are not of mlpcli, registered here or not.

    >>> foreign_parts({"activation": "snake", "norm": "batch", "init": "auto", "width": 8})
    ['activation']
    """
    words = {option: values[option] for option in COMPONENTS if isinstance(values.get(option), str)}
    return [
        option
        for option, word in words.items()
        if word not in ("auto", "none") and ((row := COMPONENTS[option].get(word)) is None or row.origin is not None)
    ]


def unknown_parts(values: Mapping[str, Any]) -> list[str]:
    """The options that choose parts which nobody has registered here."""
    return [option for option in foreign_parts(values) if values[option] not in COMPONENTS[option]]


def plugin_flags(files: Iterable[str]) -> str:
    """The end of a command that loads these files of parts.

    >>> plugin_flags(["snake.py"]), plugin_flags([])
    (' --plugin snake.py', '')
    """
    return "".join(f" --plugin {shlex.quote(file)}" for file in files)


def origins_to_json(options: RunOptions) -> dict[str, Any]:
    """`origins` as a model file has them; `check_origins` reads them back."""
    return {
        option: {"file": origin.file, "sha256": origin.sha256, "name": getattr(options, option)}
        for option, origin in origins(options).items()
    }


def check_origins(recorded: Mapping[str, Any]) -> None:
    """Check that the user-defined parts that a model was trained with are at hand, unchanged.

    Raises:
        PluginError: one of them is missing, or has another source.
    """
    for option, of in recorded.items():
        row = COMPONENTS[option].get(of["name"])
        part = f"{option} {of['name']}"
        if of["file"] is None:
            home, remedy = "the program that trained it", "Register the same part before loading"
        else:
            home, remedy = of["file"], f"Name that file with --plugin {of['file']}, or plugin= in Python"
        if row is None:
            raise PluginError(f"{part} comes from {home}, and is not registered here. {remedy}")
        if row.origin is None or row.origin.sha256 != of["sha256"]:
            raise PluginError(f"{part} comes from another version of {home}, of SHA-256 {of['sha256'][:12]}. {remedy}")
