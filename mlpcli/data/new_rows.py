"""Rows for a trained model: read by column name, then encoded and scaled as the training rows were."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import READING, DataOptions
from mlpcli.data.cache.entries import Entry, EntryWriter, NewEntry, home_folder, open_entry
from mlpcli.data.cache.memory_entry import MemoryEntry
from mlpcli.data.cache.table import Kind, Table
from mlpcli.data.names.sources import find_source
from mlpcli.data.prepare import entry_folder, open_table
from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.readers.formats import find_format, load_format
from mlpcli.errors import DataError
from mlpcli.wording import closest, nearest, quote

__all__ = ["Rows", "UnknownTexts", "encode_rows", "inputs_of", "read_as_trained", "read_rows"]


class UnknownTexts(NamedTuple):
    """A column with texts that the training rows did not have: the rows that hold them and the most frequent one.

    `nearest` is the category that looks most like it, or an empty text.
    """

    column: str
    rows: int
    text: str
    nearest: str


@dataclass(frozen=True)
class Rows:
    """x, y and row numbers as in a `Part`; y is None if no row has a target.

    `labelled` are the places in x, (labelled,), of the rows that have a target, and y and weights belong to these;
    weights is None where every row counts once. `name` is that
    of the table, `digest` the hex SHA-256 of its content. `unknown` says which columns hold texts that the model does
    not know, `summary` what each column holds.
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

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)


def read_as_trained(options: DataOptions, trained: DataOptions) -> DataOptions:
    """The options of another table: the weights of training, and its reading options where they are at their default.

    A format takes its own reading options only; a separator and an encoding belong to the suffix they were given for.

    Args:
        options: the dataset's name and how its file is read, as given.
        trained: the data options of the trained model.
    """
    options = options.model_copy(update={"weights": trained.weights})
    found, before = find_format(options.dataset), find_format(trained.dataset)
    if not found:
        return options
    suffixes_differ = not before or before[0] != found[0]
    kept = {
        name: getattr(trained, name)
        for name in READING
        if name in load_format(found[0]).options
        and getattr(options, name) == DataOptions.model_fields[name].default
        and not (name in ("delimiter", "encoding") and suffixes_differ)
    }
    return options.model_copy(update=kept)


def read_rows(options: DataOptions, preprocessing: Preprocessing, data_home: Path | str | None = None) -> Rows:
    """All rows of a dataset, encoded and scaled as the training rows were; the cache remembers them.

    Columns are matched by name in any order; columns that the model does not know are left out.

    Args:
        options: the dataset's name, how its file is read, and the column of weights, which it may lack; which other
            columns are read, the preprocessing decides.
        preprocessing: what was fitted in training.
        data_home: folder of the cache, by default `home_folder()`.

    Raises:
        DataError: a column that is missing or holds something else, or a class that the training rows did not have.
    """
    home = home_folder(data_home)
    kinds: dict[str, Kind] = {column.name: column.kind for column in preprocessing.columns}
    kinds |= {name: "number" if preprocessing.task == "regression" else "text" for name in preprocessing.targets}
    if options.weights:
        kinds[options.weights] = "number"
    options = options.model_copy(update={"target": preprocessing.targets, "drop": None, "groups": None})
    source = find_source(options, home, kinds)
    weights = {"weights": options.weights} if options.weights else {}
    folder = entry_folder(home, source, {"fitted": preprocessing.to_json(), **weights})
    entry = open_entry(folder)
    if entry is None:
        table = open_table(source, home)
        with NewEntry(folder) as new:
            entry = encode_rows(new, table, preprocessing, f"dataset {quote(source.name)}", options.weights)
    arrays = entry.arrays
    return Rows(
        name=source.name,
        x=arrays["new_x"],
        y=arrays.get("new_y"),
        rows=arrays["new_rows"],
        labelled=arrays["labelled"],
        digest=entry.meta["digest"],
        unknown=tuple(UnknownTexts(**column) for column in entry.meta["unknown"]),
        summary=tuple(ColumnSummary(**column) for column in entry.meta["summary"]),
        weights=arrays.get("new_weights"),
    )


