"""Centres, scales, fill values and categories of the columns, fitted on the training rows alone.

Sums are float64 and take two passes (the mean first, then the squares around it), so that a column of 1e4 plus small
noise keeps its variance; quantiles are exact. Rows are read in blocks, whatever the size of the table.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import DATES, Kind, Table, TableColumn, blocks_of
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.date_parts import PARTS, DatePart, DateParts, date_in_words
from mlpcli.data.prepared.marks import marks_in_words
from mlpcli.data.readers.text.cells import in_order
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["Fitted", "fit_columns", "values_in_words"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
FEW_TEXTS = 20  # a column of at most this many different texts is never taken for one of names
MOST_CATEGORIES = 2_000
LIMITS = np.finfo(np.float64)
QUANTILE_CELLS = 16 << 20  # numbers in memory at once for quantiles; at least one whole column


class Fitted(NamedTuple):
    """A column, the number of its gaps in the training rows, its values in words, and what is unusual about it."""

    column: Column
    gaps: int
    values: str
    note: str = ""


def fit_columns(
    table: Table, chosen: Sequence[int], rows: Rows, scale: str, min_frequency: int = 1
) -> tuple[Fitted, ...]:
    """Fit columns of a table; booleans are not scaled, since 0 and 1 are a scale already.

    Args:
        table: the cells.
        chosen: indices of the columns to fit, in the order of the result.
        rows: row numbers of the training rows.
        scale: how numbers are scaled, a value of the option other than auto.
        min_frequency: training rows that a category needs; rarer ones are joined, and unknown ones join them.

    Raises:
        DataError: numbers too large to scale, or too many different texts.
    """
    fitted: dict[int, Fitted] = {}
    kinds: tuple[tuple[Kind, str], ...] = (("number", scale), ("boolean", "none"))
    for kind, how in kinds:
        members = _of_kind(table, chosen, kind)
        if not members:
            continue
        missing, low, high = _ranges(table, members, rows)
        fill, center, spread = _fit_numbers(table, members, rows, how, missing, low, high)
        marks = marks_in_words(table, members, rows, low, high) if kind == "number" else {}
        for at, i in enumerate(members):
            column = Column(
                table.columns[i].name,
                kind,
                center=float(center[at]) + 0.0,  # -0.0 and 0.0 are one value, so they must be one text
                scale=float(spread[at]),
                fill=float(fill[at]) + 0.0,
                indicator=bool(0 < missing[at] < len(rows)),
                clip=how == "robust-clip",
            )
            values, note = values_in_words(low[at], high[at], empty=missing[at] == len(rows))
            fitted[i] = Fitted(column, int(missing[at]), values, marks.get(at, note))
    for i in [i for i in chosen if table.columns[i].kind in DATES]:
        fitted[i] = _fit_date(table, i, rows, scale)
    for i in _of_kind(table, chosen, "text"):
        fitted[i] = _fit_texts(table, i, rows, min_frequency)
    return tuple(fitted[i] for i in chosen)


def values_in_words(low: float, high: float, *, empty: bool) -> tuple[str, str]:
    """The range of a column's numbers in words, and what is unusual about it."""
    if empty:
        return "", "no values"
    return (f"{low:g} to {high:g}", "") if low != high else (f"{low:g}", "constant")


