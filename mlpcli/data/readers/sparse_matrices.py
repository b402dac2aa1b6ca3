"""Sparse matrices of a Python program: into a table for training, and as new rows for a trained model.

>>> from scipy.sparse import csr_array
>>> columns = SparseColumns(first=1, scale=(2.0, 1.0))
>>> encode_sparse(csr_array([[4.0, 0.0]]), columns, "float32").toarray()
array([[2., 0.]], dtype=float32)
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.cache.table import Table, TableWriter
from mlpcli.data.readers.arrays import read_y
from mlpcli.data.sparse.sparse_columns import SparseColumns
from mlpcli.data.sparse.sparse_rows import SparseRows
from mlpcli.errors import DataError

__all__ = ["encode_sparse", "read_sparse"]


def read_sparse(x: Any, y: NDArray[Any], writer: TableWriter, where: str) -> Table:
    """The table of a sparse matrix X, `(rows, features)`, and y, `(rows,)` or `(rows, targets)`; columns x1, x2, ...

    Raises:
        DataError: they hold something else; the message begins with `where`.
    """
    rows = _rows_of(x, where)
    if len(rows) != len(y):
        raise DataError(f"{where}: {len(rows)} rows in X, but {len(y)} in y")
    values, targets = read_y(y.reshape(len(y), -1), where)
    writer.append_sparse(rows.moved(1, rows.shape[-1] + 1))
    writer.append(values)
    return writer.finish(targets, [target.name for target in targets])


def encode_sparse(x: Any, columns: SparseColumns, dtype: DTypeLike) -> NDArray[Any]:
    """New rows, a sparse matrix or an array, as inputs of a network that was trained on sparse rows.

    Raises:
        DataError: another number of columns, or no numbers.
    """
    rows = _rows_of(x, "X")
    if rows.shape[-1] != len(columns.scale):
        raise DataError(
            f"X: rows of {rows.shape[-1]} columns, but the model was trained on {len(columns.scale)} sparse ones"
        )
    return columns.apply(rows, dtype).as_array()


def _rows_of(x: Any, where: str) -> SparseRows:
    try:
        rows = SparseRows.of(x)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: X is not a matrix of numbers: {error}") from error
    if rows.dtype.kind not in "biuf" or len(rows.shape) != 2 or not np.isfinite(rows.data).all():
        raise DataError(f"{where}: X of dtype {rows.dtype} and shape {rows.shape} is not a matrix of finite numbers")
    return SparseRows(rows.data.astype(np.result_type(rows.dtype, np.float32)), rows.indices, rows.indptr, rows.shape)
