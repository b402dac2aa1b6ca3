"""Rows for a trained model: read by column name, then encoded and scaled as the training rows were."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import READING, DataOptions
from mlpcli.data.cache.entries import Entry, EntryWriter, NewEntry, home_folder, open_entry
from mlpcli.data.cache.table import Kind, Table
from mlpcli.data.names.sources import find_source
from mlpcli.data.prepare import entry_folder, open_table
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.readers.formats import FORMATS, find_format
from mlpcli.errors import DataError
from mlpcli.wording import nearest, quote

__all__ = ["Rows", "encode_rows", "read_as_trained", "read_rows"]


@dataclass(frozen=True)
class Rows:
    """x, y and row numbers as in a `Part`; y is None if the table has no target.

    `name` is that of the table, `digest` the hex SHA-256 of its content.
    """

    name: str
    x: NDArray[Any]
    y: NDArray[Any] | None
    rows: NDArray[np.int64]
    digest: str

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)


def read_as_trained(options: DataOptions, trained: DataOptions) -> DataOptions:
    """The options of another table, with the reading options of training where they were left at their default.

    A format takes its own reading options only; a separator and an encoding belong to the suffix they were given for.

    Args:
        options: the dataset's name and how its file is read, as given.
        trained: the data options of the trained model.
    """
    found, before = find_format(options.dataset), find_format(trained.dataset)
    if not found:
        return options
    suffixes_differ = not before or before[0] != found[0]
    kept = {
        name: getattr(trained, name)
        for name in READING
        if name in FORMATS[found[0]].options
        and getattr(options, name) == DataOptions.model_fields[name].default
        and not (name in ("delimiter", "encoding") and suffixes_differ)
    }
    return options.model_copy(update=kept)


def read_rows(options: DataOptions, preprocessing: Preprocessing, data_home: Path | str | None = None) -> Rows:
    """All rows of a dataset, encoded and scaled as the training rows were; the cache remembers them.

    Columns are matched by name in any order; columns that the model does not know are left out.

    Args:
        options: the dataset's name and how its file is read; which columns are read, the preprocessing decides.
        preprocessing: what was fitted in training.
        data_home: folder of the cache, by default `home_folder()`.

    Raises:
        DataError: a column that is missing or holds something else, or a class that the training rows did not have.
    """
    home = home_folder(data_home)
    kinds: dict[str, Kind] = {column.name: column.kind for column in preprocessing.columns}
    kinds |= {name: "number" if preprocessing.classes is None else "text" for name in preprocessing.targets}
    options = options.model_copy(update={"target": preprocessing.targets, "drop": None})
    source = find_source(options, home, kinds)
    folder = entry_folder(home, source, {"fitted": preprocessing.to_json()})
    entry = open_entry(folder)
    if entry is None:
        table = open_table(source, home)
        with NewEntry(folder) as new:
            entry = encode_rows(new, table, preprocessing, f"dataset {quote(source.name)}")
    arrays = entry.arrays
    return Rows(source.name, arrays["new_x"], arrays.get("new_y"), arrays["new_rows"], entry.meta["digest"])


def encode_rows(new: EntryWriter, table: Table, preprocessing: Preprocessing, where: str) -> Entry:
    """Encode and scale all rows of a table as the training rows were.

    Args:
        new: the entry to write into, which is committed: new_x, new_rows and, if the table has the targets, new_y.
        table: the rows.
        preprocessing: what was fitted in training.
        where: the table, for messages.

    Raises:
        DataError: as `read_rows`.
    """
    from mlpcli.data.prepared.targets import read_targets
    from mlpcli.data.prepared.write_parts import write_part

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
    y = None
    if set(preprocessing.targets) <= places.keys():
        at = [places[name] for name in preprocessing.targets]
        y = read_targets(table, at, preprocessing.task, known=preprocessing.classes).values
    chosen = [places[column.name] for column in preprocessing.columns]
    write_part(new, "new", table, chosen, np.arange(len(table.cells)), y, preprocessing)
    return new.commit({"digest": table.digest})