def _fit_date(table: Table, column: int, rows: Rows, scale: str) -> Fitted:
    """The parts of a date that vary in `rows`, each fitted as a number; `unit`, which joins columns, is minmax here."""
    name, kind = table.columns[column].name, table.columns[column].kind
    (missing,), (low,), (high,) = _ranges(table, [column], rows)
    if missing == len(rows):
        return Fitted(Column(name, kind), int(missing), "", "no values")
    possible = ("hour",) if kind == "time" else PARTS
    parts = DateParts(
        **vars(table) | {"columns": tuple(TableColumn(f"{name} {part}") for part in possible)},
        places=tuple((column, part, float(low)) for part in possible),
    )
    gaps, lows, highs = _ranges(parts, range(len(possible)), rows)
    varying = np.flatnonzero(lows != highs).tolist()
    how = "minmax" if scale == "unit" else scale
    fill, center, spread = _fit_numbers(parts, varying, rows, how, gaps[varying], lows[varying], highs[varying])
    made = Column(
        name,
        kind,
        indicator=bool(missing and varying),
        clip=how == "robust-clip",
        origin=float(low) + 0.0,
        parts=tuple(
            DatePart(possible[i], float(center[at]) + 0.0, float(spread[at]), float(fill[at]) + 0.0)
            for at, i in enumerate(varying)
        ),
    )
    first, last = (date_in_words(seconds, kind) for seconds in (low, high))
    if not varying:
        return Fitted(made, int(missing), first, "constant")
    same = [part for i, part in enumerate(possible) if i not in varying]
    words = [f"seconds since {first}" if possible[i] == "seconds" else possible[i] for i in varying]
    note = f"read as {', '.join(words)}" + (f"; constant: {', '.join(same)}" if same else "")
    return Fitted(made, int(missing), f"{first} to {last}", note)


def _fit_numbers(
    table: Table, chosen: Sequence[int], rows: Rows, scale: str, missing: Rows, low: Floats, high: Floats
) -> tuple[Floats, Floats, Floats]:
    """Median that fills the gaps, centre and scale of each column `chosen`; `_ranges` gave the last three arguments.

    standard: mean and standard deviation (biased). robust: median and interquartile range. robust-clip: the same, but
    half the range if the interquartile range is 0, as in RealMLP. minmax: minimum, and maximum minus minimum. unit: the
    same over all columns together. maxabs: 0, and the largest absolute value. none: 0 and 1. All are taken over the
    filled columns; the scale of a constant column is 1, or its own with maxabs. Raises DataError for numbers too large
    to scale.
    """
    if not chosen:
        empty = np.zeros(0)
        return empty, empty, empty
    fill, iqr = _quantiles(table, chosen, rows, quartiles=scale in ("robust", "robust-clip"))
    with np.errstate(over="ignore", invalid="ignore"):
        if scale == "standard":
            center, spread = _moments(table, chosen, rows, fill)
            spread[spread <= 8 * LIMITS.eps * np.maximum(abs(low), abs(high))] = 0  # rounding is no variation
        elif scale in ("robust", "robust-clip"):
            center, spread = fill, iqr
            if scale == "robust-clip":
                spread = np.where(iqr == 0, (high - low) / 2, iqr)
        elif scale == "minmax":
            center, spread = low, high - low
        elif scale == "unit":
            center, spread = np.full(len(chosen), low.min()), np.full(len(chosen), high.max() - low.min())
        elif scale == "maxabs":
            center, spread = np.zeros(len(chosen)), np.maximum(-low, high)
        else:
            center, spread = np.zeros(len(chosen)), np.ones(len(chosen))
    if scale not in ("unit", "maxabs", "none"):
        center = np.where(low == high, low, center)
    spread = np.where(spread < LIMITS.tiny, 1.0, spread)
    for at, i in enumerate(chosen):
        if not (np.isfinite(center[at]) and np.isfinite(spread[at])):
            raise DataError(
                f"column {quote(table.columns[i].name)}: its numbers, from {low[at]:g} to {high[at]:g}, are too large "
                "to scale. Nothing was written. Rescale the column, or leave it out"
            )
    return fill, center, spread


def _of_kind(table: Table, chosen: Sequence[int], kind: Kind) -> list[int]:
    return [i for i in chosen if table.columns[i].kind == kind]


def _ranges(table: Table, chosen: Sequence[int], rows: Rows) -> tuple[Rows, Floats, Floats]:
    """Number of missing cells, minimum and maximum of each column; 0 and 0 for a column without values."""
    missing = np.zeros(len(chosen), dtype=np.int64)
    low, high = np.full(len(chosen), np.inf), np.full(len(chosen), -np.inf)
    for block in table.blocks(chosen, rows):
        missing += np.isnan(block).sum(axis=0)
        low = np.fmin(low, np.fmin.reduce(block, axis=0))
        high = np.fmax(high, np.fmax.reduce(block, axis=0))
    nothing = missing == len(rows)
    return missing, np.where(nothing, 0.0, low), np.where(nothing, 0.0, high)


