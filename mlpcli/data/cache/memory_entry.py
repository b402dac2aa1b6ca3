"""An entry of the cache that is kept in memory, for data that are in memory already: nothing is written to disk.

>>> entry = MemoryEntry()
>>> entry.array("cells", np.float32, (2,)).append(np.array([[1, 2], [3, 4]]))
>>> entry.commit({"targets": ["y"]}).arrays["cells"].tolist()
[[1.0, 2.0], [3.0, 4.0]]
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.cache.entries import Entry

__all__ = ["MemoryArray", "MemoryEntry"]


class MemoryArray:
    """Collects blocks of rows, with the digest that `ArrayWriter` gives them."""

    def __init__(self, dtype: DTypeLike, tail: tuple[int, ...]) -> None:
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.tail = tail
        self.rows = 0
        self._blocks: list[NDArray[Any]] = []
        self._hash = hashlib.sha256()

    def append(self, block: NDArray[Any]) -> None:
        """Add rows: `block` (rows, *tail), cast to the array's dtype."""
        block = np.ascontiguousarray(block, dtype=self.dtype)
        if block.shape[1:] != self.tail:
            raise ValueError(f"a block of shape {block.shape} does not fit rows of shape {self.tail}")
        self._hash.update(block.data)
        self._blocks.append(block)
        self.rows += len(block)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the rows so far."""
        return self._hash.digest()

    def finish(self) -> NDArray[Any]:
        """All rows as one array that cannot be written."""
        array = np.concatenate(self._blocks) if self._blocks else np.empty((0, *self.tail), self.dtype)
        array.setflags(write=False)
        return array


class MemoryEntry:
    """An entry under construction in memory; takes the place of `NewEntry`."""

    def __init__(self) -> None:
        self._arrays: dict[str, MemoryArray] = {}

    def array(self, name: str, dtype: DTypeLike, tail: tuple[int, ...] = ()) -> MemoryArray:
        """Start the array `name`, whose rows have shape `tail`; if it was started before, it becomes empty again."""
        self._arrays[name] = MemoryArray(dtype, tail)
        return self._arrays[name]

    def commit(self, meta: Mapping[str, Any]) -> Entry:
        """The finished entry, which has no folder."""
        return Entry(None, dict(meta), {name: array.finish() for name, array in self._arrays.items()})

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for temporary files, removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="mlpcli-") as folder:
            yield Path(folder)
