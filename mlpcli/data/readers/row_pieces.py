"""Rows of a table that is read as a stream: a piece at a time, with columns that are copied as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlpcli.data.cache.table import Table
from mlpcli.errors import UsageError
from mlpcli.wording import listed, nearest, quote

__all__ = ["RowPiece", "kept_places"]


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
