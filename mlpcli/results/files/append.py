"""A table that only grows: rows are added at its end, and synced rows survive any crash.

A crash can leave half a row at the end; the next opening drops it. A checkpoint keeps a `Mark`, the length of the table
and its digest up to there, so that a resumed run continues the table that the checkpoint belongs to.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlpcli.atomic import io_errors, open_file, shown, write_all, write_atomic
from mlpcli.errors import DataError
from mlpcli.results.files import csv_text
from mlpcli.wording import quote

__all__ = ["AppendTable", "Mark", "complete_rows"]


@dataclass(frozen=True)
class Mark:
    """A place in a table: the number of bytes up to there, and their SHA-256."""

    offset: int
    sha256: str


def complete_rows(data: bytes) -> int:
    """The length of `data` up to the end of its last complete row.

    A row ends with a line feed outside quotes, so with an even number of quotes before it.
    """
    end = data.rfind(b"\n")
    while end >= 0 and data.count(b'"', 0, end) % 2:
        end = data.rfind(b"\n", 0, end)
    return end + 1


class AppendTable:
    """An open CSV file with fixed columns, created with its header if it is missing.

    Opening cuts the table back to `mark`, or without one to its last complete row. The only writer holds the folder's
    lock.

    Raises:
        DataError: the file has other columns, or is not the table that `mark` was taken from.
        FileError: the file cannot be read or written.
    """

    def __init__(self, path: Path, columns: Sequence[str], mark: Mark | None = None) -> None:
        self.path = path
        self.columns = tuple(columns)
        self._names = set(columns)
        header = csv_text.encode(csv_text.line(columns))
        if not os.path.lexists(path):
            write_atomic(path, header)
        with io_errors("open", path):
            self._descriptor = open_file(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0))
        try:
            with io_errors("read", path), open(self._descriptor, "rb", closefd=False) as file:
                data = file.read()
            kept = data[: complete_rows(data) if mark is None else mark.offset]
            if mark and (len(kept) < mark.offset or hashlib.sha256(kept).hexdigest() != mark.sha256):
                raise DataError(f"cannot go on with {shown(path)}: it is not the table that the checkpoint belongs to")
            if not kept.startswith(header):
                found = data.split(b"\n", 1)[0][:200].decode("utf-8", "replace")
                raise DataError(
                    f"cannot go on with {shown(path)}: its columns are {quote(found)}, not those of this run"
                )
            if len(kept) < len(data):
                with io_errors("write", path):
                    os.ftruncate(self._descriptor, len(kept))
            self.offset = len(kept)
            self._digest = hashlib.sha256(kept)
        except BaseException:
            self.close()
            raise

    def append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows, each with exactly the table's columns, in one write; other programs see them immediately."""
        lines = []
        for row in rows:
            if row.keys() != self._names:
                raise ValueError(f"a row has the columns {list(row)}, the table {list(self.columns)}")
            lines.append(csv_text.line(row[column] for column in self.columns))
        self.write(csv_text.encode("".join(lines)))

    def write(self, data: bytes) -> None:
        """Add complete rows, as bytes."""
        try:
            with io_errors("write", self.path):
                write_all(self._descriptor, data)
        except BaseException:
            with suppress(OSError):  # half a row in the middle would join the next one
                os.ftruncate(self._descriptor, self.offset)
            raise
        self.offset += len(data)
        self._digest.update(data)

    def sync(self) -> Mark:
        """Sync everything to disk and return the mark of the end."""
        with io_errors("write", self.path):
            os.fsync(self._descriptor)
        return Mark(self.offset, self._digest.hexdigest())

    def close(self) -> None:
        """Close the file; safe to call twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with io_errors("write", self.path):
                os.close(descriptor)

    def __enter__(self) -> "AppendTable":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
