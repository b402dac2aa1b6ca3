"""The weights of rows: read from a column of the table, and brought to a mean of 1.

A weight of 2 is worth a second copy of the row, and a row of weight 0 counts for nothing, in the loss and in every
metric. The scaling of the inputs heeds no weights, that of regression targets does.
"""

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["read_weights", "relative_weights"]

Floats = NDArray[np.float64]


def read_weights(table: Table, column: int, rows: NDArray[np.int64], words: str = "rows") -> Floats:
    """The weights of these rows, which messages call `words`: float64 (rows,), as the table has them.

    Raises:
        DataError: a weight is missing, negative or no number, or all of them are 0.
    """
    name = quote(table.columns[column].name)
    if (kind := table.columns[column].kind) not in ("number", "boolean"):
        raise DataError(f"weights: column {name} holds {kind}s. Nothing was written. Name a column of numbers")
    weights: Floats = table.column(column)[rows].astype(np.float64)
    for at in np.flatnonzero(~(weights >= 0))[:1]:
        held = "no value" if np.isnan(weights[at]) else f"{weights[at]:g}"
        raise DataError(
            f"weights: row {rows[at]} has {held} in column {name}, expected a number of 0 or more. Nothing was "
            "written. Correct the cell"
        )
    if not weights.any():
        raise DataError(
            f"weights: all {len(weights)} {words} have the weight 0 in column {name}. Nothing was written. Use other "
            "weights, or other rows"
        )
    return weights


def relative_weights(weights: Floats) -> Floats:
    """The weights over their mean."""
    scaled = weights / weights.max()  # so that no sum overflows
    relative: Floats = scaled / scaled.mean()
    return relative
