"""Values of a Python program: lists and arrays of any library as one array, tables as a data frame of pandas.

Gaps stay gaps: NumPy alone makes the text "nan" of one in a list of texts, and takes the number under a mask for a
value.

>>> as_array(["yes", float("nan"), "no"], "y"), as_array([1, None], "y")
(array(['yes', None, 'no'], dtype=object), array([ 1., nan]))
>>> frame = as_frame([{"size": 1.5, "color": "red"}, {"size": None, "color": "blue"}])
>>> list(frame.columns), len(frame)
(['size', 'color'], 2)
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.errors import DataError
from mlpcli.notices import warn_caller

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_array", "as_frame", "is_frame", "warn_of_other_order"]

GAPS = frozenset(("None", "nan", "NaT", "<NA>"))
"""Values that stand for none, as Python prints them; a text of the same letters is a text."""

LAZY = "collect_schema"
"""What frames of polars have, lazy ones without `to_pandas`. To ask a lazy one for its columns would cost a warning."""


def as_array(values: Any, name: str) -> NDArray[Any]:
    """An array of numbers, booleans or texts.

    One of type object has texts or booleans as texts, and None where there is no value; or it has values of several
    types or of another one, such as dates.

    Raises:
        DataError: rows of different lengths, or values of other types; the message begins with `name`.
    """
    try:
        masked = isinstance(values, np.ma.MaskedArray) and values.mask.any()
        array = _filled(values) if masked else np.asarray(values)
        if array.dtype.kind in "OT":
            array = _of_objects(array)
        elif array.dtype.kind == "U" and not isinstance(values, np.ndarray):  # a list, whose gaps are texts now
            given = _of_objects(np.asarray(values, object))
            array = array if given.dtype.kind != "O" or None not in given.ravel().tolist() else given
    except ValueError:
        raise DataError(f"{name}: its rows have different lengths") from None
    if array.ndim == 0 or array.dtype.kind not in "biufUO":
        got = f"an array of {array.dtype}" if array.ndim else type(values).__name__
        dates = "; a data frame may have dates" if array.dtype.kind == "M" else ""
        raise DataError(f"{name}: got {got}, expected an array, or lists, of numbers or texts{dates}")
    return array


def is_frame(data: object) -> bool:
    """Whether `as_frame` takes the data: a data frame of any library, a dict of columns, a list of rows as dicts, or a
    structured array of NumPy.
    """
    if isinstance(data, list):
        return bool(data) and isinstance(data[0], dict)
    if getattr(getattr(data, "dtype", None), "names", None):
        return True
    return isinstance(data, dict) or any(hasattr(data, name) for name in ("to_pandas", LAZY, "columns"))


def as_frame(data: Any) -> "pd.DataFrame":
    """The data as a pandas data frame.

    Raises:
        DataError: a dict or a list that is no table.
    """
    import pandas as pd

    if hasattr(data, LAZY) and not hasattr(data, "to_pandas"):
        data = data.collect()
    if hasattr(data, "to_pandas"):
        try:
            return pd.DataFrame(data.to_pandas())
        except ImportError:  # polars goes through pyarrow, which may not be installed
            data = data.to_dict(as_series=False)
    try:
        return pd.DataFrame(data)
    except (AttributeError, TypeError, ValueError) as error:  # the first of pandas 2, for rows that are no dicts
        reason = str(error).rstrip("!.")
        raise DataError(
            f"the data frame: {reason}. Give columns of equal length, or rows as dicts in a list"
        ) from error


def warn_of_other_order(x: Any, other: Any, name: str) -> None:
    """Warn where the rows of two pandas objects have the same labels in another order: they are matched by position.

    Args:
        x: the rows, pandas or not.
        other: what belongs to them.
        name: the name of `other`.
    """
    pandas = sys.modules.get("pandas")  # what is pandas's has been made by it
    if pandas is None or not all(isinstance(one, pandas.DataFrame | pandas.Series) for one in (x, other)):
        return
    first, second = x.index, other.index
    if len(first) != len(second) or first.equals(second) or not (first.is_unique and second.is_unique):
        return
    if second.isin(first).all():
        warn_caller(
            f"{name}: its index has the labels of X's index in another order, and rows are matched by position. "
            f"If the labels say which rows belong together, give {name}.loc[X.index]"
        )


def _filled(values: Any) -> NDArray[Any]:
    """A masked array with gaps in place of what is masked."""
    if values.dtype.kind in "iuf":
        return np.asarray(np.ma.filled(values.astype(np.result_type(values.dtype, np.float16)), np.nan))
    objects = values.astype(object)
    objects[np.ma.getmaskarray(values)] = None
    return np.asarray(objects)


def _of_objects(array: NDArray[Any]) -> NDArray[Any]:
    """The array in the type that all its values have, gaps aside, or as it is where they have several."""
    cells = array.ravel().tolist()
    present = [cell for cell in cells if not _is_gap(cell)]
    texts = sum(isinstance(cell, str) for cell in present)
    if len(present) == len(cells):
        return np.array(array.tolist()) if texts in (0, len(cells)) else array
    flags = all(isinstance(cell, bool | np.bool_) for cell in present)
    if not texts and not flags:
        return np.array([np.nan if _is_gap(cell) else cell for cell in cells]).reshape(array.shape)
    found = np.empty(len(cells), object)
    found[:] = [None if _is_gap(cell) else str(cell).lower() if flags else cell for cell in cells]
    return found.reshape(array.shape)


def _is_gap(cell: Any) -> bool:
    return not isinstance(cell, str) and str(cell) in GAPS
