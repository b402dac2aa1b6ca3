"""Numbers that look like marks of a missing value, such as -999: named in the data summary, and never changed.

A mark is the least or the greatest number of a column, repeated in 1 % of the rows or more, and farther from all other
numbers than these are from each other. Its digits are nines, or it is negative where no other number is.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table

__all__ = ["marks_in_words"]

SHARE = 0.01  # of the rows
NEGATIVE = 2.0  # ranges of the other numbers that a negative number is away, unless its digits are nines


def marks_in_words(
    table: Table,
    chosen: Sequence[int],
    rows: NDArray[np.int64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    can_be_named: bool,
) -> dict[int, str]:
    """What to say of columns that hold such a number, by their places in `chosen`.

    `low` and `high` are the least and the greatest number of each column, (columns,). `can_be_named`: the table's
    format takes the option `missing`, which names marks.
    """
    ends = [(at, float(end[at])) for end in (low, high) for at in range(len(chosen))]
    places = [(at, end) for at, end in ends if _may_be_mark(end, low[at])]
    if not places:
        return {}
    marks = np.array([mark for _, mark in places])
    count, least, most = np.zeros(len(places), np.int64), np.full(len(places), np.inf), np.full(len(places), -np.inf)
    for block in table.blocks([chosen[at] for at, _ in places], rows):
        is_mark = block == marks
        count += is_mark.sum(axis=0)
        others = np.where(is_mark, np.nan, block)
        least, most = np.fmin(least, np.fmin.reduce(others, axis=0)), np.fmax(most, np.fmax.reduce(others, axis=0))
    said = {}
    for (at, mark), times, first, last in zip(places, count.tolist(), least.tolist(), most.tolist(), strict=True):
        away = max(first - mark, mark - last)
        far = away > last - first if _is_nines(mark) else first >= 0 and away > NEGATIVE * (last - first)
        if last > first and far and times >= max(2, SHARE * len(rows)):
            remedy = f"use --missing {mark:.0f}" if can_be_named else "put nan in its place, in a table of your own"
            said[at] = f"{mark:.0f} in {times} rows, far from the rest; if it means no value, {remedy}"
    return said


def _may_be_mark(number: float, low: float) -> bool:
    return number.is_integer() and (_is_nines(number) or number == low < 0)


def _is_nines(number: float) -> bool:
    digits = f"{abs(number):.0f}"
    return len(digits) > 1 and set(digits) == {"9"}
