"""Reading a folder while another process writes to it: once more, if a file was replaced in the meantime.

Files that grow need no such care: their rows are whole, and a trial's epochs stand in the folder before the trial does.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from mlpcli.errors import DataError, FileError

__all__ = ["NEXT", "Files", "current", "current_name", "folder_of", "snapshot", "snapshot_of_files"]

NEXT = ".next"
"""The folder inside a run's folder in which the run that replaces it is trained."""

WAITS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between two attempts: replacing all files of a run takes some hundredths."""

Content = TypeVar("Content")
Files = Mapping[str, int]
"""Files of a folder and of its `.next`, by their path below it, each with its inode: what is replaced gets another."""


def snapshot(folder: Path, read: Callable[[], Content]) -> Content:
    """Result of `read` on a folder, from a moment in which no file there was being replaced.

    Raises:
        DataError, FileError: as `read`, while nothing changed.
    """
    return snapshot_of_files(folder, lambda _: read())


def snapshot_of_files(folder: Path, read: Callable[[Files], Content]) -> Content:
    """`snapshot` for a `read` that is told which files are there, and need not ask for each."""
    for wait in WAITS:
        if wait:
            time.sleep(wait)
        before = _files(folder)
        try:
            content = read(before)
        except (DataError, FileError):
            if _files(folder) == before:
                raise
        else:
            if _files(folder) == before:
                return content
    return read(_files(folder))


def current(folder: Path, name: str) -> Path:
    """A file of a run, also while the run that replaces it moves up, or after a crash in the middle of that."""
    files = {file for file in (f"{NEXT}/{name}", f"{NEXT}/result.json") if os.path.isfile(folder / file)}
    return folder / (current_name(files, name) or name)


def current_name(files: Collection[str], name: str) -> str | None:
    """`current` below a folder of these files; None where there is no such file."""
    following = f"{NEXT}/{name}"
    if following in files and f"{NEXT}/result.json" in files:
        return following
    return name if name in files else None


def folder_of(file: Path) -> Path:
    """The folder of the run that a file belongs to."""
    return file.parent.parent if file.parent.name == NEXT else file.parent


def _files(folder: Path) -> dict[str, int]:
    files = _visible(folder)
    if files.pop(NEXT, None) is not None:
        following = _visible(os.path.join(folder, NEXT))
        files |= {f"{NEXT}/{name}": inode for name, inode in following.items() if name != NEXT}
    return files


def _visible(folder: str | Path) -> dict[str, int]:
    """The files of a folder, and its `.next`, with their inodes; none if it was removed."""
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name: entry.inode()
                for entry in entries
                if (entry.name[0] != "." and not entry.is_dir(follow_symlinks=False)) or entry.name == NEXT
            }
    except OSError:
        return {}