def _quantiles(table: Table, chosen: Sequence[int], rows: Rows, *, quartiles: bool) -> tuple[Floats, Floats]:
    """Median of each column, and the interquartile range of the column filled with it (1 without `quartiles`)."""
    median, spread = np.zeros(len(chosen)), np.ones(len(chosen))
    width = min(len(chosen), max(1, QUANTILE_CELLS // len(rows)))
    buffer = np.empty((width, len(rows)))
    for start in range(0, len(chosen), width):
        some = chosen[start : start + width]
        values = buffer[: len(some)]
        for block, part in zip(blocks_of(len(rows), len(table.columns)), table.blocks(some, rows), strict=True):
            values[:, block] = part.T
        for at, column in enumerate(values, start):
            gap = np.isnan(column)
            known = column[~gap]
            median[at] = np.median(known, overwrite_input=True) if len(known) else 0.0
            if quartiles:
                column[gap] = median[at]
                lower, upper = np.quantile(column, [0.25, 0.75], overwrite_input=True)
                spread[at] = upper - lower
    return median, spread


def _moments(table: Table, chosen: Sequence[int], rows: Rows, fill: Floats) -> tuple[Floats, Floats]:
    """Mean and biased standard deviation of each filled column."""
    mean = np.zeros(len(chosen))
    for block in table.blocks(chosen, rows):
        mean += _filled(block, fill).sum(axis=0) / len(rows)
    first, second = np.zeros(len(chosen)), np.zeros(len(chosen))
    for block in table.blocks(chosen, rows):
        deviation = _filled(block, fill) - mean
        first += deviation.sum(axis=0)
        second += np.square(deviation, out=deviation).sum(axis=0)
    drift = first / len(rows)  # the rounding error of the mean
    return mean + drift, np.sqrt(np.maximum(second / len(rows) - drift**2, 0.0))


def _filled(block: NDArray[Any], fill: Floats) -> Floats:
    values = block.astype(np.float64)
    np.copyto(values, fill, where=np.isnan(values))
    return values


def _fit_texts(table: Table, column: int, rows: Rows, min_frequency: int) -> Fitted:
    """The texts that occur in `rows`, in order; none for a column of names.

    If more than half of the rows hold a text that occurs once, the column names its rows (names, ticket numbers,
    remarks) and cannot help with others.
    """
    name, vocabulary = table.columns[column].name, table.columns[column].vocabulary
    counts = np.zeros(len(vocabulary), dtype=np.int64)
    for block in table.blocks([column], rows):
        counts += np.bincount(block[block >= 0].astype(np.int64), minlength=len(vocabulary))
    different, filled, once = int((counts > 0).sum()), int(counts.sum()), int((counts == 1).sum())
    gaps, values = len(rows) - filled, f"{different} texts"
    if different > FEW_TEXTS and 2 * once > filled:
        note = f"{once} of {filled} texts occur once, as names do"
        return Fitted(Column(name, "text"), gaps, values, note)
    kept = [i for i in in_order(vocabulary) if counts[i] >= min_frequency]
    if len(kept) > MOST_CATEGORIES:
        raise DataError(
            f"column {quote(name)}: {len(kept)} different texts, more than {MOST_CATEGORIES}. Nothing was written. "
            "Leave the column out with --drop, or join its rare texts with --min-frequency"
        )
    categories, rare = tuple(vocabulary[i] for i in kept), different - len(kept)
    values = f"{different}: {', '.join(categories[:FEW_TEXTS])}" if different else ""
    note = f"{rare} rare texts joined" if rare else "" if different else "no values"
    return Fitted(Column(name, "text", categories=categories, rare=rare > 0), gaps, values, note)
