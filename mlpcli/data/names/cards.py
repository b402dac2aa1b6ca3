"""Dataset cards: TOML files that say where a dataset comes from, what it holds and how it is used.

Cards in the working folder's `datasets/` come before the shipped ones. The keys of a card:

title, source, task, target, rows, features, licence, citation: required (target: a name or a list of names).
classes: number of classes, for classification. scale: meaning of `auto`, by default `standard`.
test_rows, validation_rows: number of last rows (in the order training, validation, test) that are set apart: 0 is
none, a text names the parameter that holds the number; without the key, the options of the run decide.
[parameters]: defaults of the parameters that may follow the name, as in `moons:n=500,noise=0.2`.
[origin]: what the source has to know, such as the name of a generator; for source = "file" the `path` of a table,
beside the card or absolute.
[reading]: how that table is read, by the reading options of a run, such as decimal = ",". Options that the user sets to
other than their defaults come before them, and a model keeps them, so that new tables are read alike.
"""

import re
import sys
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlpcli.assets import asset_folder
from mlpcli.config import OPTIONS, READING, canonical_value, check_value
from mlpcli.errors import FileError, MlpcliError, UsageError, why
from mlpcli.wording import nearest, quote, sentence

__all__ = ["FILE", "Card", "all_cards", "find_card"]

FILE = "file"
"""The source of cards that name a table."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LARGEST = 1 << 16  # bytes per card
KEYS: dict[str, tuple[type, ...]] = {
    "title": (str,),
    "source": (str,),
    "task": (str,),
    "target": (str, list),
    "rows": (int,),
    "features": (int,),
    "licence": (str,),
    "citation": (str,),
    "classes": (int,),
    "scale": (str,),
    "test_rows": (int, str),
    "validation_rows": (int, str),
    "parameters": (dict,),
    "origin": (dict,),
    "reading": (dict,),
}
REQUIRED = tuple(KEYS)[:8]
TASKS, SCALES = (
    tuple(choice for choice in OPTIONS[option].choices if choice != "auto") for option in ("task", "scale")
)
TYPES = {str: "a text", list: "a list", int: "a whole number", float: "a number", dict: "a table"}


@dataclass(frozen=True)
class Card:
    """A card, with `parameters` as the user set them; `expected` says that its numbers of rows still hold."""

    name: str
    title: str
    source: str
    task: str
    target: tuple[str, ...]
    rows: int
    features: int
    classes: int | None
    scale: str
    licence: str
    citation: str
    test_rows: int | str | None
    validation_rows: int | str | None
    parameters: dict[str, Any]
    origin: dict[str, Any]
    reading: dict[str, Any]
    path: Path
    expected: bool = True

    def set_apart(self, key: str) -> int | None:
        """`test_rows` or `validation_rows` as a number of rows; a text names the parameter that holds it."""
        value = getattr(self, key)
        return int(self.parameters[value]) if isinstance(value, str) else value

    @property
    def identity(self) -> dict[str, Any]:
        """The part of the card that decides the content of the table."""
        return {
            "source": self.source,
            "origin": self.origin,
            "parameters": self.parameters,
            "target": list(self.target),
        }


def find_card(spec: str) -> Card:
    """The card that `spec`, `name` or `name:key=value,key=value`, asks for.

    Raises:
        UsageError: no card of that name (with the nearest one), a broken card or a wrong parameter.
        FileError: a card that cannot be read.
    """
    name, _, given = spec.partition(":")
    for folder in _folders():
        path = folder / f"{name}.toml"
        if NAME.fullmatch(name) and path.is_file():
            return _with_parameters(_read(path), given)
    names = sorted({path.stem for folder in _folders() for path in folder.glob("*.toml") if NAME.fullmatch(path.stem)})
    problem = f"dataset {quote(spec)}: no such dataset{nearest(name, names)}"
    raise UsageError(f"{sentence(problem)} `mlpcli datasets` lists what there is")


def all_cards() -> tuple[list[Card], list[MlpcliError]]:
    """Every card, sorted by name, and the errors of unusable cards; the working folder's cards hide shipped ones."""
    cards: list[Card] = []
    errors: list[MlpcliError] = []
    seen: set[str] = set()
    for folder in _folders():
        for path in sorted(folder.glob("*.toml")):
            if path.stem in seen:
                continue
            seen.add(path.stem)
            try:
                cards.append(_read(path))
            except MlpcliError as error:
                errors.append(error)
    return sorted(cards, key=lambda card: card.name), errors


