"""Where data come from: a card, a file or a folder, and the fixed tables that their readers are looked up in.

Nothing is ever imported by a name that a user or a file gives, and a reader's own imports wait until it reads.
"""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlpcli.data.cache.fingerprint import fingerprint
from mlpcli.data.cache.table import Layout, Table, TableWriter
from mlpcli.data.names.cards import Card, find_card
from mlpcli.errors import DataError, FileError, UsageError
from mlpcli.wording import nearest, quote

__all__ = ["Reading", "Source", "find_source"]

DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Reading:
    """How a table is to be read: its layout, and of delimited files what parts cells and how characters are coded."""

    layout: Layout
    delimiter: str | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class Source:
    """One dataset as a user names it: how to read it, and what holds of it unless the user says otherwise.

    `identity` are JSON values that determine the content of the table; `slug` begins the name of its cache entries.
    `check` raises DataError for a table that is not what was promised.
    """

    name: str
    slug: str
    identity: dict[str, Any]
    read: Callable[[TableWriter], Table]
    target: tuple[str, ...] = ()
    task: str = "auto"
    scale: str = "standard"
    check: Callable[[Table], None] = lambda table: None
    offline: bool = True
    test_rows: int | None = None
    validation_rows: int | None = None


def find_source(dataset: str, home: Path, reading: Reading) -> Source:
    """What `dataset` names. UsageError with the nearest name where nothing is called so, FileError for no such file."""
    suffix = Path(dataset).suffix.lower()
    if suffix not in DELIMITERS and (reading.delimiter or reading.encoding):
        raise UsageError(f"delimiter, encoding: they are for .csv and .tsv files, and the dataset is {quote(dataset)}")
    scheme, _, rest = dataset.partition(":")
    if scheme == "idx":
        return _idx(Path(rest), home)
    if scheme == "openml":
        return _openml(rest)
    if suffix in DELIMITERS:
        return _delimited(Path(dataset), home, reading)
    if suffix == ".parquet":
        return _parquet(Path(dataset), home, reading.layout)
    if suffix == ".npz":
        return _npz(Path(dataset), home)
    return _card(find_card(dataset), dataset)


def _card(card: Card, name: str) -> Source:
    from mlpcli.data.readers.card_readers import LOADERS, OFFLINE

    if card.source not in LOADERS:
        raise UsageError(f"card {card.path}: no source {quote(card.source)}{nearest(card.source, LOADERS)}")
    return Source(
        name=name,
        slug=card.name,
        identity=card.identity,
        read=lambda writer: LOADERS[card.source](card, writer),
        check=lambda table: _check(card, table),
        target=card.target,
        task=card.task,
        scale=card.scale,
        offline=card.source in OFFLINE,
        test_rows=card.set_apart("test_rows"),
        validation_rows=card.set_apart("validation_rows"),
    )


def _check(card: Card, table: Table) -> None:
    """See that the table has the rows, columns and classes that the card expects."""
    vocabularies = {column.name: column.vocabulary for column in table.columns}
    classes = len(vocabularies.get(card.target[0], ())) or None
    found = (len(table.cells), len(table.columns) - len(card.target), classes)
    if card.expected and found != (card.rows, card.features, card.classes):
        raise DataError(
            f"dataset {quote(card.name)}: {found[0]} rows of {found[1]} features and {found[2]} classes came, but its "
            f"card {card.path} says {card.rows}, {card.features} and {card.classes}. Correct the card"
        )


def _openml(name: str) -> Source:
    if not name:
        raise UsageError("dataset 'openml:': a name or a number is missing, as in openml:61")

    def read(writer: TableWriter) -> Table:
        from mlpcli.data.readers.downloads import fetch_openml

        return fetch_openml(name, (), writer)

    identity = {"kind": "openml", "name": name}
    return Source(f"openml:{name}", _slug(f"openml-{name}"), identity, read, offline=False)


def _delimited(path: Path, home: Path, reading: Reading) -> Source:
    from mlpcli.data.readers.records import check_format

    delimiter = reading.delimiter or DELIMITERS[path.suffix.lower()]
    encoding = check_format(delimiter, reading.encoding or "utf-8")

    def read(writer: TableWriter) -> Table:
        from mlpcli.data.readers.delimited import read_delimited

        return read_delimited(path, writer, reading.layout, delimiter=delimiter, encoding=encoding)

    options = {"delimiter": delimiter, "encoding": encoding, "layout": reading.layout.to_json()}
    return _file_source([path], home, options, read)


def _parquet(path: Path, home: Path, layout: Layout) -> Source:
    def read(writer: TableWriter) -> Table:
        from mlpcli.data.readers.parquet import read_parquet

        return read_parquet(path, writer, layout)

    return _file_source([path], home, {"layout": layout.to_json()}, read)


def _npz(path: Path, home: Path) -> Source:
    def read(writer: TableWriter) -> Table:
        from mlpcli.data.readers.npz import read_npz

        return read_npz(path, writer)

    return _file_source([path], home, {}, read)


def _idx(folder: Path, home: Path) -> Source:
    from mlpcli.data.readers.idx import find_files

    files = find_files(folder)

    def read(writer: TableWriter) -> Table:
        from mlpcli.data.readers.idx import read_idx

        return read_idx(files, writer)

    source = _file_source(files, home, {}, read)
    return replace(source, name=f"idx:{folder.name}", slug=_slug(folder.name), target=("label",), scale="unit")


def _file_source(
    paths: list[Path], home: Path, options: dict[str, Any], read: Callable[[TableWriter], Table]
) -> Source:
    """A source that is the content of files, wherever they are."""
    before = [_state(path) for path in paths]

    def read_unchanged(writer: TableWriter) -> Table:
        writer.confirm = confirm
        return read(writer)

    def confirm() -> None:
        for path, state in zip(paths, before, strict=True):
            if _state(path) != state:
                raise DataError(f"{path}: the file changed while it was read. Run the command again")

    return Source(
        name=paths[0].name,
        slug=_slug(paths[0].stem),
        identity={"kind": paths[0].suffix, "content": [fingerprint(path, home) for path in paths]} | options,
        read=read_unchanged,
    )


def _state(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise FileError(f"cannot read {path}: it is not a regular file")
    return status.st_size, status.st_mtime_ns


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:60].lstrip(".") or "table"