def encode_rows(
    new: EntryWriter, table: Table, preprocessing: Preprocessing, where: str, weights: str | None = None
) -> Entry:
    """Encode and scale all rows of a table as the training rows were.

    Args:
        new: the entry to write into, which is committed: new_x, new_rows, labelled and, if some row has the
            targets, new_y, and new_weights if the table has them.
        table: the rows.
        preprocessing: what was fitted in training.
        where: the table, for messages.
        weights: name of the column of weights, which the table may lack.

    Raises:
        DataError: as `read_rows`, or a weight that is missing or negative.
    """
    from mlpcli.data.prepared.summarize import summary_of_new_rows
    from mlpcli.data.prepared.targets import labelled_rows, read_targets
    from mlpcli.data.prepared.weights import read_weights
    from mlpcli.data.prepared.write_parts import write_part

    places = {column.name: i for i, column in enumerate(table.columns)}
    chosen = _chosen_columns(table, preprocessing, where)
    y, labelled = None, np.zeros(0, dtype=np.int64)
    if set(preprocessing.targets) <= places.keys():
        at = [places[name] for name in preprocessing.targets]
        labelled = labelled_rows(table, at)
        if len(labelled):
            y = read_targets(table, at, preprocessing.task, rows=labelled, known=preprocessing.classes).values
    if weights in places and len(labelled):
        new.array("new_weights", np.float64).append(read_weights(table, places[weights], labelled))
    write_part(new, "new", table, chosen, np.arange(len(table.cells)), y, preprocessing)
    new.array("labelled", np.int64).append(labelled)
    meta = {
        "digest": table.digest,
        "unknown": [texts._asdict() for texts in _unknown_texts(table, chosen, preprocessing)],
        "summary": [row._asdict() for row in summary_of_new_rows(table, chosen, preprocessing)],
    }
    return new.commit(meta)


def inputs_of(table: Table, preprocessing: Preprocessing, where: str) -> NDArray[Any]:
    """The rows of a table as inputs of a trained network, (rows, features); errors as `encode_rows`."""
    from mlpcli.data.prepared.write_parts import write_part

    new, chosen = MemoryEntry(), _chosen_columns(table, preprocessing, where)
    write_part(new, "new", table, chosen, np.arange(len(table.cells)), None, preprocessing)
    inputs: NDArray[Any] = new.commit({}).arrays["new_x"]
    return inputs


def _chosen_columns(table: Table, preprocessing: Preprocessing, where: str) -> list[int]:
    """The places in the table of the columns that the model was trained on."""
    places = {column.name: i for i, column in enumerate(table.columns)}
    for column in preprocessing.columns:
        if column.name not in places:
            near = nearest(column.name, places)
            raise DataError(f"{where}: the model needs the column {quote(column.name)}, which is missing{near}")
        kind = table.columns[places[column.name]].kind
        if (kind == "text") != (column.kind == "text"):
            raise DataError(
                f"{where}: column {quote(column.name)} contains {kind}s, but the model was trained on {column.kind}s"
            )
    return [places[column.name] for column in preprocessing.columns]


def _unknown_texts(table: Table, chosen: list[int], preprocessing: Preprocessing) -> Iterator[UnknownTexts]:
    """The columns that hold texts which the training rows did not have."""
    for i, column in zip(chosen, preprocessing.columns, strict=True):
        vocabulary = table.columns[i].vocabulary
        unknown = [code for code, text in enumerate(vocabulary) if text not in column.categories]
        if not column.categories or not unknown:
            continue
        cells = table.column(i)
        counts = np.bincount(cells[cells >= 0].astype(np.int64), minlength=len(vocabulary))
        most = max(unknown, key=lambda code: (int(counts[code]), -code))
        yield UnknownTexts(
            column.name, int(counts[unknown].sum()), vocabulary[most], closest(vocabulary[most], column.categories)
        )