def _folders() -> list[Path]:
    here, shipped = Path("datasets").absolute(), asset_folder("datasets")
    return [here] if here == shipped else [here, shipped]


def _read(path: Path) -> Card:
    if not NAME.fullmatch(path.stem):
        raise UsageError(
            f"card {path}: the name of a dataset consists of ASCII letters, digits, '.', '_' and '-'. Rename the file"
        )
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {why(error)}") from error
    if len(content) > LARGEST:
        raise UsageError(f"card {path}: larger than {LARGEST} bytes, so it is not a card")
    try:
        value = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"card {path}: {error}") from error
    return _card(path, value)


def _card(path: Path, value: dict[str, Any]) -> Card:
    problems = [f"unknown key {quote(key)}{nearest(key, KEYS)}" for key in value.keys() - KEYS.keys()]
    problems += [f"{quote(key)} is missing" for key in REQUIRED if key not in value]
    for key, types in KEYS.items():
        if key in value and type(value[key]) not in types:
            problems.append(f"{key} = {value[key]!r} must be {' or '.join(TYPES[kind] for kind in types)}")
    target = value.get("target", [])
    targets = tuple(target) if isinstance(target, list) else (target,)
    if not targets or not all(isinstance(name, str) for name in targets):
        problems.append(f"target = {target!r} must be a text or a list of texts")
    for key, allowed in (("task", TASKS), ("scale", SCALES)):
        if key in value and value[key] not in allowed:
            problems.append(f"{key} = {value[key]!r} must be one of {', '.join(allowed)}")
    parameters = value.get("parameters", {})
    for key, default in parameters.items() if isinstance(parameters, dict) else ():
        if type(default) not in (int, float) or not _is_finite(default):
            problems.append(f"[parameters] {key} = {default!r} must be a number")
    reading = value.get("reading", {})
    for key, choice in reading.items() if isinstance(reading, dict) else ():
        place = f"[reading] {key}"
        if key not in READING:
            problems.append(f"{place}: no such reading option{nearest(key, READING)}")
        elif problem := check_value(key, choice, place):
            problems.append(problem)
    if reading and value.get("source") != FILE:
        problems.append(f"[reading] is for source = {quote(FILE)}, which names a table")
    for key in ("test_rows", "validation_rows"):
        if isinstance(value.get(key), str) and value[key] not in parameters:
            problems.append(f"{key} = {value[key]!r} names no parameter")
        if isinstance(value.get(key), int) and value[key] < 0:
            problems.append(f"{key} = {value[key]} must be 0 or more")
    if problems:
        raise UsageError(f"card {path}: {'; '.join(sorted(problems))}")
    return Card(
        name=path.stem,
        path=path,
        target=targets,
        classes=value.get("classes"),
        scale=value.get("scale", "standard"),
        test_rows=value.get("test_rows"),
        validation_rows=value.get("validation_rows"),
        parameters=parameters,
        origin=value.get("origin", {}),
        reading={key: canonical_value(key, choice) for key, choice in reading.items()},
        **{key: value[key] for key in REQUIRED if key != "target"},
    )


def _with_parameters(card: Card, given: str) -> Card:
    """The card with `key=value,key=value` in place of its defaults."""
    if not given:
        return card
    parameters, named = dict(card.parameters), set[str]()
    for pair in given.split(","):
        key, equals, text = (part.strip() for part in pair.partition("="))
        if key not in parameters:
            known = f"its parameters: {', '.join(card.parameters)}" if card.parameters else "it takes none"
            raise UsageError(
                f"dataset {quote(card.name)}: no parameter {quote(key)} ({known}){nearest(key, card.parameters)}"
            )
        if key in named:
            raise UsageError(f"dataset {quote(card.name)}: {key} is given twice; keep one of them")
        named.add(key)
        kind = type(card.parameters[key])
        try:
            parameters[key] = kind(text)
            if not equals or not _is_finite(parameters[key]):
                raise ValueError
        except (ValueError, OverflowError) as error:
            example = f"{key}={card.parameters[key]}"
            raise UsageError(
                f"dataset {quote(card.name)}: {key}={text} must be {TYPES[kind]}, like {example}"
            ) from error
    return replace(card, parameters=parameters, expected=parameters == card.parameters)


def _is_finite(number: float) -> bool:
    """Whether float64 holds the number; integers may have any number of digits."""
    return abs(number) <= sys.float_info.max
