"""The scales of sparse columns, fitted on the training rows, and the summary of all of them in one row.

Nothing is centred: `maxabs` divides each column by its largest absolute value, `none` by 1.

>>> from mlpcli.data.sparse.sparse_rows import SparseRows
>>> table = SparseTable(SparseRows.of([[0.0, 0.0, 2.0, 0.0], [0.0, 8.0, -4.0, 0.0]]), first=1)
>>> fitted = fit_sparse(table, np.arange(2), "maxabs")
>>> fitted.columns.scale
(8.0, 4.0, 1.0)
>>> fitted.summary
ColumnSummary(name='x1 to x3', role='input', kind='number', inputs=3, gaps=0, values='3 of 6 cells, -4 to 8', note='')
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.sparse_table import SparseTable
from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.sparse.sparse_columns import SparseColumns
from mlpcli.errors import UsageError

__all__ = ["FittedSparse", "fit_sparse", "summarize_sparse"]

SCALES = ("maxabs", "none")


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
