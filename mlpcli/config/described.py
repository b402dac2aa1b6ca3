"""Every option in words, read off its declaration: for `--help`, shell completion, error messages and the README."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mlpcli.config.option_types import About, Choice
from mlpcli.config.options import RunOptions

__all__ = ["OPTIONS", "READING", "Option"]


@dataclass(frozen=True)
class Option:
    """One option of a run; `shown` is its default in words, `parts` the types and words that its values consist of."""

    name: str
    group: str
    help: str
    default: object
    shown: str
    parts: tuple[type | str, ...]
    annotation: Any

    @property
    def allowed(self) -> str:
        """Its values in words."""
        return _in_words(self.annotation)

    @property
    def choices(self) -> tuple[str, ...]:
        """Words among its values, those that user-defined parts have added since too."""
        return tuple(part for part in dict.fromkeys(_leaves(self.annotation)) if isinstance(part, str))

    @cached_property
    def types(self) -> frozenset[type]:
        """The types of its values, or of their members."""
        return frozenset(part if isinstance(part, type) else str for part in self.parts)

    @property
    def flag(self) -> str:
        """The name on the command line."""
        return "--" + self.name.replace("_", "-")


_NOUNS: dict[Any, tuple[str, str]] = {
    bool: ("true or false", ""),
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a name", "names"),
}


def _in_words(annotation: Any, metadata: Iterable[Any] = (), plural: bool = False) -> str:
    """The values of a type: `an integer of at least 1, or full`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        own_words = next((part.description for part in inner[1:] if getattr(part, "description", None)), None)
        return own_words or _in_words(inner[0], inner[1:], plural)
    if origin is Literal:
        return inner[0] if len(inner) == 1 else f"one of {', '.join(inner)}"
    if origin in (Union, UnionType):
        return ", or ".join(_in_words(member) for member in inner if member is not type(None))
    if origin is tuple:
        return f"a list of {_in_words(inner[0], plural=True)}"
    return _NOUNS[annotation][plural] + _range_in_words(metadata)


def _range_in_words(metadata: Iterable[Any]) -> str:
    constraints = [part for entry in metadata for part in getattr(entry, "metadata", [entry])]
    bounds = {
        name: getattr(part, name) for part in constraints for name in ("ge", "gt", "lt", "le") if hasattr(part, name)
    }
    if bounds.keys() == {"ge", "le"}:
        return f" from {bounds['ge']} to {bounds['le']}"
    words = {"ge": "of at least", "gt": "above", "lt": "below", "le": "of at most"}
    return " and".join(f" {words[name]} {bound}" for name, bound in bounds.items())


def _leaves(annotation: Any) -> Iterator[type | str]:
    """The plain types and the words that a type consists of, in order."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated and (words := [part.words for part in inner[1:] if isinstance(part, Choice)]):
        yield from words[0]
    elif origin is Annotated or origin is tuple:
        yield from _leaves(inner[0])
    elif origin in (Union, UnionType):
        for member in inner:
            yield from _leaves(member)
    elif origin is Literal:
        yield from inner
    elif annotation is not type(None):
        yield annotation


def _describe(name: str, field: FieldInfo, about: About) -> Option:
    annotation: Any = field.annotation
    for part in field.metadata:
        annotation = Annotated[annotation, part]
    return Option(
        name=name,
        group=about.group,
        help=field.description or "",
        default=field.default,
        shown=about.shown or str(field.default),
        parts=tuple(dict.fromkeys(_leaves(annotation))),
        annotation=annotation,
    )


OPTIONS: dict[str, Option] = {
    name: _describe(name, RunOptions.model_fields[name], about) for name, about in RunOptions.about().items()
}

READING = tuple(name for name, option in OPTIONS.items() if option.group == "Reading")
"""The options that say how a table file is read; what they make of it is part of the data's digest."""
