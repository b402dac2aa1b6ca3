"""File formats: what a dataset's path ends or begins with, and where the reader of such files is.

To add a format, write the module that reads it, with a `FileFormat`, and name that in `FORMATS`. A reader is imported
when a file of its format is read.
"""

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mlpcli.config import READING, DataOptions
from mlpcli.data.readers.text.compression import inner_path, open_bytes
from mlpcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from mlpcli.data.readers.file_format import FileFormat

__all__ = ["FORMATS", "find_format", "load_format", "refuse_others"]

CONTENT = 4096  # first bytes of a file that decide its format
MARKS = {b"PAR1": ".parquet", b"PK": ".npz", b"ARROW1": ".feather"}

FORMATS = {
    ".csv": "text.delimited:COMMA",
    ".feather": "whole_tables:FEATHER",
    ".jsonl": "whole_tables:JSON_LINES",
    ".npz": "npz:NPZ",
    ".parquet": "parquet:PARQUET",
    ".svm": "text.svmlight:SVMLIGHT",
    ".tsv": "text.delimited:TAB",
    ".txt": "text.delimited:SNIFFED",
    ".xlsx": "whole_tables:EXCEL",
    "idx:": "idx:IDX",
}
"""Module in this folder and name in it, by the suffix of a file in lower case or the word before a colon."""

ALIASES = {
    ".arrow": ".feather",
    ".dat": ".txt",
    ".data": ".txt",
    ".libsvm": ".svm",
    ".ndjson": ".jsonl",
    ".svmlight": ".svm",
    ".tab": ".tsv",
}
COMPRESSIBLE = (".csv", ".jsonl", ".svm", ".tsv", ".txt")


def load_format(key: str) -> "FileFormat":
    """The format of a key of `FORMATS`."""
    module, name = FORMATS[key].split(":")
    return cast("FileFormat", getattr(import_module(f"mlpcli.data.readers.{module}"), name))


def find_format(dataset: str) -> tuple[str, Path] | None:
    """The key in `FORMATS` of a dataset that is a file or a folder, and its path; None for other datasets.

    A compressed file counts as what is inside. Where the suffix says nothing, the content of the file decides.

    >>> find_format("idx:mnist")[0], find_format("data/Rows.CSV.gz")[0], find_format("iris")
    ('idx:', '.csv', None)
    """
    prefix, colon, rest = dataset.partition(":")
    if prefix + colon in FORMATS:
        return prefix + colon, Path(rest)
    path = Path(os.path.expanduser(dataset))
    inner = inner_path(path)
    suffix = ALIASES.get(inner.suffix.lower(), inner.suffix.lower())
    if suffix in FORMATS and (inner == path or suffix in COMPRESSIBLE):
        return suffix, path
    is_a_path = path.suffix or path.name != dataset
    return (_format_by_content(path), path) if is_a_path and path.is_file() else None


def _format_by_content(path: Path) -> str:
    """The key of a file whose suffix says nothing: binary ones begin with marks, JSON lines with a brace."""
    with open_bytes(path) as file:
        begin = file.read(CONTENT)
    if begin.lstrip().startswith(b"{"):
        return ".jsonl"
    if b"\0" not in begin and not begin.startswith((b"PK", b"[", b"<")):
        return ".txt"
    for mark, key in MARKS.items():
        if begin.startswith(mark):
            return key
    known = ", ".join(key for key in FORMATS if key.startswith("."))
    raise DataError(f"{path}: no table that can be read, by its first bytes. Files that can be read end in {known}")


def refuse_others(options: DataOptions, own: Sequence[str], there: str) -> None:
    """Refuse reading options that were given, but decide nothing where only the options `own` do.

    Args:
        options: what is asked of the data.
        own: the options of their format.
        there: what the data are, for the message: `the dataset is 'iris'`.

    Raises:
        UsageError: such an option was given; the message has the suffixes of the formats that take it.
    """
    given = options.given.keys() & set(READING) - set(own)  # formats are loaded only where one of these was given
    takers: dict[str, list[str]] = {}
    for suffix in FORMATS if given else ():
        for name in given.intersection(load_format(suffix).options):
            takers.setdefault(name, []).append(suffix)
    for name, suffixes in takers.items():
        raise UsageError(f"{name}: only {', '.join(suffixes)} files take it, and {there}")
