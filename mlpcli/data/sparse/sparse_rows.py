"""Rows of which only the entries that are not 0 are kept, in compressed sparse rows (CSR).

They take the place of an array of inputs `(..., batch, features)`. Layers and loops know nothing of them: NumPy hands
their products to `scipy.sparse` (the protocols of NEP 13 and 18), and whatever would need the zeros is refused.

>>> x = SparseRows.of([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
>>> x.data, x.indices, x.indptr, x.shape
(array([2., 1., 3.]), array([1, 0, 2], dtype=int32), array([0, 1, 3]), (2, 3))
>>> np.matmul(x, np.array([[1.0], [10.0], [100.0]]), out=np.empty((2, 1)))
array([[ 20.],
       [301.]])
>>> np.asarray(x)
Traceback (most recent call last):
mlpcli.errors.UsageError: the rows are sparse, and this works on dense rows only, which may not fit into memory
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.errors import UsageError

__all__ = ["SparseRows", "is_sparse"]

Array = NDArray[Any]
Index = tuple[int, ...]


def is_sparse(x: Any) -> bool:
    """Whether a matrix or an array is one of `scipy.sparse`, which need not be loaded for that."""
    return hasattr(x, "tocsr")


class SparseRows:
    """Rows in CSR; arrays may be read-only memory maps.

    Args:
        data: the entries, row after row, `(entries,)`.
        indices: the column of each entry, `(entries,)`.
        indptr: where the entries of each row begin, and the end of the last, `(rows + 1,)`.
        shape: `(..., batch, features)`; the rows of a stack of batches stand one after the other.
    """

    def __init__(self, data: Array, indices: Array, indptr: Array, shape: tuple[int, ...]) -> None:
        self.data, self.indices, self.indptr, self.shape = data, indices, indptr, shape

    @classmethod
    def of(cls, x: Any) -> "SparseRows":
        """The rows of an array or a matrix of `scipy.sparse`: columns ascend, and no entry is 0 or stands twice."""
        from scipy.sparse import csr_array

        matrix = csr_array(x, copy=True)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        indices, indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int64)
        return cls(matrix.data, indices, indptr, matrix.shape)

    def as_array(self) -> Array:
        """These rows, for those who take an array of inputs: they behave as one wherever training uses it."""
        return cast(Array, self)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        """Length of the first axis."""
        return self.shape[0]

    def toarray(self) -> Array:
        """A dense array, for a few rows."""
        dense = np.zeros(self.shape, self.dtype)
        batch = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        dense.reshape(-1, self.shape[-1])[batch, self.indices] = self.data
        return dense

    def astype(self, dtype: DTypeLike, copy: bool = True) -> "SparseRows":
        """The same rows with entries of this dtype."""
        return SparseRows(self.data.astype(dtype, copy=copy), self.indices, self.indptr, self.shape)

    def __getitem__(self, key: Any) -> "SparseRows":
        """Rows by a slice or an array of row numbers; None adds a leading axis."""
        if key is None:
            return SparseRows(self.data, self.indices, self.indptr, (1, *self.shape))
        if isinstance(key, slice) and key.step in (None, 1):
            start, stop, _ = key.indices(len(self))
            indptr = self.indptr[start : max(start, stop) + 1]
            entries = slice(int(indptr[0]), int(indptr[-1]))
            shape = (len(indptr) - 1, self.shape[-1])
            return SparseRows(self.data[entries], self.indices[entries], indptr - indptr[0], shape)
        if isinstance(key, slice):
            return self.take(np.arange(len(self))[key])
        if isinstance(key, np.ndarray):
            return self.take(np.flatnonzero(key) if key.dtype == np.bool_ else key)
        raise _refused()

    def take(self, rows: Array, axis: int = 0, mode: str = "raise") -> "SparseRows":
        """The rows of these numbers, `(...)`, as `(..., features)`; `axis` and `mode` are those of arrays."""
        flat = rows.ravel()
        starts = self.indptr[flat]
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.indptr[flat + 1] - starts)])
        entries = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], np.diff(indptr))
        return SparseRows(self.data[entries], self.indices[entries], indptr, (*rows.shape, self.shape[-1]))

    def moved(self, by: int, features: int) -> "SparseRows":
        """Columns moved to the right, in rows of `features` columns; entries that fall outside are left out.

        >>> SparseRows.of([[1.0, 2.0]]).moved(by=1, features=2).indices
        array([1], dtype=int32)
        """
        indices = self.indices + np.int32(by)
        kept = (indices >= 0) & (indices < features)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[self.indptr]
        return SparseRows(self.data[kept], indices[kept], indptr, (*self.shape[:-1], features))

    def swapaxes(self, first: int, second: int) -> "TransposedRows":
        """Every matrix transposed, as the left side of a product."""
        return TransposedRows(self)

    def matrices(self) -> Iterator[tuple[Index, Array, Array, Array]]:
        """Index, data, column numbers and row starts of the matrix of each replica."""
        batch = self.shape[-2]
        for at, index in enumerate(np.ndindex(self.shape[:-2])):
            indptr = self.indptr[at * batch : (at + 1) * batch + 1]
            entries = slice(int(indptr[0]), int(indptr[-1]))
            yield index, self.data[entries], self.indices[entries], indptr - indptr[0]

    def times(self, weight: Array, out: Array) -> Array:
        """x W of each replica into `out`; a batch without leading axes is shared by all replicas."""
        from scipy.sparse import csr_array

        for index, data, indices, indptr in self.matrices():
            matrix = csr_array((data, indices, indptr), shape=self.shape[-2:])
            for replica in np.ndindex(weight[index].shape[:-2]):
                out[index + replica] = matrix @ weight[index + replica]
        return out

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, out: Sequence[Array] = (), **given: Any) -> Any:
        """The product with a matrix of weights; every other function of arrays is refused."""
        if function is not np.matmul or method != "__call__" or given or len(out) != 1 or inputs[0] is not self:
            raise _refused()
        return self.times(inputs[1], out[0])

    def __array_function__(self, function: Callable[..., Any], types: Any, inputs: Any, given: Any) -> Any:
        """Several rows one after the other; every other function of arrays is refused."""
        if function is not np.concatenate or given:
            raise _refused()
        (parts,) = inputs
        counts = np.concatenate([np.diff(part.indptr) for part in parts])
        return SparseRows(
            np.concatenate([part.data for part in parts]),
            np.concatenate([part.indices for part in parts]),
            np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            (sum(map(len, parts)), *parts[0].shape[1:]),
        )

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        """Refused."""
        raise _refused()


class TransposedRows:
    """Sparse rows with rows and columns exchanged, `(..., features, batch)`: the left side of x^T g.

    >>> x = SparseRows.of([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]]).swapaxes(-1, -2)
    >>> np.matmul(x, np.array([[1.0], [10.0]]), out=np.empty((3, 1))).tolist()
    [[10.0], [2.0], [30.0]]
    """

    def __init__(self, rows: SparseRows) -> None:
        self._rows = rows

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, out: Sequence[Array] = (), **given: Any) -> Any:
        """The product with the gradient of the output, into `out`; every other function of arrays is refused."""
        if function is not np.matmul or method != "__call__" or given or len(out) != 1 or inputs[0] is not self:
            raise _refused()
        from scipy.sparse import csr_array

        (product,), gradient = out, inputs[1]
        product[...] = 0
        for index, data, indices, indptr in self._rows.matrices():
            # a batch meets few of the columns, and a product that is as long as all of them would be made twice
            met = np.zeros(self._rows.shape[-1], np.bool_)
            met[indices] = True
            columns, places = np.flatnonzero(met), np.cumsum(met) - 1
            matrix = csr_array((data, places[indices], indptr), shape=(len(indptr) - 1, len(columns))).T
            for replica in np.ndindex(gradient[index].shape[:-2]):
                product[index + replica][columns] = matrix @ gradient[index + replica]
        return product


def _refused() -> UsageError:
    return UsageError("the rows are sparse, and this works on dense rows only, which may not fit into memory")
