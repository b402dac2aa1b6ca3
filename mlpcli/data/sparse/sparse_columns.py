"""The numbered columns of sparse rows, and the scales that were fitted on their training rows.

A 0 stays 0, so nothing is centred: `maxabs` divides each column by its largest absolute value, `none` by 1.

>>> table = SparseTable(SparseRows.of([[0.0, 0.0, 2.0, 0.0], [0.0, 8.0, -4.0, 0.0]]), first=1)
>>> fitted = fit_sparse(table, np.arange(2), "maxabs")
>>> fitted.columns.scale
(8.0, 4.0, 1.0)
>>> [block.toarray().tolist() for block in fitted.columns.blocks(table, np.arange(2), "float32")]
[[[0.0, 0.5, 0.0], [1.0, -1.0, 0.0]]]
>>> fitted.summary
ColumnSummary(name='x1 to x3', role='input', kind='number', inputs=3, gaps=0, values='3 of 6 cells, -4 to 8', note='')
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.cache.array_file import forget
from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.sparse.sparse_rows import SparseRows
from mlpcli.errors import UsageError

__all__ = ["SCALES", "FittedSparse", "SparseColumns", "SparseTable", "fit_sparse", "summarize_sparse"]

SCALES = ("maxabs", "none")
ENTRIES = 1 << 20  # stored entries per block of rows


@dataclass(frozen=True)
class SparseTable:
    """The inputs of a table, of which only the entries that are not 0 are kept; a column has a number, its place.

    `first` is the number of the first column: 1 where nothing has the number 0, as in most files.
    """

    rows: SparseRows
    first: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.rows.shape[-1] - self.first

    def blocks(self, rows: NDArray[np.int64], first: int, width: int) -> Iterator[SparseRows]:
        """The rows of these numbers, in blocks; memory holds one block at a time.

        They have the columns from number `first` on: others are left out, and those that the table lacks are 0.
        """
        ends = np.cumsum(self.rows.indptr[rows + 1] - self.rows.indptr[rows])
        start = 0
        while start < len(rows):
            before = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + ENTRIES, side="right")))
            yield self.rows.take(rows[start:stop]).moved(-first, width)
            forget(self.rows.data)
            forget(self.rows.indices)
            start = stop


@dataclass(frozen=True)
class SparseColumns:
    """What was fitted on the training rows: the number of the first column, and the scale of each."""

    first: int
    scale: tuple[float, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"x{self.first + at}" for at in range(len(self.scale)))

    def apply(self, rows: SparseRows, dtype: DTypeLike) -> SparseRows:
        """Rows over the scales, in this dtype; a number too large for it becomes infinite."""
        with np.errstate(over="ignore"):
            data = (rows.data / self._scale[rows.indices]).astype(dtype)
        return SparseRows(data, rows.indices, rows.indptr, rows.shape)

    def blocks(self, table: SparseTable, rows: NDArray[np.int64], dtype: DTypeLike) -> Iterator[SparseRows]:
        """The rows of these numbers in these columns, over the scales, in blocks."""
        for block in table.blocks(rows, self.first, len(self.scale)):
            yield self.apply(block, dtype)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"first": self.first, "scale": list(self.scale)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The inverse of `to_json`; ValueError where the value is not one that `to_json` makes."""
        first, scale = value["first"], value["scale"]
        if type(first) is not int or not all(isinstance(x, float) and 0 < x < math.inf for x in scale) or not scale:
            raise ValueError("not fitted columns of sparse rows: a scale is not positive, or there is none")
        return cls(first, tuple(scale))

    @cached_property
    def _scale(self) -> NDArray[np.float64]:
        return np.array(self.scale)


class FittedSparse(NamedTuple):
    """The columns, and their summary in one row."""

    columns: SparseColumns
    summary: ColumnSummary


def fit_sparse(table: SparseTable, rows: NDArray[np.int64], scale: str) -> FittedSparse:
    """Fit the columns on the training rows.

    Args:
        table: the inputs.
        rows: row numbers of the training rows.
        scale: a value of the option other than auto.

    Raises:
        UsageError: a scaling that makes zeros into other numbers.
    """
    if scale not in SCALES:
        raise UsageError(
            f"scale {scale}: the rows are sparse, and this scaling would make their zeros into other numbers. Use "
            f"{' or '.join(SCALES)}"
        )
    features = table.width
    low, high, filled = np.full(features, np.inf), np.full(features, -np.inf), np.zeros(features, np.int64)
    for block in table.blocks(rows, table.first, features):
        np.minimum.at(low, block.indices, block.data)
        np.maximum.at(high, block.indices, block.data)
        filled += np.bincount(block.indices, minlength=features)
    some_zero = filled < len(rows)
    low[some_zero] = np.minimum(low[some_zero], 0)
    high[some_zero] = np.maximum(high[some_zero], 0)
    largest = np.maximum(-low, high)
    spread = np.where(largest > 0, largest, 1.0) if scale == "maxabs" else np.ones(features)
    columns = SparseColumns(table.first, tuple(spread.tolist()))
    return FittedSparse(columns, _summary(columns, int(filled.sum()), len(rows), low.min(), high.max()))


def summarize_sparse(table: SparseTable, columns: SparseColumns) -> ColumnSummary:
    """The summary of new rows for a trained model, in its columns; the note says what is outside them."""
    filled, low, high = 0, 0.0, 0.0
    for block in table.blocks(np.arange(len(table.rows)), columns.first, len(columns.scale)):
        filled += len(block.data)
        low, high = block.data.min(initial=low), block.data.max(initial=high)
    summary = _summary(columns, filled, len(table.rows), low, high)
    if outside := len(table.rows.data) - filled:
        counted = ", such as x0: columns count from 1 in training" if table.first < columns.first else ""
        summary = summary._replace(note=f"{outside:,} entries of other columns are left out{counted}")
    return summary


def _summary(columns: SparseColumns, filled: int, rows: int, low: float, high: float) -> ColumnSummary:
    inputs = len(columns.scale)
    name = f"x{columns.first} to x{columns.first + inputs - 1}"
    values = f"{filled:,} of {rows * inputs:,} cells, {low:g} to {high:g}"
    return ColumnSummary(name, "input", "number", inputs, 0, values, "")
