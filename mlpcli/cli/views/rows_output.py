"""Rows in the format that is asked for: a table that fits the terminal, JSON, CSV, Markdown or LaTeX.

JSON and CSV have every number to its last bit; the others are for reading.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from mlpcli.cli.console import plain, print_json
from mlpcli.cli.flags import PANEL
from mlpcli.cli.text_table import Column, print_columns
from mlpcli.cli.views.epoch_view import short
from mlpcli.cli.views.sweep_report import option_cell
from mlpcli.config import OPTIONS

__all__ = ["Format", "FormatFlag", "cell", "print_rows"]


class Format(StrEnum):
    """Formats of rows."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


FormatFlag = Annotated[Format, typer.Option("--format", help="format of the rows", rich_help_panel=PANEL)]

_LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    form: Format,
    *,
    key: str,
    expendable: Sequence[str] = (),
) -> None:
    """Print these columns of the rows.

    Args:
        rows: values by column; a column that a row lacks is empty.
        columns: what to print, in order.
        form: the format; JSON has every column, under `key`.
        key: the name of the list in JSON.
        expendable: columns that a narrow terminal goes without, the first to go first.
    """
    if form is Format.JSON:
        print_json({key: rows})
    elif form is Format.CSV:
        from mlpcli.results.files.csv_text import line

        text = "".join(line(row.get(name) for name in columns) for row in rows)
        print(line(columns) + text, end="")
    else:
        found = [Column(name, _cells(name, [row.get(name) for row in rows])) for name in columns]
        if form is Format.TABLE:
            print_columns(found, expendable=expendable, elsewhere="--columns or --json")
            return
        cells = [list(map(plain, row)) for row in zip(*(column.cells for column in found), strict=True)]
        (_print_markdown if form is Format.MARKDOWN else _print_latex)(columns, cells)


def cell(name: str, value: object) -> str:
    """A value for reading: numbers short, options as they are typed, nothing for no value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return option_cell(value) if name in OPTIONS or isinstance(value, tuple | list) else short(value)


def _cells(name: str, values: Sequence[Any]) -> list[str]:
    """The cells of a column; of 20,000 trials most are numbers, and other values are few."""
    kinds = set(map(type, values)) - {type(None)}
    if name not in OPTIONS and kinds == {float}:
        return list(map(short, values))
    if len(kinds) == 1 and kinds <= {float, int, str}:
        texts = {value: cell(name, value) for value in set(values)}
        return [texts[value] for value in values]
    return [cell(name, value) for value in values]


def _print_markdown(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in cells:
        print("| " + " | ".join(text.replace("|", r"\|") for text in row) + " |")


def _print_latex(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    numeric = [Column(name, [row[at] for row in cells]).is_numeric for at, name in enumerate(columns)]
    print(r"\begin{tabular}{" + "".join("r" if right else "l" for right in numeric) + "}")
    for place, row in enumerate((columns, *cells)):
        print(" & ".join("".join(_LATEX.get(character, character) for character in text) for text in row) + r" \\")
        if place == 0:
            print(r"\hline")
    print(r"\end{tabular}")
