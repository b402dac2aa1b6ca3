"""The meaning of a cell that is written as text: number, gap, boolean, date or word."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Kind
from mlpcli.data.readers.text.dates import kind_of_all, seconds

__all__ = [
    "GAPS",
    "LARGEST_WHOLE",
    "MOST_CLASSES",
    "Spelling",
    "as_code",
    "as_number",
    "find_classes",
    "in_order",
    "is_wide",
]

GAPS = frozenset(
    (
        *("", "?", "#N/A", "N/A", "n/a", "NA", "na", "NaN", "nan", "NAN", "None", "none", "NONE", "Null", "null"),
        *("NULL", "<NA>", "<na>", "-", "--", ".", "..", "...", "*", r"\N", "missing", "Missing", "MISSING"),
        *("n.a.", "N.A.", "unknown", "Unknown", "UNKNOWN", "NaT", "-nan", "-NaN", "1.#IND", "1.#QNAN"),
        *("#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!", "(null)", "(blank)"),
    )
)
"""Marks of a missing value in a column of numbers or booleans; in a column of texts they are texts."""

MOST_CLASSES = 1_000
"""Different values of a target of classes; numbers of more values are quantities."""

LARGEST_WHOLE = 2.0**53  # above it, float64 cannot distinguish neighbours
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
PLAIN = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d*)(?:\.(?P<fraction>\d*))?(?P<power>[eE][+-]?\d+)?", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def as_number(text: str) -> float | None:
    """The number a text spells in plain or scientific notation, or None.

    >>> as_number("-1.5e3"), as_number("12 m"), as_number("nan")
    (-1500.0, None, None)
    """
    text = text.strip()
    return float(text) if NUMBER.fullmatch(text) else None


def as_code(number: float) -> str:
    """A whole number as the text that it is among categories; ValueError for other numbers. Exported files copy this.

    >>> as_code(7.0), as_code(-0.0)
    ('7', '0')
    """
    if not abs(number) <= 2**53 or number != round(number):
        raise ValueError(f"{number!r} is not a whole number up to 2**53")
    return f"{number + 0.0:.0f}"


def find_classes(names: Sequence[str], known: Sequence[str]) -> list[int]:
    """The index in `known` of each class, -1 where there is none; 1.0 is 1, and True or 1 are true.

    >>> find_classes(["1.0", "1", "True", "2"], ["0", "1"]), find_classes(["1", "1.0"], ["1", "01"])
    ([1, 1, 1, -1], [0, -1])
    """
    exact = {name: code for code, name in enumerate(known)}
    meanings = {_meaning(name): code for code, name in enumerate(known)}
    if len(meanings) < len(known):  # spelling alone distinguishes them
        meanings = {}
    return [exact.get(name, meanings.get(_meaning(name), -1)) for name in names]


def in_order(texts: Sequence[str]) -> list[int]:
    """Indices that sort texts: as numbers where all of them are numbers, else by code points.

    >>> in_order(["10", "9"]), in_order(["10", "9", "x"])
    ([1, 0], [0, 1, 2])
    """
    numbers = [as_number(text) for text in texts]
    if any(number is None for number in numbers):
        return sorted(range(len(texts)), key=lambda i: texts[i])
    return sorted(range(len(texts)), key=lambda i: (numbers[i], texts[i]))


@dataclass(frozen=True)
class Spelling:
    """How a file writes numbers, dates and missing values.

    Attributes:
        decimal: the decimal mark.
        thousands: the mark between groups of three digits, if there is one.
        units: texts that may stand before or after a number, and are left out.
        missing: marks of missing values beside `GAPS`.
        dates: what dates that end in the year begin with, one of `dates.ORDERS`; None reads no such dates.
    """

    decimal: str = "."
    thousands: str | None = None
    units: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    dates: str | None = None

    @classmethod
    def of(cls, options: DataOptions) -> Self:
        """The spelling that the options ask for."""
        return cls(options.decimal, options.thousands, options.units or (), options.missing or (), options.dates)

    @cached_property
    def gaps(self) -> frozenset[str]:
        """All marks of a missing value in a column of numbers or booleans."""
        return GAPS | frozenset(self.missing)

    @cached_property
    def missing_numbers(self) -> frozenset[float]:
        """The marks of a missing value that are numbers; a cell is one however it is written: -999 is -999.0."""
        numbers = (as_number(self.plain(mark)) for mark in self.missing)
        return frozenset(number for number in numbers if number is not None)

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return self == Spelling(missing=self.missing, dates=self.dates)

    def number(self, text: str) -> float | None:
        """The number a cell spells (perhaps infinite), NaN for a gap, None for anything else.

        >>> spelling = Spelling(decimal=",", thousands=".", units=("€",), missing=("-999",))
        >>> [spelling.number(text) for text in ("1.234,5 €", "-999", "NA", "-1e999", "1.23,4")]
        [1234.5, nan, nan, -inf, None]
        """
        text = text.strip()
        if text in self.gaps:
            return math.nan
        if INFINITE.fullmatch(text):
            return float(text)
        value = as_number(self.plain(text))
        return math.nan if value in self.missing_numbers else value

    def boolean(self, text: str) -> float | None:
        """1 and 0 for true and false in any case, NaN for a gap, None for anything else."""
        text = text.strip()
        return math.nan if text in self.gaps else {"true": 1.0, "false": 0.0}.get(text.lower())

    def truth(self, text: str) -> float | None:
        """The same in a column that is known to hold booleans, where the numbers 1 and 0 are others of their names."""
        value = self.boolean(text)
        if value is None and ((number := self.number(text)) in (0, 1) or (number is not None and math.isnan(number))):
            return number
        return value

    def seconds(self, text: str, kind: Kind) -> float | None:
        """The seconds that a date or a time of this kind spells, NaN for a gap, None for anything else."""
        return math.nan if text.strip() in self.gaps else seconds(text, kind, self.dates)

    def kind_of_dates(self, texts: Iterable[str]) -> Kind | None:
        """The kind of texts that are all dates or times of one kind, or gaps; None for others, and for gaps alone."""
        return kind_of_all((text for text in texts if text.strip() not in self.gaps), self.dates)

    def plain(self, text: str) -> str:
        """A number as Python writes it; any other text as it is.

        >>> Spelling(thousands=",").plain("1,234.5"), Spelling(thousands=",").plain("1,5"), Spelling(",").plain("a,b")
        ('1234.5', '1,5', 'a,b')
        """
        if self.is_plain:
            return text
        match = self.pattern.fullmatch(text)
        if not match or not (match["whole"] or match["fraction"]):
            return text
        whole = match["whole"].replace(self.thousands, "") if self.thousands else match["whole"]
        fraction = f".{match['fraction']}" if match["fraction"] else ""
        return f"{match['sign']}{whole}{fraction}{match['power'] or ''}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The spelling of a number, with the groups sign, whole, fraction and power; `whole` or `fraction` is there."""
        if self.is_plain:
            return PLAIN
        unit = "|".join(map(re.escape, sorted(self.units, key=len, reverse=True)))
        unit = rf"(?:{unit})?" if unit else ""
        groups = rf"[1-9]\d{{0,2}}(?:{re.escape(self.thousands)}\d{{3}})+|" if self.thousands else ""
        return re.compile(
            rf"{unit}\s*(?P<sign>[+-]?)\s*{unit}\s*(?P<whole>{groups}\d*)(?:{re.escape(self.decimal)}(?P<fraction>\d*))?"
            rf"(?P<power>[eE][+-]?\d+)?\s*{unit}",
            re.ASCII,
        )


def is_wide(text: str) -> bool:
    """Whether a cell spells a whole number that float64 cannot hold exactly; such numbers are often names."""
    return WHOLE.fullmatch(text.strip()) is not None and abs(float(text)) > LARGEST_WHOLE


def _meaning(name: str) -> str | float:
    number = as_number(name)
    return {"true": 1.0, "false": 0.0}.get(name.lower(), name) if number is None else number
