"""Centres, scales and fill values of columns of numbers, fitted on the training rows.

Sums are float64 and take two passes (the mean first, then the squares around it), so that a column of 1e4 plus small
noise keeps its variance; quantiles are exact. Rows are read in blocks, whatever the size of the table.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table, blocks_of
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["fit_numbers", "ranges_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
LIMITS = np.finfo(np.float64)
QUANTILE_CELLS = 16 << 20  # numbers in memory at once for quantiles; at least one whole column


def fit_numbers(
    table: Table, chosen: Sequence[int], rows: Rows, scale: str, missing: Rows, low: Floats, high: Floats
) -> tuple[Floats, Floats, Floats]:
    """Median that fills the gaps, centre and scale of each column `chosen`; `ranges_of` gave the last three arguments.

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


def ranges_of(table: Table, chosen: Sequence[int], rows: Rows) -> tuple[Rows, Floats, Floats]:
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
