"""The inputs of a table of sparse rows, memory-mapped and read in blocks.

>>> table = SparseTable(SparseRows.of([[0.0, 0.0, 2.0], [0.0, 8.0, 0.0]]), first=1)
>>> [block.toarray().tolist() for block in table.blocks(np.arange(2), first=1, width=2)]
[[[0.0, 2.0], [8.0, 0.0]]]
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.array_file import forget
from mlpcli.data.sparse.sparse_rows import SparseRows

__all__ = ["SparseTable"]

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
