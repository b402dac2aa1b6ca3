"""One writer per folder: a lock that the kernel keeps, and releases when its holder dies.

It is a POSIX record lock (`lockf`): a `flock` would survive in forked children. A lock file without a lock on it means
nothing, so no lock has to be broken, waited for or removed by hand.
"""

import errno
import os
import socket
import struct
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from mlpcli.atomic import io_errors, open_file, shown, write_all
from mlpcli.errors import Busy

__all__ = ["FolderLock", "is_locked"]

_NAME = ".lock"

_held: set[tuple[int, int]] = set()
"""Device and inode of the lock files that this process holds: a record lock does not exclude its own process, and
closing a second descriptor of the same file would release it."""


class FolderLock:
    """The exclusive right to write in `folder`, from construction to `release` or the end of the process.

    `name` is that of the lock file; a folder of another program may have one per thing that is written there.
    `warning` is a sentence for the user where the file system has no locks (some network drives), else None.

    Raises:
        Busy: another process, or this one, holds the lock; raised without waiting.
        FileError: the folder cannot be written.
    """

    def __init__(self, folder: Path, name: str = _NAME) -> None:
        self.folder = folder
        self.warning: str | None = None
        self._path = folder / name
        self._descriptor = -1
        while not self._attempt():
            pass

    def release(self) -> None:
        """Release the folder and remove the lock file; safe to call twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        if sys.platform != "win32":
            with suppress(OSError):  # still locked: other processes check that the file they locked still has this name
                os.unlink(self._path)
        _held.discard(_identity(os.fstat(descriptor)))
        os.close(descriptor)

    def _attempt(self) -> bool:
        """Open and lock the file; False if its holder removed it meanwhile."""
        if self._standing() in _held:
            raise Busy(f"{shown(self.folder)} is in use by this process. Nothing was changed")
        with io_errors("lock", self._path):
            descriptor = open_file(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
        try:
            self._lock(descriptor)
            mine = _identity(os.fstat(descriptor))
            if self._standing() == mine:
                _held.add(mine)
                self._descriptor, descriptor = descriptor, -1
                self._sign()
            return self._descriptor >= 0
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _standing(self) -> tuple[int, int] | None:
        """The file that has the name now, None if there is none."""
        with suppress(OSError):
            return _identity(os.stat(self._path))
        return None

    def _sign(self) -> None:
        """Write into the file who holds it, for the message to others; the lock does not depend on it."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            write_all(self._descriptor, f"process {os.getpid()} on {socket.gethostname()} since {now}\n".encode())

    def _lock(self, descriptor: int) -> None:
        try:
            if sys.platform == "win32":
                import msvcrt

                os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # locked bytes could not be read, so lock beyond the text
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                os.lseek(descriptor, 0, os.SEEK_SET)
            else:
                import fcntl

                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (ImportError, OSError) as error:
            if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EAGAIN):
                holder = os.read(descriptor, 200).decode("utf-8", "replace").strip()
                by = holder if holder.isprintable() and holder else "another process"
                raise Busy(
                    f"{shown(self.folder)} is in use by {by}. Nothing was changed. Wait for it, or use another --name"
                ) from None
            self.warning = f"no file locks in {shown(self.folder)}: do not start two commands with this folder"

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_locked(folder: Path) -> bool:
    """Whether a process works in `folder` now; asking takes no lock, which could stand in the way of a writer."""
    path = folder / _NAME
    if not os.path.isfile(path):
        return False
    if sys.platform not in _QUERY:  # the file is removed with the lock, except by a process that was killed
        return True
    import fcntl

    layout, order = _QUERY[sys.platform]
    asked = {"type": fcntl.F_WRLCK, "whence": os.SEEK_SET, "start": 0, "length": 0, "process": 0}
    with suppress(OSError), open(path, "rb") as file:
        mine = _identity(os.fstat(file.fileno())) in _held
        answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(layout, *(asked[name] for name in order)))
        kind = dict(zip(order, struct.unpack(layout, answer), strict=True))["type"]
        return mine or bool(kind != fcntl.F_UNLCK)
    return False


_QUERY = {
    "linux": ("hhqqi4x", ("type", "whence", "start", "length", "process")),
    "darwin": ("qqihh", ("start", "length", "process", "type", "whence")),
}
"""The C structure flock of each system, by which a lock is asked for."""


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
