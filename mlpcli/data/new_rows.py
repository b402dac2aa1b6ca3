"""Rows for a trained model: read by column name, then encoded and scaled as the training rows were."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import READING, DataOptions
from mlpcli.data.cache.entries import Entry, EntryWriter, NewEntry, home_folder, open_entry
from mlpcli.data.cache.memory_entry import MemoryEntry
from mlpcli.data.cache.sparse_arrays import rows_of
from mlpcli.data.cache.table import Kind, Table
from mlpcli.data.names.locate import format_of
from mlpcli.data.names.sources import Source, find_source
from mlpcli.data.prepared.column_summary import ColumnSummary, UnknownTexts
from mlpcli.data.prepared.dataset import Part
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.readers.formats import load_format
from mlpcli.data.source_tables import entry_folder, open_table
from mlpcli.wording import quote

if TYPE_CHECKING:
    from mlpcli.data.prepared.rows.validation import ValidationTable

__all__ = ["Rows", "encode_rows", "inputs_of", "read_as_trained", "read_rows", "validation_table"]


@dataclass(frozen=True)
class Rows:
    """x, y and row numbers as in a `Part`; y is None if no row has a target.

    `labelled` are the places in x, (labelled,), of the rows that have a target, and y, weights and own belong to these;
    weights is None where every row counts once, own as in a `Part`. `name` is that of the table, `digest` the hex
    SHA-256 of its content. `unknown` says which columns hold texts that the model does not know, `summary` what each
    column holds.
    """

    name: str
    x: NDArray[Any]
    y: NDArray[Any] | None
    rows: NDArray[np.int64]
    labelled: NDArray[np.int64]
    digest: str
    unknown: tuple[UnknownTexts, ...] = ()
    summary: tuple[ColumnSummary, ...] = ()
    weights: NDArray[np.float64] | None = None
    own: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def scored(self) -> Part | None:
        """The rows that have a target; None if no row has one."""
        if self.y is None:
            return None
        some = slice(None) if len(self.labelled) == len(self) else self.labelled
        return Part(self.x[some], self.y, self.rows[some], self.weights, self.own)


def read_as_trained(options: DataOptions, trained: DataOptions) -> DataOptions:
    """The options of another table: the weights of training, and its reading options where they are at their default.

    A format takes its own reading options only; a separator and an encoding belong to the suffix they were given for.

    Args:
        options: the dataset's name and how its file is read, as given.
        trained: the data options of the trained model.
    """
    options = options.model_copy(update={"weights": trained.weights})
    key, given = format_of(options.dataset), options.given
    if not key:
        return options
    suffixes_differ = format_of(trained.dataset) != key
    kept = {
        name: getattr(trained, name)
        for name in READING
        if name in load_format(key).options
        and name not in given
        and not (name in ("delimiter", "encoding") and suffixes_differ)
    }
    return options.model_copy(update=kept)


def read_rows(
    options: DataOptions, preprocessing: Preprocessing, data_home: Path | str | None = None, *, scored: bool = True
) -> Rows:
    """All rows of a dataset, encoded and scaled as the training rows were; the cache remembers them.

    Columns are matched by name in any order; columns that the model does not know are left out.

    Args:
        options: the dataset's name, how its file is read, and the column of weights, which it may lack; which other
            columns are read, the preprocessing decides.
        preprocessing: what was fitted in training.
        data_home: folder of the cache, by default `home_folder()`.
        scored: whether targets and weights are read; without them, whatever stands in their place is no matter.

    Raises:
        DataError: a column that is missing or holds something else, or a class that the training rows did not have.
    """
    home = home_folder(data_home)
    weights = options.weights if scored else None
    source = _source(options, preprocessing, home, scored=scored)
    more = {**({"weights": weights} if weights else {}), **({} if scored else {"scored": False})}
    folder = entry_folder(home, source, {"fitted": preprocessing.to_json(), **more})
    entry = open_entry(folder)
    if entry is None:
        table = open_table(source, home)
        with NewEntry(folder) as new:
            entry = encode_rows(new, table, preprocessing, f"dataset {quote(source.name)}", weights, scored=scored)
    arrays = entry.arrays
    return Rows(
        name=source.name,
        x=rows_of(arrays, "new_x", len(preprocessing.features)),
        y=arrays.get("new_y"),
        rows=arrays["new_rows"],
        labelled=arrays["labelled"],
        digest=entry.meta["digest"],
        unknown=tuple(UnknownTexts(**column) for column in entry.meta["unknown"]),
        summary=tuple(ColumnSummary(**column) for column in entry.meta["summary"]),
        weights=arrays.get("new_weights"),
        own=arrays.get("new_own"),
    )


def validation_table(options: DataOptions, home: Path) -> "ValidationTable":
    """The table that the option `val_dataset` names, read by the reading options of the training rows.

    Raises:
        UsageError: no dataset of that name.
        FileError: the file does not exist or cannot be read.
    """
    from mlpcli.data.prepared.rows.validation import ValidationTable

    assert options.val_dataset
    asked = read_as_trained(DataOptions(dataset=options.val_dataset), options)
    unread = find_source(asked, home, {})  # what its columns hold is not known yet
    return ValidationTable(unread.name, unread.identity, lambda fitted: open_table(_source(asked, fitted, home), home))


def _source(options: DataOptions, preprocessing: Preprocessing, home: Path, *, scored: bool = True) -> Source:
    """The source of new rows, of which the columns that were fitted are read; if `scored`, targets and weights too."""
    targets = preprocessing.targets if scored else ()
    weights = options.weights if scored else None
    kinds: dict[str, Kind] = {column.name: column.kind for column in preprocessing.columns}
    kinds |= {name: "number" if preprocessing.task == "regression" else "text" for name in targets}
    if weights:
        kinds[weights] = "number"
    wanted = {"target": targets or None, "drop": None, "groups": None, "weights": weights}
    return find_source(options.model_copy(update=wanted), home, kinds)


def encode_rows(
    new: EntryWriter,
    table: Table,
    preprocessing: Preprocessing,
    where: str,
    weights: str | None = None,
    *,
    scored: bool = True,
) -> Entry:
    """Encode and scale all rows of a table as the training rows were.

    Args:
        new: the entry to write into, which is committed: new_x, new_rows, labelled and, if some row has the
            targets, new_y, of a regression new_own, and new_weights if the table has them.
        table: the rows.
        preprocessing: what was fitted in training.
        where: the table, for messages.
        weights: name of the column of weights, which the table may lack.
        scored: whether targets are looked for.

    Raises:
        DataError: as `read_rows`, or a weight that is missing or negative.
    """
    from mlpcli.data.prepared.matching import match_columns, match_targets, unknown_texts
    from mlpcli.data.prepared.rows.row_weights import read_weights
    from mlpcli.data.prepared.summarize import summary_of_new_rows
    from mlpcli.data.prepared.write_parts import write_part

    places = {column.name: i for i, column in enumerate(table.columns)}
    chosen = match_columns(table, preprocessing, where)
    labelled, y = match_targets(table, preprocessing) if scored else (np.zeros(0, np.int64), None)
    if weights in places and len(labelled):
        new.array("new_weights", np.float64).append(read_weights(table, places[weights], labelled))
    write_part(new, "new", table, chosen, np.arange(len(table.cells)), y, preprocessing)
    new.array("labelled", np.int64).append(labelled)
    meta = {
        "digest": table.digest,
        "unknown": [texts._asdict() for texts in unknown_texts(table, chosen, preprocessing)],
        "summary": [row._asdict() for row in summary_of_new_rows(table, chosen, preprocessing)],
    }
    return new.commit(meta)


def inputs_of(table: Table, preprocessing: Preprocessing, where: str) -> tuple[NDArray[Any], Iterator[UnknownTexts]]:
    """The rows of a table as inputs of a trained network, (rows, features), and the columns with unknown texts.

    Errors as `encode_rows`.
    """
    from mlpcli.data.prepared.matching import match_columns, unknown_texts
    from mlpcli.data.prepared.write_parts import write_part

    new, chosen = MemoryEntry(), match_columns(table, preprocessing, where)
    write_part(new, "new", table, chosen, np.arange(len(table.cells)), None, preprocessing)
    x = rows_of(new.commit({}).arrays, "new_x", len(preprocessing.features))
    return x, unknown_texts(table, chosen, preprocessing)
