"""The process's own stdout and stderr, made so that whoever reads them cannot harm the work.

`mlpcli sweep f.toml | head` closes our stdout early, and a closed terminal our stderr; neither may stop a run whose
results go to disk, nor change its exit code. What the terminal's encoding lacks is written as an escape.
"""

import io
import os
import sys
from typing import Any, TextIO

__all__ = ["guard_streams"]


def guard_streams() -> None:
    """Replace stdout and stderr, where they are the process's own, by streams that outlive their reader.

    An error behind stdout other than a reader who left (a full disk) is raised once. Behind stderr none is: there is
    nobody left to tell.
    """
    if sys.stdout is sys.__stdout__:
        sys.stdout = _guarded(sys.stdout, forgiving=False)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _guarded(sys.stderr, forgiving=True)


def _guarded(stream: Any, forgiving: bool) -> TextIO:
    if stream is None:  # closed from the start; the file takes its descriptor, which nothing else must get
        return open(os.devnull, "w")
    if os.name == "nt":  # a console there is no file of bytes
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
    """A file that goes on into the null device once it cannot be written any more."""

    def __init__(self, descriptor: int, forgiving: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._forgiving = forgiving

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            if self._forgiving or isinstance(error, BrokenPipeError):
                return memoryview(data).nbytes
            raise OSError(error.errno, error.strerror, "standard output") from None
