"""File formats: what a dataset's path ends or begins with, and how such files become a table.

To add a format, write the module that reads it and name its function in `FORMATS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Table, TableWriter
from mlpcli.data.readers.delimited import DELIMITED_OPTIONS, read_delimited, resolve_delimited
from mlpcli.data.readers.idx import find_idx, read_idx, resolve_idx
from mlpcli.data.readers.npz import read_npz, resolve_npz
from mlpcli.data.readers.parquet import read_parquet
from mlpcli.data.readers.wanted_columns import COLUMN_OPTIONS, Wanted

__all__ = ["FORMATS", "FileFormat", "find_format", "refused_options"]


@dataclass(frozen=True)
class FileFormat:
    """How files of one format are found and read.

    `read` brings the files into the cache. `options` names the data options that decide what it reads. `resolve` checks
    these options, and puts the value that is used in place of one that was not given. `find` lists the files that a
    path stands for.
    """

    read: Callable[[Sequence[Path], TableWriter, Wanted], Table]
    options: tuple[str, ...] = ()
    resolve: Callable[[DataOptions], DataOptions] = lambda options: options
    find: Callable[[Path], list[Path]] = lambda path: [path]


FORMATS = {
    ".csv": FileFormat(read_delimited, DELIMITED_OPTIONS, partial(resolve_delimited, ",")),
    ".npz": FileFormat(read_npz, resolve=resolve_npz),
    ".parquet": FileFormat(read_parquet, (*COLUMN_OPTIONS, "categories")),
    ".tsv": FileFormat(read_delimited, DELIMITED_OPTIONS, partial(resolve_delimited, "\t")),
    "idx:": FileFormat(read_idx, resolve=resolve_idx, find=find_idx),
}
"""Formats by the suffix of a file in lower case, or by the word before a colon."""


def find_format(dataset: str) -> tuple[str, Path] | None:
    """The key in `FORMATS` of a dataset that is a file or a folder, and its path; None for other datasets.

    >>> find_format("idx:mnist")[0], find_format("data/Rows.CSV")[0], find_format("iris")
    ('idx:', '.csv', None)
    """
    prefix, colon, rest = dataset.partition(":")
    if prefix + colon in FORMATS:
        return prefix + colon, Path(rest)
    path = Path(dataset)
    suffix = path.suffix.lower()
    return (suffix, path) if suffix in FORMATS else None


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
