"""The data summary on the terminal: a line per column, alike neighbours on one line, and what is unusual below."""

import itertools
import shutil
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlpcli.cli.console import plain, taken, warning, wrapped
from mlpcli.wording import listed, quote

if TYPE_CHECKING:
    from mlpcli.data import ColumnSummary
    from mlpcli.data.prepared.column_summary import UnknownTexts

__all__ = ["summary_lines", "warn_of_columns"]

HEADERS = ("column", "kind", "inputs", "gaps", "values")
MOST = 20  # lines of columns
LONGEST_NAME = 32  # columns of the terminal


def summary_lines(summary: "Sequence[ColumnSummary]") -> Iterator[str]:
    """The summary as aligned lines that fit the terminal, and the notes on its columns."""
    rows = [row for _, members in itertools.groupby(summary, key=_alike) for row in _rows(list(members))]
    table = [list(HEADERS), *([_cut(row[0], LONGEST_NAME), *row[1:]] for row in rows[:MOST])]
    widths = [max(taken(row[at]) for row in table) for at in range(len(HEADERS))]
    room = shutil.get_terminal_size((80, 24)).columns
    for name, kind, inputs, gaps, values in table if summary else ():
        numbers = f"{inputs.rjust(widths[2])}  {gaps.rjust(widths[3])}"
        filled = name + " " * (widths[0] - taken(name))
        yield _cut(f"  {filled}  {kind.ljust(widths[1])}  {numbers}  {values}".rstrip(), room)
    if len(rows) > MOST:
        yield f"  … {len(rows) - MOST} more; a run's columns.csv and --json have all of them"
    by_note: dict[str, list[str]] = {}
    for column in summary:
        if column.note and column.role != "left out":
            by_note.setdefault(column.note, []).append(column.name)
    for note, names in by_note.items():
        yield from wrapped(f"  {listed(names)}: {note}", room, indent=4)


def warn_of_columns(summary: "Sequence[ColumnSummary]", unknown: "Sequence[UnknownTexts]" = ()) -> None:
    """Name every column that the network does not see although nobody left it out, and texts that it does not know."""
    for column in filter(_is_unseen, summary):
        warning(f"column {quote(column.name)} is left out: {column.note}")
    for texts in unknown:
        warning(texts.sentence())


def _is_unseen(column: "ColumnSummary") -> bool:
    return column.role == "left out" and column.kind != ""


def _alike(column: "ColumnSummary") -> tuple[object, ...]:
    """Neighbours of equal keys share a line: numbers without gaps differ in their names and values only."""
    if column.role == "input" and column.kind != "text" and not column.gaps:
        return (column.kind, column.inputs)
    return tuple(column)


def _rows(alike: "list[ColumnSummary]") -> list[list[str]]:
    first, last = alike[0], alike[-1]
    if len(alike) == 1:
        kind = first.kind if first.role == "input" else first.role
        inputs = str(first.inputs) if first.role == "input" else ""
        return [[plain(first.name), kind, inputs, str(first.gaps or ""), plain(first.values)]]
    name = f"{_cut(first.name, 12)} … {_cut(last.name, 12)}"
    return [[plain(name), first.kind, str(sum(column.inputs for column in alike)), "", f"{len(alike)} columns"]]


def _cut(text: str, width: int) -> str:
    """The text, with its end as `…` where it would take more columns of the terminal."""
    if taken(text) <= width:
        return text
    filled = itertools.accumulate(map(taken, text))
    return text[: sum(columns < width for columns in filled)] + "…"
