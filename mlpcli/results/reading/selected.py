"""Rows filtered by a condition, sorted by a column and cut: what `--where`, `--sort` and `--top` ask for.

>>> rows = [{"name": "a", "loss": 0.5}, {"name": "b", "loss": None}, {"name": "c", "loss": 0.2}]
>>> [row["name"] for row in select(rows, where="name != 'a'", sort="loss")]
['c', 'b']
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from mlpcli.condition import Vocabulary, parse_condition
from mlpcli.errors import UsageError
from mlpcli.wording import listed, nearest, quote, sentence

__all__ = ["check_columns", "column_names", "select"]

Rows = Sequence[Mapping[str, Any]]


def select(
    rows: Rows, *, where: str | None = None, sort: str | None = None, top: int | None = None
) -> Sequence[Mapping[str, Any]]:
    """The rows that are asked for.

    Args:
        rows: values by column; a column that a row lacks is empty.
        where: a condition on columns; a comparison with an empty cell does not hold, except by != and not in.
        sort: the column to sort by, with `-` before it from the largest; empty cells come last.
        top: the most rows to keep.

    Raises:
        UsageError: a column that no row has, or a condition that cannot be read or evaluated.
    """
    names = column_names(rows)
    if where is not None and rows:
        try:
            condition = parse_condition(where, Vocabulary("column", lambda name: _value(name, names), has_gaps=True))
            rows = [row for row in rows if condition.holds(row)]
        except ValueError as error:
            raise UsageError(f"--where {quote(where)}: {error}") from None
    if sort is not None and names:
        name = sort.removeprefix("-")
        check_columns([name], names, "--sort")
        filled = [row for row in rows if row.get(name) is not None]
        empty = [row for row in rows if row.get(name) is None]
        filled.sort(key=lambda row: _key(row[name]), reverse=sort.startswith("-"))
        rows = [*filled, *empty]
    return rows[:top]


def column_names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every column that some row has, in order."""
    return list(dict.fromkeys(chain.from_iterable(rows)))


def check_columns(wanted: Sequence[str], names: Sequence[str], flag: str) -> None:
    """Raise UsageError for the first column that no row has."""
    for name in wanted:
        if name not in names:
            raise UsageError(f"{flag} {quote(name)}: {sentence(_unknown(name, names))}")


def _value(name: str, names: Sequence[str]) -> Callable[[Mapping[str, Any]], object]:
    if name not in names:
        raise ValueError(_unknown(name, names))
    return lambda row: row.get(name)


def _unknown(name: str, names: Sequence[str]) -> str:
    return f"no such column: {name[:60]}{nearest(name, names) or f'; there are {listed(names)}'}"


def _key(value: object) -> tuple[int, Any]:
    """Numbers before texts, so that a column of both has an order."""
    if isinstance(value, int | float):
        return 0, value
    return 1, str(value)
