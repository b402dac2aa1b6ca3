"""Rows that an estimator learns from: inputs, dense or sparse, targets and weights.

>>> import numpy as np
>>> rows = TrainingRows(np.array([[1.0], [2.0], [3.0]]), np.array([0, 1, 0]))
>>> [x.tolist() for x, _, _ in rows.batches(np.array([2, 0, 1]), [(0, 2), (2, 3)])]
[[[3.0], [1.0]], [[2.0]]]
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlpcli.nn import Array

__all__ = ["TrainingRows"]


@dataclass(frozen=True)
class TrainingRows:
    """`x` is `(rows, features)`, an array or a sparse matrix in rows; `y` class codes `(rows,)`, or `(rows, outputs)`.

    `weights` are `(rows,)`; None weighs all rows by 1.
    """

    x: Any
    y: Array
    weights: Array | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.x.shape[0])

    def batches(
        self, order: Array | None, bounds: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[Array, Array, Array | None]]:
        """Inputs, targets and weights of each batch; a sparse batch becomes dense.

        Args:
            order: the rows in the order of the epoch; None takes them as they stand.
            bounds: start and stop of each batch within the order.
        """
        for start, stop in bounds:
            rows = slice(start, stop) if order is None else order[start:stop]
            if order is None or hasattr(self.x, "toarray"):
                x = dense(self.x[rows])
            else:
                x = self.x.take(rows, axis=0, mode="clip")  # a third faster than an index
            yield x, self.y[rows], None if self.weights is None else self.weights[rows]


def dense(x: Any) -> Array:
    """An array, of a sparse matrix too."""
    array: Array = x.toarray() if hasattr(x, "toarray") else x
    return array
