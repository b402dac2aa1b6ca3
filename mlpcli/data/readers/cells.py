"""The meaning of a cell that is written as text: number, gap, boolean, date or word."""

import math
import re
from collections.abc import Sequence

__all__ = ["GAPS", "LARGEST_WHOLE", "as_number", "boolean", "in_order", "is_date", "is_wide", "number"]

GAPS = frozenset(
    ("", "?", "#N/A", "N/A", "n/a", "NA", "na", "NaN", "nan", "NAN", "None", "none", "NONE", "Null", "null", "NULL")
)
LARGEST_WHOLE = 2.0**53  # above it, float64 cannot distinguish neighbours
DATE = re.compile(
    r"(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2}))([T ]\s*\d.*)?|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?",
    re.ASCII,
)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def as_number(text: str) -> float | None:
    """The number a text spells in plain or scientific notation, or None.

    >>> as_number("-1.5e3"), as_number("12 m"), as_number("nan")
    (-1500.0, None, None)
    """
    text = text.strip()
    return float(text) if NUMBER.fullmatch(text) else None


def in_order(texts: Sequence[str]) -> list[int]:
    """Indices that sort texts: as numbers where all of them are numbers, else by code points.

    >>> in_order(["10", "9"]), in_order(["10", "9", "x"])
    ([1, 0], [0, 1, 2])
    """
    numbers = [as_number(text) for text in texts]
    if any(number is None for number in numbers):
        return sorted(range(len(texts)), key=lambda i: texts[i])
    return sorted(range(len(texts)), key=lambda i: (numbers[i], texts[i]))


def number(text: str) -> float | None:
    """The number a cell spells (perhaps infinite), NaN for a gap, None for anything else.

    >>> number(" 2.5"), number("NA"), number("-1e999"), number("ten")
    (2.5, nan, -inf, None)
    """
    text = text.strip()
    if text in GAPS:
        return math.nan
    return float(text) if INFINITE.fullmatch(text) else as_number(text)


def boolean(text: str) -> float | None:
    """1 and 0 for true and false in any case, NaN for a gap, None for anything else."""
    text = text.strip()
    return math.nan if text in GAPS else {"true": 1.0, "false": 0.0}.get(text.lower())


def is_date(text: str) -> bool:
    """Whether a cell looks like a date or a time of day.

    >>> [is_date(text) for text in ("2020-01-05", "5.1.2020 12:30", "12:30", "5.1", "a-1-2")]
    [True, True, True, False, False]
    """
    return DATE.fullmatch(text.strip()) is not None


def is_wide(text: str) -> bool:
    """Whether a cell spells a whole number that float64 cannot hold exactly; such numbers are often names."""
    return WHOLE.fullmatch(text.strip()) is not None and abs(float(text)) > LARGEST_WHOLE
