"""Arrays kept between runs, so that the second run neither loads scikit-learn nor parses a file again.

An entry is a folder of plain `.npy` files beside a `meta.json`. It is built under a temporary name, synced and renamed,
so that a folder under its final name is whole, even if several processes build it. A damaged entry counts as missing.
"""

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli import json_text
from mlpcli.atomic import sync_folder, write_atomic
from mlpcli.data.cache.array_file import ArrayWriter, cannot_write
from mlpcli.errors import FileError

__all__ = ["Array", "Entry", "EntryWriter", "NewEntry", "digest_of", "home_folder", "open_entry"]

FORMAT = 5  # raised when a reader, a generator or a fit makes other arrays from the same source
FULL_CHECK = 4 << 20  # bytes up to which the content itself is hashed on every load
STALE = 86400.0  # seconds after which a temporary folder belongs to a process that was killed
TEMPORARY = ".new-"


def home_folder(folder: Path | str | None = None) -> Path:
    """Where prepared data live: `folder`, else $MLPCLI_DATA_HOME, else the user's cache folder."""
    chosen = folder or os.environ.get("MLPCLI_DATA_HOME")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()  # of an unknown user, as it stands
    from platformdirs import user_cache_path

    return user_cache_path("mlpcli")


def digest_of(value: Any) -> str:
    """Hex SHA-256 of a JSON value in canonical form."""
    return hashlib.sha256(json_text.canonical(value).encode()).hexdigest()


@dataclass(frozen=True)
class Entry:
    """A whole entry: its `meta`, and its arrays, read-only; memory maps of files in `folder`, if it has one."""

    folder: Path | None
    meta: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class Array(Protocol):
    """One array of an entry under construction, filled block by block."""

    dtype: np.dtype[Any]
    rows: int

    def append(self, block: NDArray[Any]) -> None:
        """Add rows."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the rows so far."""


class EntryWriter(Protocol):
    """An entry under construction, on disk (`NewEntry`) or in memory (`MemoryEntry`)."""

    def array(self, name: str, dtype: DTypeLike, tail: tuple[int, ...] = ()) -> Array:
        """Start the array `name`, whose rows have shape `tail`."""

    def commit(self, meta: Mapping[str, Any]) -> Entry:
        """The finished entry."""

    def scratch(self) -> AbstractContextManager[Path]:
        """A folder for temporary files, removed afterwards."""


def open_entry(folder: Path) -> Entry | None:
    """The entry in `folder`, or None if there is none or it is damaged.

    Checks the digest of the metadata, the size and header of every file and, in entries of up to `FULL_CHECK` bytes,
    the SHA-256 of each array.

    Raises:
        FileError: the folder may not be read.
    """
    try:
        envelope = json.loads((folder / "meta.json").read_bytes())
        body = envelope["body"]
        if body["format"] != FORMAT or envelope["sha256"] != digest_of(body):
            return None
        size = sum(file["bytes"] for file in body["files"].values())
        arrays = {}
        for name, file in body["files"].items():
            path = folder / f"{name}.npy"
            if path.stat().st_size != file["bytes"]:
                return None
            array = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
            if list(array.shape) != file["shape"] or array.dtype.str != file["dtype"]:
                return None
            if size <= FULL_CHECK and hashlib.sha256(array.data).hexdigest() != file["sha256"]:
                return None
            arrays[name] = array
        return Entry(folder, body["meta"], arrays)
    except PermissionError as error:
        raise FileError(
            f"cannot read {error.filename}: {error.strerror}. Choose another folder with --data-home"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


class NewEntry:
    """An entry under construction: a context manager that removes everything unless `commit` was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
        self._writers: dict[str, ArrayWriter] = {}

    def __enter__(self) -> Self:
        """Make the temporary folder."""
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_stale(self.folder.parent)
            self.temporary.mkdir()
        except OSError as error:
            raise cannot_write(error, self.folder) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not committed."""
        for writer in self._writers.values():
            writer.close()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def array(self, name: str, dtype: DTypeLike, tail: tuple[int, ...] = ()) -> ArrayWriter:
        """Start the array `name`, whose rows have shape `tail`; if it was started before, it becomes empty again."""
        if name in self._writers:
            self._writers[name].close()
        self._writers[name] = ArrayWriter(self.temporary / f"{name}.npy", dtype, tail)
        return self._writers[name]

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for downloads, removed afterwards."""
        folder = self.temporary / "download"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def commit(self, meta: Mapping[str, Any]) -> Entry:
        """Sync everything, give the entry its final name and return it, or the equal entry of a faster process.

        Raises:
            FileError: the cache cannot be written.
        """
        try:
            files = {name: writer.finish() for name, writer in self._writers.items()}
            body = {"format": FORMAT, "meta": meta, "files": files}
            write_atomic(
                self.temporary / "meta.json", json_text.canonical({"body": body, "sha256": digest_of(body)}).encode()
            )
            self._rename()
            sync_folder(self.folder.parent)
        except OSError as error:
            raise cannot_write(error, self.folder) from error
        entry = open_entry(self.folder)
        if entry is None:
            raise FileError(f"cannot read back {self.folder}: it changed while it was written. Run the command again")
        return entry

    def _rename(self) -> None:
        for _ in range(10):
            try:
                self.temporary.rename(self.folder)
                return
            except OSError:
                if open_entry(self.folder) is not None:
                    return
                # a damaged entry is in the way: it is moved aside in one step, so that no process opens half of it
                aside = self.folder.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
                try:
                    self.folder.rename(aside)
                except FileNotFoundError:
                    continue
                shutil.rmtree(aside, ignore_errors=True)
        self.temporary.rename(self.folder)


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob(f"{TEMPORARY}*"):
        try:
            stale = time.time() - folder.stat().st_mtime > STALE
        except OSError:
            continue
        if stale:
            shutil.rmtree(folder, ignore_errors=True)
