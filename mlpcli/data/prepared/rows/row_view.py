"""Some rows of an array of inputs, which are read only where they are used: folds of a large table need no copies.

>>> view = RowView(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([3, 1]))
>>> view.shape, view.take(np.array([[1, 0]]), axis=0).tolist(), view[:1].tolist()
((2, 1), [[[1.0], [3.0]]], [[3.0]])
"""

from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["RowView"]

Array = NDArray[Any]


class RowView:
    """Rows of dense or sparse inputs; behaves as an array of them wherever training uses one.

    Args:
        x: all rows, `(rows, features)`.
        places: the rows that this shows, `(shown,)`.
    """

    def __init__(self, x: Array, places: NDArray[np.int64]) -> None:
        self._x, self._places = x, places
        self.shape = (len(places), x.shape[-1])
        self.dtype, self.ndim = x.dtype, x.ndim

    def as_array(self) -> Array:
        """These rows, for those who take an array of inputs."""
        return cast(Array, self)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._places)

    def __getitem__(self, key: Any) -> Array:
        """Rows by a slice or an array of row numbers."""
        rows: Array = self._x[self._places[key]]
        return rows

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        """All rows, dense."""
        return np.asarray(self._x[self._places], dtype)

    def take(self, rows: Array, axis: int = 0, mode: Any = "raise") -> Array:
        """The rows of these numbers, `(...)`, as `(..., features)`; `axis` and `mode` are those of arrays."""
        return self._x.take(self._places[rows], axis=axis, mode=mode)
