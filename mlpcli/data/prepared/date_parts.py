"""Dates and times as inputs: parts of a moment, each a number that is scaled as numbers are.

Weeks begin on Monday, which is 0, and minutes are fractions of the hour. Seconds count from the earliest training row.

>>> parts = [part_of(np.array([1580560200.0]), part, 1580515200.0) for part in PARTS]
>>> dict(zip(PARTS, (float(part[0]) for part in parts)))
{'year': 2020.0, 'month': 2.0, 'day of week': 5.0, 'day of year': 32.0, 'hour': 12.5, 'seconds': 45000.0}
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Kind

__all__ = ["PARTS", "DatePart", "date_in_words", "part_of"]

PARTS = ("year", "month", "day of week", "day of year", "hour", "seconds")
DAY, HOUR = 86_400.0, 3600.0
THURSDAY = 3  # weekday of 1970-01-01

Floats = NDArray[np.float64]


class DatePart(NamedTuple):
    """A part that varies in the training rows, with what was fitted on it as on a number."""

    name: str
    center: float
    scale: float
    fill: float


def part_of(seconds: Floats, part: str, origin: float) -> Floats:
    """A part of moments, (rows,); NaN where a moment is missing.

    `seconds` (rows,) count from the beginning of 1970, or from midnight; the part `seconds` counts from `origin`.
    """
    if part == "seconds":
        return seconds - origin
    days = np.floor(seconds / DAY)
    if part == "hour":
        return (seconds - days * DAY) / HOUR
    if part == "day of week":
        return (days + THURSDAY) % 7
    missing = np.isnan(days)
    date = np.where(missing, 0, days).astype(np.int64).astype("datetime64[D]")
    year, month = date.astype("datetime64[Y]"), date.astype("datetime64[M]")
    whole = {
        "year": year.astype(np.int64) + 1970,
        "month": month.astype(np.int64) % 12 + 1,
        "day of year": (date - year.astype("datetime64[D]")).astype(np.int64) + 1,
    }
    return np.where(missing, np.nan, whole[part])


def date_in_words(seconds: float, kind: Kind) -> str:
    """A moment as ISO 8601 writes it.

    >>> date_in_words(1580515200.0, "date"), date_in_words(1580560200.5, "zoned date"), date_in_words(45000.0, "time")
    ('2020-02-01', '2020-02-01T12:30:00Z', '12:30:00')
    """
    text = str(np.datetime64(int(np.floor(seconds)), "s"))
    if kind == "time":
        return text[-8:]
    return f"{text}Z" if kind == "zoned date" else text.removesuffix("T00:00:00")
