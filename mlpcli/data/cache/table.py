"""The content of a source as one matrix on disk, which readers write and the later steps read.

Numbers are kept as they are (NaN for a missing one), booleans as 0 and 1, texts as codes into the vocabulary of their
column (NaN for an empty cell, so that a table with gaps has a floating dtype), dates as seconds. Readers append blocks
of rows, so that a source never has to fit into memory.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.cache.array_file import forget
from mlpcli.data.cache.entries import Array, Entry, EntryWriter, digest_of
from mlpcli.data.cache.sparse_arrays import SparseWriter, sparse_rows_of

if TYPE_CHECKING:
    from mlpcli.data.cache.sparse_table import SparseTable
    from mlpcli.data.sparse.sparse_rows import SparseRows

__all__ = ["DATES", "Kind", "Table", "TableColumn", "TableWriter", "blocks_of"]

Kind = Literal["number", "boolean", "text", "date", "zoned date", "time"]
DATES: tuple[Kind, ...] = ("date", "zoned date", "time")
"""Kinds of which the cells are seconds: since the beginning of 1970, the same in UTC, and since midnight."""

BLOCK = 1 << 20  # cells per block of rows


def blocks_of(rows: int, columns: int) -> Iterator[slice]:
    """Slices over `rows` rows such that a block of `columns` columns stays small; a function of these numbers alone."""
    step = max(1, BLOCK // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


@dataclass(frozen=True)
class TableColumn:
    """One column: its name, its kind and, for texts, the vocabulary that its codes index."""

    name: str
    kind: Kind = "number"
    vocabulary: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"name": self.name, "kind": self.kind, "vocabulary": list(self.vocabulary)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(value["name"], value["kind"], tuple(value["vocabulary"]))


@dataclass(frozen=True)
class Table:
    """The cells (rows, columns), read-only and memory-mapped, and what the source knows about them.

    `targets` names the columns to predict unless the user names others. `validation_rows` and `test_rows` are the
    numbers of last rows (training, then validation, then test) that the source sets apart; None leaves them to the
    split. `dropped` names columns of the source that were left out because the user asked for it. `sparse` are the
    inputs of a table of sparse rows; the cells are its targets then.
    """

    cells: NDArray[Any]
    columns: tuple[TableColumn, ...]
    targets: tuple[str, ...]
    validation_rows: int | None
    test_rows: int | None
    digest: str
    dropped: tuple[str, ...] = ()
    sparse: "SparseTable | None" = None

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns) + (self.sparse.width if self.sparse else 0)

    def blocks(self, chosen: Sequence[int], rows: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
        """The columns `chosen` at `rows`, in blocks of shape (block, columns); memory holds one block at a time."""
        columns = np.asarray(chosen)
        for block in blocks_of(len(rows), len(self.columns)):
            yield self.cells[rows[block]][:, columns]
            forget(self.cells)

    def column(self, i: int) -> NDArray[Any]:
        """Column `i` of all rows, (rows,), in memory."""
        return np.concatenate([block[:, 0] for block in self.blocks([i], np.arange(len(self.cells)))])

    @classmethod
    def from_entry(cls, entry: Entry) -> Self:
        """The table that a `TableWriter` left in a cache entry."""
        meta = entry.meta
        return cls(
            cells=entry.arrays["cells"],
            columns=tuple(TableColumn.from_json(column) for column in meta["columns"]),
            targets=tuple(meta["targets"]),
            validation_rows=meta["validation_rows"],
            test_rows=meta["test_rows"],
            digest=meta["digest"],
            dropped=tuple(meta["dropped"]),
            sparse=_sparse_table(entry, **meta["sparse"]) if "sparse" in meta else None,
        )


def _sparse_table(entry: Entry, first: int, end: int) -> "SparseTable":
    from mlpcli.data.cache.sparse_table import SparseTable

    return SparseTable(sparse_rows_of(entry.arrays, "sparse", end), first)


class TableWriter:
    """The place where a reader puts what it reads; `confirm` is called before the table is kept, and may raise."""

    def __init__(self, entry: EntryWriter) -> None:
        self.confirm: Callable[[], None] = lambda: None
        self._entry = entry
        self._cells: Array | None = None
        self._sparse: SparseWriter | None = None

    @property
    def rows(self) -> int:
        """Number of rows so far."""
        return self._cells.rows if self._cells else 0

    @property
    def entries(self) -> int:
        """Number of entries of sparse rows so far."""
        return self._sparse.entries if self._sparse else 0

    def scratch(self) -> AbstractContextManager[Path]:
        """A folder for downloads, removed afterwards."""
        return self._entry.scratch()

    def start(self, columns: int, dtype: DTypeLike = np.float64) -> None:
        """Start a table of this many columns; if rows were appended before, they are dropped."""
        self._cells = self._entry.array("cells", dtype, (columns,))

    def append(self, block: NDArray[Any]) -> None:
        """Add rows: (rows, columns)."""
        if self._cells is None:
            self.start(block.shape[1], block.dtype)
        assert self._cells is not None
        self._cells.append(block)

    def append_sparse(self, rows: "SparseRows") -> None:
        """Add inputs of rows, whose targets `append` adds; the place of a column is its number."""
        if self._sparse is None:
            self._sparse = SparseWriter(self._entry, "sparse", rows.dtype)
        self._sparse.append(rows)

    def finish(
        self,
        columns: Sequence[TableColumn],
        targets: Sequence[str],
        *,
        validation_rows: int | None = None,
        test_rows: int | None = None,
        dropped: Sequence[str] = (),
    ) -> Table:
        """Put the table into the cache. Its digest covers names, kinds, vocabularies, cells and the rows set apart.

        Args:
            columns: one per column of the cells.
            targets: names of the columns to predict by default.
            validation_rows: rows before the test rows that the source sets apart, if it says so.
            test_rows: last rows that the source sets apart, if it says so.
            dropped: names of columns that were not read because the user asked for it.
        """
        assert self._cells is not None
        self.confirm()
        meta = {
            "columns": [column.to_json() for column in columns],
            "targets": list(targets),
            "validation_rows": validation_rows,
            "test_rows": test_rows,
            "dropped": list(dropped),
            **({"sparse": {"first": self._sparse.first, "end": self._sparse.end}} if self._sparse else {}),
        }
        digest = hashlib.sha256()
        digest.update(digest_of([meta, self._cells.dtype.str, self._cells.rows]).encode())
        digest.update(self._cells.digest)
        if self._sparse:
            digest.update(self._sparse.digest)
        return Table.from_entry(self._entry.commit(meta | {"digest": digest.hexdigest()}))
