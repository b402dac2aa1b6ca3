"""Sparse rows in a cache entry: three arrays, `<name>.data`, `<name>.indices` and `<name>.indptr`.

>>> from mlpcli.data.cache.memory_entry import MemoryEntry
>>> entry = MemoryEntry()
>>> writer = SparseWriter(entry, "x", np.float64)
>>> for block in ([[0.0, 2.0]], [[0.0, 0.0], [3.0, 0.0]]):
...     writer.append(SparseRows.of(block))
>>> rows_of(entry.commit({}).arrays, "x", features=2).toarray().tolist()
[[0.0, 2.0], [0.0, 0.0], [3.0, 0.0]]
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.cache.entries import EntryWriter
from mlpcli.data.sparse.sparse_rows import SparseRows

__all__ = ["SparseWriter", "rows_of", "sparse_rows_of"]


class SparseWriter:
    """Appends blocks of sparse rows to an entry under construction.

    Args:
        entry: the entry.
        name: name of the rows within it.
        dtype: dtype of their entries.

    Attributes:
        end: the largest number of columns of a block.
        first: 0 if the first column has an entry, else 1.
    """

    def __init__(self, entry: EntryWriter, name: str, dtype: DTypeLike) -> None:
        self._data = entry.array(f"{name}.data", dtype)
        self._indices = entry.array(f"{name}.indices", np.int32)
        self._indptr = entry.array(f"{name}.indptr", np.int64)
        self._indptr.append(np.zeros(1, np.int64))
        self.first, self.end = 1, 1

    @property
    def entries(self) -> int:
        """Number of entries so far."""
        return self._data.rows

    def append(self, block: SparseRows) -> None:
        """Add rows."""
        self.first = min(self.first, int(block.indices.min(initial=1)))
        self.end = max(self.end, block.shape[-1])
        self._indptr.append(block.indptr[1:] + self._data.rows)
        self._data.append(block.data)
        self._indices.append(block.indices)

    @property
    def digest(self) -> bytes:
        """Digests of the three arrays so far."""
        return self._data.digest + self._indices.digest + self._indptr.digest


def rows_of(arrays: Mapping[str, NDArray[Any]], name: str, features: int) -> NDArray[Any]:
    """The rows of this name, an array or sparse rows of this many features, as the entry has them."""
    return arrays[name] if name in arrays else sparse_rows_of(arrays, name, features).as_array()


def sparse_rows_of(arrays: Mapping[str, NDArray[Any]], name: str, features: int) -> SparseRows:
    """The sparse rows of this name and this many features."""
    data, indices, indptr = (arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    return SparseRows(data, indices, indptr, (len(indptr) - 1, features))
