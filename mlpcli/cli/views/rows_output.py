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
from mlpcli.cli.views.cells import column
from mlpcli.results.reading.selected import column_values

__all__ = ["Format", "FormatFlag", "print_rows"]


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
    elsewhere: str = "--json",
) -> None:
    """Print these columns of the rows.

    Args:
        rows: values by column; a column that a row lacks is empty.
        columns: what to print, in order.
        form: the format; JSON has every column, under `key`.
        key: the name of the list in JSON.
        expendable: columns that a narrow terminal goes without, the first to go first.
        elsewhere: the flags that show the columns left out.
    """
    if form is Format.JSON:
        print_json({key: list(rows)})
    elif form is Format.CSV:
        from mlpcli.results.files.csv_text import line, lines

        print(line(columns) + lines([column_values(rows, name) for name in columns]), end="")
    else:
        found = [column(name, column_values(rows, name)) for name in columns]
        if form is Format.TABLE:
            print_columns(found, expendable=expendable, elsewhere=elsewhere)
            return
        cells = [list(map(plain, row)) for row in zip(*(part.cells for part in found), strict=True)]
        (_print_markdown if form is Format.MARKDOWN else _print_latex)(columns, cells)


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
