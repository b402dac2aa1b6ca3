"""The SHA-256 of files, remembered until a file's size or time changes: large tables are hashed once."""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from mlpcli.atomic import make_folder, write_atomic
from mlpcli.errors import FileError, why

__all__ = ["fingerprint"]

WORTH = 8 << 20  # bytes; hashing a smaller file takes less time than remembering its digest
SETTLED = 2_000_000_000  # nanoseconds; a file that changed more recently may change again within its time stamp


def fingerprint(path: Path, home: Path) -> str:
    """Hex SHA-256 of the content of `path`; `home`, the folder of the cache, remembers it.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            state = [status.st_size, status.st_mtime_ns, status.st_ino]
            note = home / "files" / hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
            known = _recall(note, state) if status.st_size > WORTH else None
            if known is None:
                known = hashlib.file_digest(file, "sha256").hexdigest()
                if status.st_size > WORTH and time.time_ns() - status.st_mtime_ns > SETTLED:
                    _remember(note, state, known)
            return known
    except OSError as error:
        raise FileError(f"cannot read {path}: {why(error)}") from error


def _recall(note: Path, state: list[int]) -> str | None:
    try:
        noted = json.loads(note.read_bytes())
        return str(noted["sha256"]) if noted["state"] == state else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(note: Path, state: list[int], known: str) -> None:
    """Remember a digest. Errors do not matter: a lost note only means that the file is hashed again."""
    with suppress(FileError):
        make_folder(note.parent)
        write_atomic(note, json.dumps({"state": state, "sha256": known}).encode())
