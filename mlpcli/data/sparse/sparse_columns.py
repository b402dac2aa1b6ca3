"""The numbered columns of sparse rows, and the scales that were fitted on their training rows.

A 0 stays 0, so nothing is centred: each column is divided by its scale.

>>> table = SparseTable(SparseRows.of([[0.0, 0.0, 2.0, 0.0], [0.0, 8.0, -4.0, 0.0]]), first=1)
>>> columns = SparseColumns(first=1, scale=(8.0, 4.0, 1.0))
>>> [block.toarray().tolist() for block in columns.blocks(table, np.arange(2), "float32")]
[[[0.0, 0.5, 0.0], [1.0, -1.0, 0.0]]]
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.cache.array_file import forget
from mlpcli.data.sparse.sparse_rows import SparseRows

__all__ = ["SparseColumns", "SparseTable"]

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
