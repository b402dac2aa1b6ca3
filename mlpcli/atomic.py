"""Files that appear whole under their name or not at all: written aside, synced, renamed.

A crash, a full disk or a power cut at any moment leaves the old file or the new one. Results folders are
changed through this module alone, and the data cache uses it too.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from mlpcli.errors import FileError, why

__all__ = [
    "io_errors",
    "make_folder",
    "move",
    "open_file",
    "refuse_links",
    "remove",
    "remove_folder",
    "remove_stale",
    "shown",
    "stream_atomic",
    "sync_folder",
    "write_all",
    "write_atomic",
]

_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}
_STALE = re.compile(r"\.mlpcli-[0-9a-f]{8}\.tmp")


def shown(path: Path) -> str:
    """`path` as a message says it: relative where it lies below the working folder, always on one line."""
    text = str(path)
    with suppress(OSError, ValueError):
        text = str(path.relative_to(Path.cwd()))
    return text if text.isprintable() else ascii(text)


@contextmanager
def io_errors(verb: str, path: Path) -> Iterator[None]:
    """Turn an OSError into `cannot <verb> <path>: <reason>`, exit code 74."""
    try:
        yield
    except OSError as error:
        raise FileError(f"cannot {verb} {shown(path)}: {why(error)}") from error


def open_file(path: Path, flags: int) -> int:
    """A file descriptor on `path`, above 2 even where the standard streams are closed.

    On 0, 1 or 2 the file would receive what libraries print. Not inherited by other programs; new files
    get the mode that the umask leaves of 0666.
    """
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o666)
    below = []
    while descriptor <= 2:
        below.append(descriptor)
        descriptor = os.dup(descriptor)
    for low in below:
        os.close(low)
    return descriptor


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte of `data`: a single write may stop short."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_atomic(path: Path, data: bytes) -> None:
    """Replace or create the file `path` by one that holds `data`, on disk when this returns.

    Raises:
        FileError: as `_replacing`.
    """
    with _replacing(path) as descriptor:
        write_all(descriptor, data)


@contextmanager
def stream_atomic(path: Path) -> Iterator[TextIO]:
    """A file to write text into, piece by piece, which replaces or creates `path` when the block ends without an error.

    Raises:
        FileError: as `_replacing`.
    """
    with (
        _replacing(path) as descriptor,
        open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="", closefd=False) as stream,
    ):
        yield stream


@contextmanager
def _replacing(path: Path) -> Iterator[int]:
    """A descriptor to write to, of a file that is on disk and has the name `path` when the block has ended.

    What is not a regular file is refused, a symbolic link too: it may have come with a folder from somebody else, and
    point anywhere.

    Raises:
        FileError: with the path and the reason; what stood under the name before is untouched.
    """
    with io_errors("write", path):
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            raise OSError(None, "it is a symbolic link" if path.is_symlink() else "it is not a regular file")
        temporary = path.with_name(f".mlpcli-{secrets.token_hex(4)}.tmp")
        try:
            descriptor = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0))
            try:
                yield descriptor
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)


def refuse_links(folder: Path) -> None:
    """Check that a folder of results is no symbolic link and holds none, through which other files would be changed.

    Raises:
        FileError: with the first link; nothing was written.
    """
    links = [folder] if folder.is_symlink() else []
    for parent, folders, files in os.walk(folder):
        links += [Path(parent, name) for name in (*folders, *files) if os.path.islink(Path(parent, name))]
    for link in sorted(links)[:1]:
        raise FileError(f"cannot use {shown(link)}: it is a symbolic link. Nothing was written. Remove the link")


def move(source: Path, target: Path) -> None:
    """Rename a file within one file system, over `target` if there is one; `sync_folder` makes it last."""
    with io_errors("write", target):
        os.replace(source, target)


def remove(path: Path) -> None:
    """Remove a file; its absence is no error."""
    with io_errors("remove", path), suppress(FileNotFoundError):
        os.unlink(path)


def remove_folder(folder: Path) -> None:
    """Remove an empty folder; its absence is no error."""
    with io_errors("remove", folder), suppress(FileNotFoundError):
        os.rmdir(folder)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it, where they are not there yet."""
    with io_errors("create", folder):
        if not folder.is_dir():
            if folder.parent != folder:
                make_folder(folder.parent)
            with suppress(FileExistsError):
                os.mkdir(folder)
            if not folder.is_dir():
                raise OSError(None, "it exists and is not a folder")
            sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to disk, where the system can (Windows cannot, some network drives neither)."""
    if os.name == "nt":
        return
    with io_errors("write", folder):
        descriptor = open_file(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(descriptor)


def remove_stale(folder: Path) -> None:
    """Remove what a killed `write_atomic` left in `folder`; call it only where nobody else writes."""
    with io_errors("read", folder):
        names = os.listdir(folder)
    for name in names:
        if _STALE.fullmatch(name):
            remove(folder / name)
