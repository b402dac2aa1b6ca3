"""Reading a folder while another process writes to it: once more, if a file was replaced in the meantime.

Files that grow need no such care: their rows are whole, and a trial's epochs stand in the folder before the trial does.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from mlpcli.errors import DataError, FileError

__all__ = ["NEXT", "current", "folder_of", "snapshot"]

NEXT = ".next"
"""The folder inside a run's folder in which the run that replaces it is trained."""

WAITS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between two attempts: replacing all files of a run takes some hundredths."""

Content = TypeVar("Content")


def snapshot(folder: Path, read: Callable[[], Content]) -> Content:
    """Result of `read` on a folder, from a moment in which no file there was being replaced.

    Raises:
        DataError, FileError: as `read`, while nothing changed.
    """
    for wait in WAITS:
        if wait:
            time.sleep(wait)
        before = _stamp(folder)
        try:
            content = read()
        except (DataError, FileError):
            if _stamp(folder) == before:
                raise
        else:
            if _stamp(folder) == before:
                return content
    return read()


def current(folder: Path, name: str) -> Path:
    """A file of a run, also while the run that replaces it moves up, or after a crash in the middle of that."""
    following = os.path.join(folder, NEXT)  # a list of a thousand runs would spend most of its time on Path objects
    moved = not all(os.path.isfile(os.path.join(following, file)) for file in ("result.json", name))
    return folder / name if moved else folder / NEXT / name


def folder_of(file: Path) -> Path:
    """The folder of the run that a file belongs to."""
    return file.parent.parent if file.parent.name == NEXT else file.parent


def _stamp(folder: Path) -> dict[str, int]:
    """The files by name, each with its inode: what is replaced gets another."""
    stamp, places = dict[str, int](), [os.fspath(folder)]
    for place in places:
        with suppress(OSError), os.scandir(place) as entries:  # it may have been removed
            for entry in entries:
                if entry.name == NEXT:
                    places.append(entry.path)
                elif not entry.name.startswith("."):
                    stamp[entry.path] = entry.inode()
    return stamp
