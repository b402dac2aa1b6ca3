"""Write sparse rows into a prepared dataset: scaled block by block, with a look at what came out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.entries import EntryWriter
from mlpcli.data.cache.sparse_arrays import SparseWriter
from mlpcli.data.cache.sparse_table import SparseTable
from mlpcli.data.sparse.sparse_columns import SparseColumns
from mlpcli.data.sparse.sparse_rows import SparseRows
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["scaled_blocks", "too_large", "write_sparse"]


def scaled_blocks(
    table: SparseTable, rows: NDArray[np.int64], columns: SparseColumns, dtype: str
) -> Iterator[SparseRows]:
    """The rows of these numbers in the columns that were fitted, over their scales, in blocks."""
    for block in table.blocks(rows, columns.first, len(columns.scale)):
        yield columns.apply(block, dtype)


def write_sparse(
    new: EntryWriter, name: str, table: SparseTable, rows: NDArray[np.int64], columns: SparseColumns, dtype: str
) -> bool:
    """Write the rows of these numbers as the array `name`; return whether any column varies.

    Args:
        new: the entry to write into.
        name: name of the array.
        table: the inputs.
        rows: row numbers.
        columns: what was fitted.
        dtype: dtype of the array.

    Raises:
        DataError: a scaled number is too large for the dtype.
    """
    x = SparseWriter(new, name, dtype)
    first, varies = None, False
    for block in scaled_blocks(table, rows, columns, dtype):
        for at in np.flatnonzero(~np.isfinite(block.data))[:1]:
            raise too_large(columns.features[block.indices[at]], dtype, remedy="maxabs")
        first = block[:1] if first is None else first
        alike = ((first.data, block.data), (first.indices, block.indices))
        varies = varies or not all(np.array_equal(np.tile(one, len(block)), every) for one, every in alike)
        x.append(block)
    return varies


def too_large(column: str, dtype: str, remedy: str) -> DataError:
    """The error for a column of which a scaled number is infinite in this dtype; `remedy` is a scale to try."""
    return DataError(
        f"column {quote(column)}: scaled, a number is too large for {dtype}. Nothing was written. Use --scale {remedy} "
        "or --dtype float64, or rescale the column"
    )
