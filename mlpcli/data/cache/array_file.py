"""One `.npy` file of a cache entry: written block by block, read as a memory map."""

import contextlib
import hashlib
import mmap
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.errors import FileError

__all__ = ["ArrayWriter", "cannot_write", "forget"]


class ArrayWriter:
    """Append blocks of rows to one `.npy` file; the number of rows need not be known in advance."""

    def __init__(self, path: Path, dtype: DTypeLike, tail: tuple[int, ...]) -> None:
        self.path = path
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.tail = tail
        self.rows = 0
        self._file: BinaryIO = path.open("wb")
        self._hash = hashlib.sha256()
        self._write_header()

    def append(self, block: NDArray[Any]) -> None:
        """Add rows: `block` (rows, *tail), cast to the file's dtype."""
        block = np.ascontiguousarray(block, dtype=self.dtype)
        if block.shape[1:] != self.tail:
            raise ValueError(f"a block of shape {block.shape} does not fit rows of shape {self.tail}")
        try:
            self._file.write(block.data)
        except OSError as error:
            raise cannot_write(error, self.path) from error
        self._hash.update(block.data)
        self.rows += len(block)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the rows so far."""
        return self._hash.digest()

    def finish(self) -> dict[str, Any]:
        """Write the header, sync and close; returns what `meta.json` records about the file."""
        self._file.seek(0)
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = os.fstat(self._file.fileno()).st_size
        self._file.close()
        shape = [self.rows, *self.tail]
        return {"bytes": size, "shape": shape, "dtype": self.dtype.str, "sha256": self._hash.hexdigest()}

    def close(self) -> None:
        """Close without finishing; errors do not matter, since the file is thrown away."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _write_header(self) -> None:
        # NumPy pads the header so that the first axis may grow in place: both headers have the same length
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.rows, *self.tail)}
        np.lib.format.write_array_header_1_0(self._file, header)


def forget(array: NDArray[Any]) -> None:
    """Release the pages of a memory map that were read; they would count as memory of this process."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def cannot_write(error: OSError, path: Path) -> FileError:
    """The error for the user, with the remedy, if the cache cannot be written."""
    why = error.strerror or str(error)
    return FileError(f"cannot write {path}: {why}. Nothing was changed. Choose another folder with --data-home")
