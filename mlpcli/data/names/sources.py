"""Meaning of a dataset's name: a card, a file, a folder or a dataset of OpenML, with the way to read it.

Readers are looked up in fixed tables and never imported by a name that a user or a file gives.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlpcli.config import DataOptions
from mlpcli.data.cache.fingerprint import fingerprint
from mlpcli.data.cache.table import Kind, Table, TableWriter
from mlpcli.data.names.card_sources import CARD_SOURCES, OFFLINE
from mlpcli.data.names.cards import FILE, Card
from mlpcli.data.names.locate import MEMORY, file_and_card
from mlpcli.data.readers.formats import load_format, refuse_others
from mlpcli.errors import DataError, FileError, UsageError, why
from mlpcli.wording import nearest, quote

__all__ = ["Source", "find_source"]


@dataclass(frozen=True)
class Source:
    """One dataset as a user names it, and the way to read it.

    `slug` begins the names of its cache entries. `identity` holds the JSON values that determine the content of its
    table. `options` are those of the user, with the dataset's own choices in place of what was left open. `check`
    raises DataError for a table that is not what was promised. `offline` says that no network is needed.
    `validation_rows` and `test_rows` are the numbers of last rows (training, validation, test) that the dataset sets
    apart; where it does not say, they are None. `reading` are the reading options that its card decides.
    """

    name: str
    slug: str
    identity: dict[str, Any]
    options: DataOptions
    read: Callable[[TableWriter], Table]
    check: Callable[[Table], None] = lambda table: None
    offline: bool = True
    test_rows: int | None = None
    validation_rows: int | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)


def find_source(options: DataOptions, home: Path, kinds: Mapping[str, Kind] | None = None) -> Source:
    """The source of `options.dataset`.

    Args:
        options: what is asked of the dataset.
        home: folder of the cache, which remembers the digests of large files.
        kinds: for the rows of a trained model, the kinds of its columns by name.

    Raises:
        UsageError: no dataset of that name (with the nearest), or options that it does not take.
        FileError: the file does not exist or cannot be read.
    """
    dataset = options.dataset
    file, card = file_and_card(dataset)
    if file and card is not None:
        options = _with_reading(options, card)
    if not dataset.startswith(MEMORY):  # read before, by its own rules
        refuse_others(options, load_format(file[0]).options if file else (), f"the dataset is {quote(dataset)}")
    if file and card is not None:
        return _card_file(card, options, *file, home, kinds)
    if file:
        return _file(*file, home, options, kinds)
    if dataset.startswith("openml:"):
        return _openml(options)
    if dataset.startswith(MEMORY):
        return _memory(options)
    assert card is not None
    return _card(card, options)


def _with_reading(options: DataOptions, card: Card) -> DataOptions:
    """The options with the reading choices of the card in place of those that are at their defaults."""
    return options.model_copy(update={name: card.reading[name] for name in card.reading.keys() - options.given.keys()})


def _card_file(
    card: Card, options: DataOptions, key: str, path: Path, home: Path, kinds: Mapping[str, Kind] | None
) -> Source:
    """The table that a card names, read as the card and the options say."""
    own, apart = _choices(card, options)
    is_whole = kinds is None and options.drop is None and own["target"] == card.target
    source = _file(key, path, home, options.model_copy(update=own | {"dataset": str(path)}), kinds)
    return replace(
        source,
        name=options.dataset,
        slug=card.name,
        check=lambda table: _check(card, table) if is_whole else None,
        reading={name: getattr(options, name) for name in card.reading},
        **apart,
    )


def _choices(card: Card, options: DataOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that a card decides where the user does not, and the numbers of rows that it sets apart."""
    test_rows, validation_rows = card.set_apart("test_rows"), card.set_apart("validation_rows")
    own: dict[str, Any] = {"target": options.target or card.target}
    if options.task == "auto" and own["target"] == card.target:
        own["task"] = card.task
    if options.scale == "auto":
        own["scale"] = card.scale
    if test_rows is not None:
        own["test_size"] = 0
    if validation_rows is not None:
        own["val_size"] = 0
    return own, {"test_rows": test_rows, "validation_rows": validation_rows}


