"""Arrays and data frames of a Python program as new rows of a trained model: inputs, targets and weights.

>>> preprocessing = Preprocessing((Column("x", center=1.0, scale=2.0),), ("y",), ("no", "yes"), (), (), "float32")
>>> encode_in_memory([[3.0], [1.0]], preprocessing), encode_targets(["yes", "no"], 2, preprocessing)
(array([[1.],
       [0.]], dtype=float32), array([1, 0]))
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.memory_entry import MemoryEntry
from mlpcli.data.cache.table import TableWriter
from mlpcli.data.new_rows import encode_rows
from mlpcli.data.prepared.column_summary import UnknownTexts
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.prepared.write_parts import finite_inputs
from mlpcli.data.readers.column_reader import are_marks
from mlpcli.data.readers.file_format import Wanted
from mlpcli.data.readers.frames import read_frame
from mlpcli.data.readers.sparse_matrices import encode_sparse
from mlpcli.data.readers.text.cells import Spelling, find_classes
from mlpcli.data.sparse.sparse_rows import is_sparse
from mlpcli.data.values import as_array, as_frame, is_frame
from mlpcli.errors import DataError
from mlpcli.notices import warn_caller
from mlpcli.wording import class_name, listed, quote

__all__ = ["checked_weights", "class_labels", "encode_in_memory", "encode_targets"]

NO_CLASS = frozenset(("None", "nan", "inf", "-inf", "<NA>", "NaT"))
"""Values that name no class, as Python prints them; a text of the same letters may name one."""

INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")


def encode_in_memory(x: Any, preprocessing: Preprocessing, trained: DataOptions | None = None) -> NDArray[Any]:
    """New rows as inputs of a trained network, (rows, features).

    Args:
        x: an array, lists or a sparse matrix, whose columns stand in the order of training; or a data frame, a dict of
            columns or a list of rows as dicts, whose columns are matched by name, and others left out. Texts that
            training did not have are said in a warning.
        preprocessing: what was fitted in training.
        trained: the data options of training, whose marks of missing values and order of dates hold here too.

    Raises:
        DataError: no rows, or a column that is missing or holds something else than in training.
    """
    if preprocessing.sparse:
        return encode_sparse(x, preprocessing.sparse, preprocessing.dtype)
    if is_sparse(x):
        raise DataError("X: its rows are sparse, but the model was trained on dense rows. Give X.toarray()")
    columns, trained = preprocessing.columns, trained or DataOptions()
    if not is_frame(x):
        array = as_array(x, "X")
        if not array.size:
            raise DataError("X: it has no rows")
        flat = array.reshape(len(array), -1) if array.ndim != 1 else array.reshape(1, -1)
        if flat.shape[1] != len(columns):
            raise DataError(f"X: rows of {flat.shape[1]} columns, but the model was trained on {len(columns)}")
        if flat.dtype.kind in "biuf" and all(column.kind in ("number", "boolean") for column in columns):
            cells = np.where(are_marks(flat, Spelling.of(trained)), np.nan, flat)
            _check_cells(cells, columns)
            return finite_inputs(cells, preprocessing)
        x = dict(zip((column.name for column in columns), flat.astype(object).T, strict=True))
    reading = {name: getattr(trained, name) for name in ("dates", "missing")}
    options = DataOptions(target=preprocessing.targets, **reading)
    wanted = Wanted(options, {column.name: column.kind for column in columns})
    table = read_frame(as_frame(x).infer_objects(), TableWriter(MemoryEntry()), wanted)
    entry = encode_rows(MemoryEntry(), table, preprocessing, "the data frame")
    for texts in entry.meta["unknown"]:
        warn_caller(f"X: {UnknownTexts(**texts).sentence()}")
    encoded: NDArray[Any] = entry.arrays["new_x"]
    return encoded


def encode_targets(y: Any, rows: int, preprocessing: Preprocessing) -> NDArray[Any]:
    """Targets of new rows, checked.

    Args:
        y: an array, lists, a series or a data frame: the classes `(rows,)`, labels `(rows, targets)`, or values
            `(rows,)` or `(rows, targets)` in their own units.
        rows: the number of rows of X.
        preprocessing: what was fitted in training.

    Returns:
        Class codes `(rows,)`, or labels or float64 values in their own units `(rows, targets)`.

    Raises:
        DataError: another number of rows or targets, a class that the training rows did not have, a label other than 0
            and 1, or a value that is not a finite number.
    """
    array, targets = as_array(y, "y"), len(preprocessing.targets)
    shape = (rows, targets)
    if array.shape != shape and (targets > 1 or array.shape != (rows,)):
        expected = shape if targets > 1 else (rows,)
        raise DataError(f"y: got the shape {array.shape}, expected {expected}, one row for each row of X")
    if preprocessing.classes is not None:
        return _class_codes(array.ravel().tolist(), preprocessing.classes)
    try:
        values = np.asarray(array.reshape(shape), np.float64, order="C")  # frames come column by column
    except (TypeError, ValueError):
        raise DataError(f"y: got {quote(array.ravel()[:3].tolist())} and so on, expected numbers") from None
    labels = preprocessing.task == "multilabel"
    usable = (values == 0) | (values == 1) if labels else np.isfinite(values)
    if not usable.all():
        row, target = np.argwhere(~usable)[0].tolist()
        wanted = "0 or 1" if labels else "a finite number"
        raise DataError(
            f"y: row {row} has {values[row, target]:g} for the target "
            f"{quote(preprocessing.targets[target])}, expected {wanted}"
        )
    return values.astype(np.int64) if labels else values


def checked_weights(weights: Any, rows: int) -> NDArray[np.float64]:
    """The weights of new rows, float64 `(rows,)`.

    Raises:
        DataError: another number of them, one that is no number of at least 0, or all are 0.
    """
    try:
        found = np.asarray(as_array(weights, "weights"), np.float64)
    except (DataError, TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (rows,) or not (np.isfinite(found) & (found >= 0)).all() or not found.any():
        raise DataError(f"weights: expected {rows} numbers of at least 0, one for each row of X, and not all of them 0")
    return found


def class_labels(classes: Sequence[str]) -> NDArray[Any]:
    """The classes as a program has them, by code: booleans or integers where their names spell these, else texts.

    >>> class_labels(["0", "1", "10"]), class_labels(["false", "true"]), class_labels(["01", "2"])
    (array([ 0,  1, 10]), array([False,  True]), array(['01', '2'], dtype='<U2'))
    """
    if set(classes) <= {"false", "true"}:
        return np.array([name == "true" for name in classes])
    if all(INTEGER.fullmatch(name) for name in classes):
        return np.array([int(name) for name in classes])
    return np.array(classes)


def _check_cells(cells: NDArray[Any], columns: Sequence[Column]) -> None:
    """Refuse what columns of a table could not hold: infinite numbers, and other booleans than 0 and 1."""
    wrong = np.isinf(cells)
    truths = [at for at, column in enumerate(columns) if column.kind == "boolean"]
    wrong[:, truths] = ~(np.isin(cells[:, truths], (0, 1)) | np.isnan(cells[:, truths]))
    for row, at in np.argwhere(wrong)[:1].tolist():
        expected = "0 or 1" if at in truths else "a finite number"
        raise DataError(
            f"X: row {row} has {cells[row, at]:g} in the column {quote(columns[at].name)}, expected {expected}"
        )


def _class_codes(values: Sequence[Any], classes: Sequence[str]) -> NDArray[np.int64]:
    for row, value in enumerate(values):
        if not isinstance(value, str) and str(value) in NO_CLASS:
            raise DataError(f"y: row {row} has {value}, expected one of the classes {listed(classes)}")
    names = list(map(class_name, values))
    distinct = [*dict.fromkeys(names)]
    codes = dict(zip(distinct, find_classes(distinct, classes), strict=True))
    if unknown := [name for name in distinct if codes[name] < 0]:
        raise DataError(f"y: the model does not know the class {quote(unknown[0])}, but {listed(classes)}")
    return np.array([codes[name] for name in names], np.int64)
