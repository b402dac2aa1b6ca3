"""Rows of a table that is read as a stream: a piece at a time, with columns that are copied as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table
from mlpcli.data.readers.column_reader import ColumnReader
from mlpcli.errors import UsageError
from mlpcli.wording import listed, nearest, quote

__all__ = ["RowPiece", "kept_places", "table_of"]


@dataclass(frozen=True)
class RowPiece:
    """Some rows of a table, and the cells of the columns that are kept, column by column."""

    table: Table
    kept: Sequence[Sequence[Any]] = ()


def kept_places(names: Sequence[str], keep: Sequence[str], where: str) -> list[tuple[str, int]]:
    """The names of the kept columns, each with its place in the file.

    Raises:
        UsageError: the file has no such column.
    """
    for name in keep:
        if name not in names:
            known = nearest(name, names) or f" (columns: {listed(names)})"
            raise UsageError(f"keep: {where} has no column {quote(name)}{known}")
    return [(name, names.index(name)) for name in keep]


def table_of(cells: NDArray[np.float64], columns: Sequence[ColumnReader]) -> Table:
    """The table of these cells; its texts are those that the columns have seen."""
    return Table(cells, tuple(column.finish() for column in columns), (), None, None, "")
