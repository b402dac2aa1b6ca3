"""What was fitted on one column of a table, and the inputs of the network that it becomes.

>>> Column("size", indicator=True).features, Column("color", "text", categories=("blue", "red")).features
(('size', 'size missing'), ('color=blue', 'color=red'))
"""

import math
import re
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, get_args

from mlpcli.data.cache.table import DATES, Kind
from mlpcli.data.prepared.date_parts import PARTS, DatePart

__all__ = ["Column", "Fitted", "codes_of"]


@dataclass(frozen=True)
class Column:
    """One raw column and what was fitted on it. Raw values: numbers, 0/1, seconds, or the index of a feature.

    Of a date `center`, `scale` and `fill` are those of its `parts`; the part `seconds` counts from `origin`.
    """

    name: str
    kind: Kind = "number"
    center: float = 0.0
    scale: float = 1.0
    fill: float = 0.0
    indicator: bool = False
    clip: bool = False
    categories: tuple[str, ...] = ()
    rare: bool = False
    parts: tuple[DatePart, ...] = ()
    origin: float = 0.0

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of x that this one becomes."""
        if self.kind == "text":
            others = (f"{self.name} other",) if self.rare else ()
            return (*(f"{self.name}={category}" for category in self.categories), *others)
        names = [f"{self.name} {part.name}" for part in self.parts] if self.kind in DATES else [self.name]
        return (*names, f"{self.name} missing") if self.indicator else tuple(names)

    @property
    def codes(self) -> dict[str, int]:
        """The texts that stand for a category, with its index."""
        return codes_of(self.categories)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, from which `from_json` makes an equal column. Defaults are left out."""
        default = Column("")
        fitted = {key: value for key, value in vars(self).items() if value != getattr(default, key)}
        lists = {key: list(fitted[key]) for key in ("categories", "parts") if key in fitted}
        if self.parts:
            lists["parts"] = [list(part) for part in self.parts]
        return fitted | {"name": self.name} | lists

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The inverse of `to_json`; TypeError or AttributeError for other values, which `check` sees through."""
        parts = tuple(DatePart(*part) for part in value.get("parts", ()))
        return cls(**value | {"categories": tuple(value.get("categories", ())), "parts": parts})

    def check(self) -> None:
        """Raise ValueError for values that no fit can produce."""
        fitted: list[Column | DatePart] = [self, *self.parts]
        numbers = [self.origin, *(number for one in fitted for number in (one.center, one.fill, one.scale))]
        if not all(isinstance(text, str) for text in (self.name, *self.categories)):
            raise ValueError("not a fitted preprocessing: a name is not a text")
        if (
            not all(isinstance(number, float) and math.isfinite(number) for number in numbers)
            or min(one.scale for one in fitted) <= 0
        ):
            raise ValueError("not a fitted preprocessing: a fitted number is not finite, or a scale is not positive")
        if self.kind not in get_args(Kind):
            raise ValueError("not a fitted preprocessing: a column of unknown kind")
        names = [part.name for part in self.parts]
        if names != [part for part in PARTS if part in names] or (names and self.kind not in DATES):
            raise ValueError("not a fitted preprocessing: parts of a date that there are not")
        if self.kind in DATES and self.indicator and not names:
            raise ValueError("not a fitted preprocessing: an indicator of a date without inputs")
        if not all(isinstance(flag, bool) for flag in (self.indicator, self.clip, self.rare)):
            raise ValueError("not a fitted preprocessing: a flag is neither true nor false")


class Fitted(NamedTuple):
    """A column, the number of its gaps in the training rows, its values in words, and what is unusual about it."""

    column: Column
    gaps: int
    values: str
    note: str = ""


def codes_of(categories: tuple[str, ...]) -> dict[str, int]:
    """The texts that stand for a category, with its index: 7 is 7.0, as pandas writes it in a column with gaps.

    >>> codes_of(("7.0", "red")), codes_of(("7.0", "7"))
    ({'7': 0, '7.0': 0, 'red': 1}, {'7': 1, '7.0': 0})
    """
    codes = {category: code for code, category in enumerate(categories)}
    whole = {text[:-2]: code for text, code in codes.items() if re.fullmatch(r"-?\d+\.0", text)}
    return {**whole, **codes}
