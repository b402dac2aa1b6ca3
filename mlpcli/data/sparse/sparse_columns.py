"""The numbered columns of sparse rows, and the scales that were fitted on their training rows.

A 0 stays 0, so nothing is centred: each column is divided by its scale.

>>> columns = SparseColumns(first=1, scale=(8.0, 4.0, 1.0))
>>> columns.features, columns.apply(SparseRows.of([[0.0, 2.0, 0.0]]), "float32").toarray().tolist()
(('x1', 'x2', 'x3'), [[0.0, 0.5, 0.0]])
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.sparse.sparse_rows import SparseRows

__all__ = ["SparseColumns"]


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
