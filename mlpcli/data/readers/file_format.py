"""What a file format is: the request for columns of a file, the functions that find and read it, and what they give."""

import errno
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.config import DataOptions
from mlpcli.config.data_options import COLUMN_OPTIONS
from mlpcli.data.cache.table import Kind, Table, TableWriter
from mlpcli.errors import DataError, FileError, MlpcliError, UsageError, why
from mlpcli.wording import listed, nearest, quote

__all__ = ["TYPED_OPTIONS", "FileFormat", "RowPiece", "Wanted", "foreign", "kept_places"]

TYPED_OPTIONS = (*COLUMN_OPTIONS, "categories", "dates", "missing")
"""The data options of formats that say what each column holds."""


@dataclass(frozen=True)
class Wanted:
    """Request for the columns of a file: the data options and, for the rows of a trained model, its columns.

    `kinds` maps the names of the columns that the model was trained on, targets and weights included, to what they
    hold: only these columns are read, as that, and a target or the weights may be missing.
    """

    options: DataOptions
    kinds: Mapping[str, Kind] | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the columns to predict."""
        return self.options.target or ()

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the columns to leave out."""
        return self.options.drop or ()


@dataclass(frozen=True)
class RowPiece:
    """Some rows of a table that is read as a stream, and the cells of the columns that are kept, column by column."""

    table: Table
    kept: Sequence[Sequence[Any]] = ()


@dataclass(frozen=True)
class FileFormat:
    """One format: the way its files are found and read.

    `read` brings the files into the cache. `options` names the data options that decide what it reads. `resolve` checks
    these options, and puts the value that is used in place of one that was not given. `find` lists the files that a
    path stands for. `stream` gives the rows piece by piece, with the cells of columns to keep; None where they are read
    as a whole.
    """

    read: Callable[[Sequence[Path], TableWriter, Wanted], Table]
    options: tuple[str, ...] = ()
    resolve: Callable[[DataOptions], DataOptions] = lambda options: options
    find: Callable[[Path], list[Path]] = lambda path: [path]
    stream: Callable[[Path, Wanted, Sequence[str]], Iterator[RowPiece]] | None = None


def kept_places(names: Sequence[str], keep: Sequence[str], where: str) -> list[tuple[str, int]]:
    """The names of the kept columns, each with its place in the file.

    Raises:
        UsageError: the file has no such column.
    """
    for name in keep:
        if name not in names:
            known = nearest(name, names) or f" (columns: {listed(names)})"
            raise UsageError(f"keep: {where} has no column {quote(name)}{known}")
    return [(name, names.index(name)) for name in keep]


@contextmanager
def foreign(path: Path, kind: str, errors: tuple[type[Exception], ...] = (Exception,)) -> Iterator[None]:
    """Turn whatever a library raises on a file of this kind into one of our errors, and silence its warnings.

    Where our own code runs among the library's, `errors` are those that only the library raises.

    The list of what a damaged file leads to is open: zipfile, decompressors, NumPy's parser of headers, pyarrow and
    openpyxl raise SyntaxError, TypeError, UnicodeDecodeError, LZMAError and OverflowError, and an OSError without a
    reason of the system's, or with EINVAL for a place before the file's beginning.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MlpcliError, MemoryError):
        raise
    except errors as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise FileError(f"cannot read {path}: {why(error)}") from error
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: not {kind}, or damaged: {reason}") from error
