"""How an option is declared: the types that options have, and what is known of each beside its type."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from mlpcli.config import class_weights

__all__ = [
    "MAX_DEPTH",
    "MAX_ROWS",
    "MAX_SEED",
    "MAX_WIDTH",
    "About",
    "Amount",
    "Amounts",
    "Character",
    "Choice",
    "ClassWeights",
    "Count",
    "Decay",
    "Depth",
    "Epochs",
    "Folds",
    "Grouping",
    "Members",
    "Name",
    "Names",
    "Period",
    "Positive",
    "Replicas",
    "Rows",
    "Seed",
    "Share",
    "Sizes",
    "Threads",
    "Width",
    "in_any_order",
    "one_of",
    "option",
    "reading",
]

MAX_DEPTH = 1_000
MAX_WIDTH = 1_000_000
MAX_ROWS = 10**9
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Choice:
    """The type of an option that takes one of some words: `first`, and those of a table, which may grow."""

    table: Collection[str]
    first: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are possible now."""
        return (*self.first, *self.table)

    @property
    def description(self) -> str:
        """The words as messages and tables list them."""
        return f"one of {', '.join(self.words)}"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: object) -> object:
        if isinstance(value, str) and value in self.words:
            return value
        raise PydanticCustomError("choice", "expected {words}", {"words": self.description})


Replicas = Literal["equal", "free", "switched"]
"""Condition that an option sets for runs that one network trains together: an equal value; nothing; or that all have it
at 0 or none has, because 0 switches its code off."""


@dataclass(frozen=True)
class About:
    """Facts about an option beside its type, default and help.

    `shown` says what a default of None means. `identity` is False for options that change no number of a run, or for
    which others stand in run_id: the digest of the data for its name, hidden for width and depth.
    """

    group: str
    shown: str | None = None
    identity: bool = True
    replicas: Replicas = "equal"


def one_of(table: Collection[str], *first: str) -> Choice:
    """The type of an option that takes one of the words `first` or of a table, which is asked at every use."""
    return Choice(table, first)


def _split_sizes(value: object) -> object:
    """`"256,128,64"`, `[256, 128, 64]` and the single size `256` are one tuple of integers."""
    if isinstance(value, str):
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            return value
    if type(value) is int:
        return (value,)
    return _freeze(value)


def _split_names(value: object) -> object:
    """`"age,height"` and `["age", "height"]` are one tuple of names."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(","))
    return _freeze(value)


def _freeze(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _without_sign_of_zero(value: float) -> float:
    """-0.0 and 0.0 are one value, so they must be one text and one identity."""
    return value + 0.0


def _without_fraction_of_none(value: int | float) -> int | float:
    """No rows at all: the fraction 0.0 and the count 0 are one value."""
    return value or 0


def _named_character(value: object) -> object:
    r"""A tab that is written as a command line can write it: `\t` or `tab`."""
    return "\t" if value in ("\\t", "tab") else value


def in_any_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that are a set, so one order of them is the canonical one."""
    return tuple(sorted(set(names)))


# Lengths apart: in the pattern, a counted repetition takes 40 ms to compile.
Name = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]*$")]
Character = Annotated[
    str,
    Field(pattern=r"^[\x01-\x09\x0b\x0c\x0e-!#-\x7f]$", description="one ASCII character"),
    BeforeValidator(_named_character),
]
Grouping = Annotated[
    str, Field(pattern=r"^[,.'_ \u00a0\u202f]$", description="a comma, a point, an apostrophe, a space or _")
]
ClassWeights = Annotated[
    Literal["none", "balanced"]
    | Annotated[str, Field(description=f"weights by name of the class, as in {class_weights.EXAMPLE}")],
    BeforeValidator(class_weights.canonical),
]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Width = Annotated[int, Field(ge=1, le=MAX_WIDTH)]
Depth = Annotated[int, Field(ge=0, le=MAX_DEPTH)]
Epochs = Annotated[int, Field(ge=0, le=1_000_000)]
Sizes = Annotated[tuple[Width, ...], Field(max_length=MAX_DEPTH), BeforeValidator(_split_sizes)]
Names = Annotated[tuple[Name, ...], Field(min_length=1), BeforeValidator(_split_names)]
Share = Annotated[float, Field(ge=0, lt=1), AfterValidator(_without_sign_of_zero)]
Amount = Annotated[float, Field(ge=0), AfterValidator(_without_sign_of_zero)]
Amounts = Annotated[tuple[Amount, ...], Field(min_length=1), BeforeValidator(_freeze)]
Positive = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(gt=0, le=1)]
Period = Annotated[float, Field(ge=1e-3)]
Rows = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ROWS)] | Annotated[float, Field(ge=0, lt=1)],
    AfterValidator(_without_fraction_of_none),
]
Count = Annotated[int, Field(ge=1, le=MAX_ROWS)]
Folds = Annotated[int, Field(ge=0, le=1000)]
Members = Annotated[int, Field(ge=1, le=1000)]
Threads = Annotated[int, Field(ge=1, le=1024)]


def option(
    default: object,
    group: str,
    help: str,
    *,
    shown: str | None = None,
    identity: bool = True,
    replicas: Replicas = "equal",
) -> Any:
    """A field of `RunOptions`; see `About`."""
    about = About(group, shown, identity, replicas)
    return Field(default, description=help, json_schema_extra={"about": about})  # type: ignore[dict-item]  # not JSON


def reading(default: object, help: str, *, shown: str | None = None) -> Any:
    """An option that says how a table file is read; the digest of the data holds what it makes of the file."""
    return option(default, "Reading", help, shown=shown, identity=False, replicas="free")
