"""Text files that may be compressed: by their suffix, opened as streams of bytes.

>>> inner_path(Path("rows.csv.gz")), inner_path(Path("rows.csv"))
(PosixPath('rows.csv'), PosixPath('rows.csv'))
"""

import bz2
import gzip
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mlpcli.errors import DataError, FileError, why

__all__ = ["COMPRESSIONS", "STDIN", "inner_path", "open_bytes"]

STDIN = Path("standard input")
"""Stands for standard input, this object alone: a file may have this name."""

COMPRESSIONS: dict[str, Callable[..., Any]] = {".bz2": bz2.open, ".gz": gzip.open, ".xz": lzma.open}
DAMAGES = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile, zlib.error)


def inner_path(path: Path) -> Path:
    """The path without the suffix of a compression; of a zip archive the name of the one file in it.

    Raises:
        DataError: an archive that holds other than one file.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip" and path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                return Path(_only_member(path, archive))
        except zipfile.BadZipFile as error:
            raise DataError(f"{path}: not a zip archive, or damaged: {error}") from error
    return path.with_suffix("") if suffix in COMPRESSIONS else path


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The content of a file, decompressed, or of standard input.

    Raises:
        FileError: the file cannot be read.
        DataError: a compressed file is damaged.
    """
    suffix = path.suffix.lower()
    try:
        if path is STDIN:
            yield sys.stdin.buffer
        elif suffix == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(_only_member(path, archive)) as member:
                yield member
        else:
            with COMPRESSIONS.get(suffix, Path.open)(path, "rb") as file:
                yield file
    except DAMAGES as error:
        raise DataError(f"{path}: the compressed file is damaged: {error}") from error
    except OSError as error:
        raise FileError(f"cannot read {path}: {why(error)}") from error


def _only_member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [info.filename for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
    if len(names) != 1:
        raise DataError(f"{path}: {len(names)} files in the archive, and one table is expected. Unpack it")
    return names[0]
