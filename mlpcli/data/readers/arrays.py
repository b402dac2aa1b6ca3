"""Arrays X and y into a table, whether they come from an NPZ file or from memory.

X has one row per example (images are flattened), y one or more values per row. Texts, booleans and whole numbers in y
may be classes.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Kind, Table, TableColumn, TableWriter, blocks_of
from mlpcli.data.readers.text.cells import LARGEST_WHOLE, MOST_CLASSES
from mlpcli.errors import DataError

__all__ = ["are_pictures", "cell_type", "check_block", "check_shape", "input_columns", "read_arrays", "read_y"]

MOST_COLUMNS = 1 << 20
MIXED = "Give texts and numbers together as a data frame, a dict of columns, or a CSV file"


def read_arrays(x: NDArray[Any], y: NDArray[Any], writer: TableWriter, where: str) -> Table:
    """The table of X, (rows, ...), and y, (rows,) or (rows, targets).

    Raises:
        DataError: they hold something else; the message begins with `where`.
    """
    check_shape("X", x.shape, x.dtype, where)
    are_texts = y.dtype == object and all(value is None or isinstance(value, str) for value in y.ravel().tolist())
    check_shape("y", y.shape, np.dtype("U1") if are_texts else y.dtype, where)
    if len(x) != len(y):
        raise DataError(f"{where}: {len(x)} rows in X, but {len(y)} in y")
    values, targets = read_y(y.reshape(len(y), -1), where)
    flat = x.reshape(len(x), -1)
    cells = cell_type(x.dtype, values)
    for rows in blocks_of(*flat.shape):
        check_block(flat[rows], rows.start, where)
        writer.append(np.column_stack([flat[rows], values[rows]]).astype(cells))
    return writer.finish([*input_columns(flat.shape[1], x.dtype), *targets], [target.name for target in targets])


def read_y(y: NDArray[Any], where: str) -> tuple[NDArray[Any], list[TableColumn]]:
    """The targets (rows, targets), of type object texts with None for a gap, as numbers or codes, and their columns."""
    names = ["y"] if y.shape[1] == 1 else [f"y{i + 1}" for i in range(y.shape[1])]
    if y.shape[1] == 1 and y.dtype.kind in "USbiu":
        values, codes = np.unique(y[:, 0], return_inverse=True)
        if len(values) <= MOST_CLASSES or y.dtype.kind in "US":
            texts = tuple(str(value).lower() if y.dtype.kind == "b" else str(value) for value in values.tolist())
            return codes[:, None], [TableColumn("y", "text", texts)]
    if y.shape[1] == 1 and y.dtype == object:
        given = np.array([value is not None for value in y[:, 0]])
        values, found = np.unique(y[given, 0].astype(str), return_inverse=True)
        codes = np.full(y.shape, np.nan)
        codes[given, 0] = found
        return codes, [TableColumn("y", "text", tuple(values.tolist()))]
    check_block(y, 0, where)
    return y, [TableColumn(name) for name in names]


def input_columns(width: int, dtype: np.dtype[Any]) -> list[TableColumn]:
    """The columns of X: x1, x2, ..."""
    kind: Kind = "boolean" if dtype == np.bool_ else "number"
    return [TableColumn(f"x{i + 1}", kind) for i in range(width)]


def check_shape(name: str, shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> None:
    """Raise DataError for an array that has no rows or too many columns, or that holds neither numbers nor texts."""
    known = dtype.kind in "biufUS" and dtype.itemsize > 0
    if not known or not shape or min(shape) < 1 or math.prod(shape[1:]) > MOST_COLUMNS:
        remedy = f". {MIXED}" if name == "X" and dtype.kind == "O" else ""
        raise DataError(
            f"{where}: {name} of dtype {dtype} and shape {shape} is not a table of numbers or texts{remedy}"
        )


def check_block(block: NDArray[Any], first_row: int, where: str) -> None:
    """Raise DataError for what cannot be a number: text, infinity, a whole number too wide to hold."""
    if block.dtype.kind in "USO":
        raise DataError(f"{where}: texts among the numbers of X and y; only y of one column may be texts. {MIXED}")
    wrong = np.isinf(block) if block.dtype.kind == "f" else (block > LARGEST_WHOLE) | (block < -LARGEST_WHOLE)
    for row, column in np.argwhere(wrong)[:1].tolist():
        raise DataError(f"{where}, row {first_row + row}, column {column}: {block[row, column]} is too large")


def cell_type(x_type: Any, y: NDArray[Any]) -> Any:
    """The smallest type that holds every cell exactly: bytes for images, float32 for data that were no wider."""
    codes = y.dtype.kind in "biu" and int(y.min(initial=0)) >= 0 and int(y.max(initial=0)) < 256
    if codes and x_type in (np.uint8, np.bool_):
        return np.uint8
    return np.result_type(np.float32, x_type, np.uint8 if codes else y.dtype)


def are_pictures(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether X is 8-bit pictures `(rows, height, width, ...)`, which are scaled as those of IDX files are."""
    return len(shape) > 2 and dtype == np.uint8
