"""The process's standard streams, made so that a reader that goes away cannot harm the work.

`mlpcli sweep f.toml | head` closes stdout early, and a closed terminal closes stderr; neither may stop a run whose
results go to disk, or change its exit code. Characters that the terminal's encoding lacks are written as escapes.
"""

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from mlpcli.errors import MlpcliError

__all__ = ["STDIN", "guard_streams", "is_abandoned", "table_on_disk"]


STDIN = ("-", "/dev/stdin")
"""Names of a table on standard input."""


@contextmanager
def table_on_disk(table: str) -> Iterator[str]:
    """The name of the table; for one on standard input that of a CSV file which holds it inside the block.

    Errors of the block name standard input in place of that file.
    """
    if table not in STDIN:
        yield table
        return
    import tempfile  # a fiftieth of the time of --help

    with tempfile.TemporaryDirectory(prefix="mlpcli-") as folder:
        path = Path(folder, "stdin.csv")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield str(path)
        except MlpcliError as error:
            error.args = (str(error).replace(str(path), "standard input"),)
            raise


def guard_streams() -> None:
    """Replace stdout and stderr, if they are the process's own, by streams that outlive their reader.

    Standard input that was closed from the start is empty.

    An error of stdout other than a reader that left, such as a full disk, is raised once. Errors of stderr are never
    raised: there is no place left to report them.
    """
    if sys.stdin is None:  # first, since a file that is opened takes the lowest free descriptor
        sys.stdin = _nothing()
    if sys.stdout is sys.__stdout__:
        sys.stdout = _guarded(sys.stdout, forgiving=False)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _guarded(sys.stderr, forgiving=True)


def is_abandoned(stream: TextIO) -> bool:
    """Whether the reader of a guarded stream has gone away, so that what is written goes nowhere."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return isinstance(raw, _LastingFile) and raw.abandoned


def _nothing() -> TextIO:
    return open(os.devnull)


def _guarded(stream: Any, forgiving: bool) -> TextIO:
    if stream is None:  # closed from the start; this file takes its descriptor, so that no other file can get it
        return open(os.devnull, "w")
    if os.name == "nt":  # a console on Windows is no file of bytes
        stream.reconfigure(errors="backslashreplace")
        console: TextIO = stream
        return console
    raw = _LastingFile(stream.fileno(), forgiving)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=forgiving or raw.isatty(),
    )


class _LastingFile(io.FileIO):
    """A file that writes to the null device once its own target fails."""

    def __init__(self, descriptor: int, forgiving: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._forgiving = forgiving
        self.abandoned = False

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            self.abandoned = True
            if self._forgiving or isinstance(error, BrokenPipeError):
                return memoryview(data).nbytes
            raise OSError(error.errno, error.strerror, "standard output") from None
