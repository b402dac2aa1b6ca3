"""Flags that several commands share, each declared once, and the way to declare one that takes no value."""

import inspect
import os
from collections.abc import Callable, Collection
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from mlpcli.cli import completion
from mlpcli.errors import UsageError
from mlpcli.wording import quote

__all__ = [
    "PANEL",
    "TYPES",
    "Config",
    "DataHome",
    "Json",
    "Name",
    "Note",
    "Plugins",
    "Quiet",
    "ResultsRoot",
    "SomeResult",
    "SomeRun",
    "SomeTable",
    "Tags",
    "check_other_file",
    "check_suffix",
    "name_types",
    "names_of",
    "switch",
]

PANEL = "Folders and output"


def switch(*names: str, help: str, panel: str | None = None) -> Any:
    """A flag without a value; its empty metavar keeps Typer from showing `<bool>` beside it."""
    return typer.Option(*names, help=help, metavar="", rich_help_panel=panel)


def check_suffix(flag: str, file: Path, suffix: str) -> None:
    """Check the name of a file to write, which may hold something else under a mistyped name.

    Raises:
        UsageError: it has another suffix.
    """
    if file.suffix.lower() != suffix:
        raise UsageError(f"{flag} {quote(str(file))}: expected a name that ends in {suffix}. Nothing was written")


def check_other_file(flag: str, file: Path, table: str) -> None:
    """Check that a file to write is not the table that is read.

    Raises:
        UsageError: it is.
    """
    if os.path.exists(table) and os.path.exists(file) and os.path.samefile(table, file):
        raise UsageError(f"{flag} {quote(str(file))}: that is the table itself. Nothing was written. Name another file")


def names_of(text: str, known: Collection[str]) -> list[str]:
    """The names in a text with commas, without the spaces around one that is not known with them.

    >>> names_of("name, state", ["name", "state"]), names_of("a, b", ["a", " b"])
    (['name', 'state'], ['a', ' b'])
    """
    return [name if name in known else name.strip() for name in text.split(",")]


TYPES = {int: "<integer>", float: "<number>", str: "<text>", Path: "<path>"}
"""Types of flags as the help pages write them."""


def name_types(command: Callable[..., Any]) -> None:
    """Write types and choices in our words into the declarations of a command's flags, where they have none."""
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        kinds = _members(parameter.annotation)
        for flag in getattr(parameter.annotation, "__metadata__", ()):
            if isinstance(flag, type(typer.Option())) and flag.metavar is None and kinds[0] is not bool:
                flag.metavar = ", ".join(kinds[0]) if issubclass(kinds[0], StrEnum) else TYPES.get(kinds[0])


def _members(annotation: Any) -> tuple[Any, ...]:
    """The types of an annotation: those of a union, the member of a list."""
    if hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    members = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    return tuple(get_args(kind)[0] if get_args(kind) else kind for kind in members)


Json = Annotated[bool, switch("--json", help="print one JSON object and nothing else", panel=PANEL)]
Quiet = Annotated[bool, switch("--quiet", "-q", help="print no progress and no messages", panel=PANEL)]
ResultsRoot = Annotated[Path, typer.Option("--results", help="folder of all results", rich_help_panel=PANEL)]
DataHome = Annotated[
    Path | None,
    typer.Option(
        "--data-home",
        help="cache of prepared data",
        show_default="$MLPCLI_DATA_HOME, else the user's cache",
        rich_help_panel=PANEL,
    ),
]
Name = Annotated[str | None, typer.Option("--name", help="folder below --results", rich_help_panel=PANEL)]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="TOML file of options; flags override it", rich_help_panel=PANEL),
]
Note = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="sentence kept with the results", rich_help_panel=PANEL)
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME", help="name to find the results by; repeatable", rich_help_panel=PANEL),
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin", metavar="FILE.py", help="run this file, which registers parts of your own", rich_help_panel=PANEL
    ),
]
SomeRun = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="run, trial such as SWEEP/17 or SWEEP/best, run_id, or model file",
        autocompletion=completion.runs,
    ),
]
SomeResult = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="run, sweep, trial such as SWEEP/17 or SWEEP/best, or run_id",
        autocompletion=completion.runs,
    ),
]
SomeTable = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="folder of a run or a sweep, or its name under --results",
        autocompletion=completion.results,
    ),
]
