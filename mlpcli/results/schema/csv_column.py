"""One column of a CSV file, and how its cells are read: one by one, or faster, all at once.

>>> Column("epoch", "count", "number of the epoch").read_all(["1", "", "12"])
[1, None, 12]
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from mlpcli.config.identity import HEX, RUN_ID_DIGITS, is_run_id
from mlpcli.results.files import csv_text
from mlpcli.results.trial import STATES

__all__ = ["Column"]

Kind = Literal["count", "flag", "number", "option", "run_id", "state", "text"]


@dataclass(frozen=True)
class Column:
    """One column of a CSV file: its name, kind of value, meaning and unit. An empty cell stands for no value."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    needed: bool = False

    def read(self, cell: str) -> Any:
        """The value of a cell, None for an empty one.

        Raises:
            ValueError: the cell holds no such value; the message says what was expected.
        """
        if not cell and not self.needed:
            return None
        return _READERS[self.kind](cell)

    def read_all(self, cells: Sequence[str]) -> list[Any]:
        """The values of the column's cells, few different ones read once each; ValueError as `read`."""
        different = list(set(cells))
        if len(different) > len(cells) // 2:
            return self._read_each(cells)
        values = dict(zip(different, self._read_each(different), strict=True))
        return list(map(values.__getitem__, cells))

    def _read_each(self, cells: Sequence[str]) -> list[Any]:
        if self.kind in _COLUMN_READERS and not (self.needed and "" in cells):
            with suppress(ValueError):
                return _COLUMN_READERS[self.kind](cells)
        return [self.read(cell) for cell in cells]


def _count(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 20):
        raise ValueError("expected a whole number")
    return int(cell)


def _flag(cell: str) -> bool:
    if cell not in ("true", "false"):
        raise ValueError("expected true or false")
    return cell == "true"


def _number(cell: str) -> float:
    try:
        value = csv_text.number(cell[:400])
    except ValueError:
        value = None
    if value is None:
        raise ValueError("expected a number")
    return value


def _run_id(cell: str) -> str:
    if not is_run_id(cell):
        raise ValueError(f"expected {RUN_ID_DIGITS} hexadecimal digits")
    return cell


def _state(cell: str) -> str:
    if cell not in STATES:
        raise ValueError(f"expected one of {', '.join(STATES)}")
    return cell


_READERS: Mapping[Kind, Callable[[str], Any]] = {
    "count": _count,
    "flag": _flag,
    "number": _number,
    "option": csv_text.text,
    "run_id": _run_id,
    "state": _state,
    "text": csv_text.text,
}


def _counts(cells: Sequence[str]) -> list[int]:
    digits = "".join(cells)
    if not (digits.isascii() and digits.isdigit() and len(max(cells, key=len)) <= 20):
        raise ValueError("not all cells are whole numbers")
    return list(map(int, cells))


def _run_ids(cells: Sequence[str]) -> list[str]:
    if "".join(cells).encode().translate(None, HEX.encode()) or set(map(len, cells)) != {RUN_ID_DIGITS}:
        raise ValueError("not all cells are run_ids")
    return list(cells)


_COLUMN_READERS: Mapping[Kind, Callable[[Sequence[str]], list[Any]]] = {
    "count": _counts,
    "number": csv_text.column,
    "run_id": _run_ids,
}
"""Faster readers of usual columns; where they raise ValueError, each cell is read alone."""
