"""File formats: what a dataset's path ends or begins with, and how such files become a table.

To add a format, write the module that reads it and name its function in `FORMATS`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Table, TableWriter
from mlpcli.data.readers.idx import find_idx, read_idx, resolve_idx
from mlpcli.data.readers.npz import read_npz, resolve_npz
from mlpcli.data.readers.parquet import read_parquet, stream_parquet
from mlpcli.data.readers.row_pieces import RowPiece
from mlpcli.data.readers.text.compression import inner_path, open_bytes
from mlpcli.data.readers.text.delimited import DELIMITED_OPTIONS, read_delimited, resolve_delimited, stream_delimited
from mlpcli.data.readers.wanted_columns import COLUMN_OPTIONS, Wanted
from mlpcli.data.readers.whole_tables import read_excel, read_feather, read_json_lines, stream_json_lines
from mlpcli.errors import DataError

__all__ = ["FORMATS", "FileFormat", "find_format", "refused_options"]


CONTENT = 4096  # first bytes of a file that decide its format
MARKS = {b"PAR1": ".parquet", b"PK": ".npz", b"ARROW1": ".feather"}
COMPRESSIBLE = (read_delimited, read_json_lines)


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


TYPED_OPTIONS = (*COLUMN_OPTIONS, "categories")
"""The data options of formats that say what each column holds."""

FORMATS = {
    ".csv": FileFormat(read_delimited, DELIMITED_OPTIONS, partial(resolve_delimited, ","), stream=stream_delimited),
    ".feather": FileFormat(read_feather, TYPED_OPTIONS),
    ".jsonl": FileFormat(read_json_lines, TYPED_OPTIONS, stream=stream_json_lines),
    ".npz": FileFormat(read_npz, resolve=resolve_npz),
    ".parquet": FileFormat(read_parquet, TYPED_OPTIONS, stream=stream_parquet),
    ".tsv": FileFormat(read_delimited, DELIMITED_OPTIONS, partial(resolve_delimited, "\t"), stream=stream_delimited),
    ".txt": FileFormat(read_delimited, DELIMITED_OPTIONS, partial(resolve_delimited, None), stream=stream_delimited),
    ".xlsx": FileFormat(read_excel, TYPED_OPTIONS),
    "idx:": FileFormat(read_idx, resolve=resolve_idx, find=find_idx),
}
"""Formats by the suffix of a file in lower case, or by the word before a colon."""

ALIASES = {".arrow": ".feather", ".dat": ".txt", ".data": ".txt", ".ndjson": ".jsonl", ".tab": ".tsv"}


def find_format(dataset: str) -> tuple[str, Path] | None:
    """The key in `FORMATS` of a dataset that is a file or a folder, and its path; None for other datasets.

    A compressed file counts as what is inside. Where the suffix says nothing, the content of the file decides.

    >>> find_format("idx:mnist")[0], find_format("data/Rows.CSV.gz")[0], find_format("iris")
    ('idx:', '.csv', None)
    """
    prefix, colon, rest = dataset.partition(":")
    if prefix + colon in FORMATS:
        return prefix + colon, Path(rest)
    path = Path(dataset).expanduser()
    inner = inner_path(path)
    suffix = ALIASES.get(inner.suffix.lower(), inner.suffix.lower())
    if suffix in FORMATS and (inner == path or FORMATS[suffix].read in COMPRESSIBLE):
        return suffix, path
    is_a_path = path.suffix or path.name != dataset
    return (_format_by_content(path), path) if is_a_path and path.is_file() else None


def _format_by_content(path: Path) -> str:
    """The key of a file whose suffix says nothing: Parquet and NumPy files begin with marks, text does not hold NUL."""
    with open_bytes(path) as file:
        begin = file.read(CONTENT)
    if b"\0" not in begin and not begin.startswith(b"PK"):
        return ".txt"
    for mark, key in MARKS.items():
        if begin.startswith(mark):
            return key
    known = ", ".join(key for key in FORMATS if key.startswith("."))
    raise DataError(f"{path}: not a text, and its suffix says nothing. Files that can be read end in {known}")


def refused_options(options: DataOptions, own: Sequence[str]) -> dict[str, list[str]]:
    """Options that were given, but decide nothing for a dataset whose format has the options `own`.

    Returns the suffixes of the formats that take each of them.
    """
    takers: dict[str, list[str]] = {}
    for suffix, file_format in FORMATS.items():
        for name in file_format.options:
            takers.setdefault(name, []).append(suffix)
    given = options.model_dump(exclude_defaults=True)
    return {
        name: suffixes for name, suffixes in takers.items() if name in given and name not in (*own, *COLUMN_OPTIONS)
    }