def _card(card: Card, options: DataOptions) -> Source:
    if card.source not in CARD_SOURCES:
        known = (FILE, *CARD_SOURCES)
        raise UsageError(f"card {card.path}: no source {quote(card.source)}{nearest(card.source, known)}")
    own, apart = _choices(card, options)
    return Source(
        name=options.dataset,
        slug=card.name,
        identity=card.identity,
        options=options.model_copy(update=own),
        read=lambda writer: CARD_SOURCES[card.source](card, writer),
        check=lambda table: _check(card, table),
        offline=card.source in OFFLINE,
        **apart,
    )


def _check(card: Card, table: Table) -> None:
    """See that the table has the rows, columns and classes that the card expects."""
    classes = _classes(card, table)
    rows, features = len(table.cells), table.width - len(card.target)
    if card.expected and (rows, features, classes) != (card.rows, card.features, card.classes):
        raise DataError(
            f"dataset {quote(card.name)}: the source has {rows} rows of {features} features and {classes} "
            f"classes, but the card {card.path} says {card.rows}, {card.features} and {card.classes}. Correct the card"
        )


def _classes(card: Card, table: Table) -> int | None:
    """The number of classes of the target; None for other tasks, though a text file has a vocabulary of numbers too."""
    places = [place for place, column in enumerate(table.columns) if column.name == card.target[0]]
    if card.task != "classification" or not places:
        return None
    cells = table.column(places[0])
    return len(table.columns[places[0]].vocabulary) or len(set(cells[cells == cells].tolist()))


def _memory(options: DataOptions) -> Source:
    """Data of a Python program, of which the cache has the table."""

    def read(writer: TableWriter) -> Table:
        raise DataError(
            f"dataset {quote(options.dataset)}: the data were in the memory of a Python program, and the cache no "
            "longer has them. Run that program again, or save the data as a file"
        )

    return Source(options.dataset, "memory", {"kind": MEMORY, "name": options.dataset}, _scaled(options), read)


def _openml(options: DataOptions) -> Source:
    name = options.dataset.removeprefix("openml:")
    if not name:
        raise UsageError("dataset 'openml:': a name or a number is missing, as in openml:61")

    def read(writer: TableWriter) -> Table:
        from mlpcli.data.readers.downloads import fetch_openml

        return fetch_openml(name, (), writer)

    identity = {"kind": "openml", "name": name}
    return Source(f"openml:{name}", _slug(f"openml-{name}"), identity, _scaled(options), read, offline=False)


def _file(key: str, path: Path, home: Path, options: DataOptions, kinds: Mapping[str, Kind] | None) -> Source:
    """A dataset that is the content of files, wherever they are."""
    from mlpcli.data.readers.file_format import Wanted

    file_format = load_format(key)
    options = file_format.resolve(options)
    wanted = Wanted(options, kinds)
    files = file_format.find(path)
    before = [_state(file) for file in files]

    def read(writer: TableWriter) -> Table:
        writer.confirm = confirm
        return file_format.read(files, writer, wanted)

    def confirm() -> None:
        for file, state in zip(files, before, strict=True):
            if _state(file) != state:
                raise DataError(f"{file}: the file changed while it was read. Run the command again")

    identity = {
        "kind": key,
        "content": [fingerprint(file, home) for file in files],
        "options": {name: getattr(options, name) for name in file_format.options},
    }
    if kinds is not None:  # rows for a trained model may lack its targets
        identity["kinds"] = dict(kinds)
    name = f"{key}{path.name}" if key.endswith(":") else path.name
    return Source(name, _slug(path.stem), identity, _scaled(options), read)


def _scaled(options: DataOptions) -> DataOptions:
    return options if options.scale != "auto" else options.model_copy(update={"scale": "standard"})


def _state(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise FileError(f"cannot read {path}: {why(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        raise FileError(f"cannot read {path}: it is not a regular file")
    return status.st_size, status.st_mtime_ns


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:60].lstrip(".") or "table"
