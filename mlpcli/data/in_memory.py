"""Arrays and data frames of a Python program, prepared for training.

They become the same table as a file of the same content, so that a network trained on them has the same numbers.

>>> import numpy as np
>>> x = np.linspace(0, 1, 20).reshape(10, 2)
>>> data = prepare_in_memory((x, [0, 1] * 5), DataOptions(test_size=0, val_size=2))
>>> data.task, data.classes, {name: len(part) for name, part in data.parts.items()}
('classification', ('0', '1'), {'train': 8, 'val': 2})
"""

from pathlib import Path
from typing import Any

from mlpcli.config import DataOptions
from mlpcli.data.cache.entries import NewEntry, home_folder, open_entry
from mlpcli.data.cache.memory_entry import MemoryEntry
from mlpcli.data.cache.table import Table, TableWriter
from mlpcli.data.names.locate import MEMORY
from mlpcli.data.names.sources import find_source
from mlpcli.data.new_rows import validation_table
from mlpcli.data.prepare import prepared_from, with_decided
from mlpcli.data.prepared.dataset import Prepared
from mlpcli.data.prepared.write_parts import build_entry
from mlpcli.data.readers.arrays import are_pictures, read_arrays
from mlpcli.data.readers.file_format import TYPED_OPTIONS, Wanted
from mlpcli.data.readers.formats import refuse_others
from mlpcli.data.readers.frames import read_frame
from mlpcli.data.readers.sparse_matrices import read_sparse
from mlpcli.data.source_tables import table_folder
from mlpcli.data.sparse.sparse_rows import is_sparse
from mlpcli.data.values import as_array, as_frame, is_frame, warn_of_other_order
from mlpcli.errors import DataError, UsageError

__all__ = ["cache_in_memory", "prepare_in_memory", "read_in_memory"]

NAME_DIGITS = 20


def read_in_memory(data: Any, options: DataOptions) -> tuple[Table, DataOptions]:
    """The table of the data, and the options with the name that their content gives and the scaling that is used.

    Args:
        data: a pair (X, y), or a data frame, a dict of columns or a list of rows as dicts, of which `options.target`
            names the column to predict. X and y may be arrays, lists, data frames or series, X a sparse matrix too.
        options: what is asked of the data; `options.dataset` is ignored. Of the options of reading, columns with names
            take those of typed formats, arrays none.

    Raises:
        UsageError: something else was given, or no target, or options that decide nothing here.
        DataError: the data hold something that cannot be used.
    """
    writer, scale = TableWriter(MemoryEntry()), "standard"
    if isinstance(data, tuple) and len(data) == 2:
        x, y = data
        warn_of_other_order(x, y, "y")
        _refuse_others(options, named=is_frame(x))
        if is_sparse(x):
            scale = "maxabs"
            table = read_sparse(x, as_array(y, "y"), writer, "the data")
        elif is_frame(x):
            frame, names = _joined(x, y)
            table = read_frame(frame, writer, Wanted(options.model_copy(update={"target": names})))
        else:
            x = as_array(x, "X")
            scale = "unit" if are_pictures(x.shape, x.dtype) else scale
            table = read_arrays(x, as_array(y, "y"), writer, "the data")
    elif is_frame(data):
        _refuse_others(options, named=True)
        table = read_frame(as_frame(data), writer, Wanted(options))
    else:
        raise UsageError(
            f"data: got {type(data).__name__}, expected a pair (X, y), or a data frame, a dict of columns or a list of "
            "dicts with target = the name of the column to predict"
        )
    chosen = scale if options.scale == "auto" else options.scale
    return table, options.model_copy(update={"dataset": f"{MEMORY}{table.digest[:NAME_DIGITS]}", "scale": chosen})


def prepare_in_memory(data: Any, options: DataOptions, data_home: Path | str | None = None) -> Prepared:
    """The data split and scaled, as `prepare` does it; the cache keeps the table of `val_dataset` alone.

    Arguments as above.
    """
    table, options = read_in_memory(data, options)
    validation = validation_table(options, home_folder(data_home)) if options.val_dataset else None
    entry = build_entry(MemoryEntry(), table, options, validation_rows=None, test_rows=None, validation=validation)
    return with_decided(prepared_from(options.dataset, options.scale, entry), options, {})


def cache_in_memory(data: Any, options: DataOptions, data_home: Path | str | None = None) -> DataOptions:
    """Put the table of the data into the cache, where processes find it by the name in the options returned.

    Raises:
        FileError: the cache cannot be written. Others as `read_in_memory`.
    """
    table, options = read_in_memory(data, options)
    home = home_folder(data_home)
    folder = table_folder(find_source(options, home), home)
    if open_entry(folder) is None:
        with NewEntry(folder) as new:
            writer = TableWriter(new)
            writer.append(table.cells)
            if table.sparse:
                writer.append_sparse(table.sparse.rows)
            writer.finish(table.columns, table.targets, dropped=table.dropped)
    return options


def _refuse_others(options: DataOptions, *, named: bool) -> None:
    refuse_others(options, TYPED_OPTIONS if named else (), f"the data are {'a data frame' if named else 'arrays'}")


def _joined(x: Any, y: Any) -> tuple[Any, tuple[str, ...]]:
    """X with the targets as further columns, and their names."""
    import pandas as pd

    frame = as_frame(x)
    if is_frame(y) and not hasattr(type(y), "name"):  # a series has one; of a frame, it may be a column
        targets = as_frame(y)
    else:
        values = as_array(y, "y")
        values = values.reshape(len(values), -1)
        several = [f"y{i + 1}" for i in range(values.shape[1])]
        names = several if len(several) > 1 else [str(getattr(y, "name", None) or "y")]
        targets = pd.DataFrame(values, columns=names)
    if len(frame) != len(targets):
        raise DataError(f"the data: {len(frame)} rows in X, but {len(targets)} in y")
    joined = pd.concat([frame.reset_index(drop=True), targets.reset_index(drop=True)], axis=1)
    return joined, tuple(str(name) for name in targets.columns)
