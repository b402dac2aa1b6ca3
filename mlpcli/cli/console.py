"""Printing for all commands: results to stdout, messages to stderr, colour and boxes only on a terminal.

Text from files and arguments goes through `plain`, so it can neither move the cursor nor act as markup.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

__all__ = ["error", "is_terminal", "message", "plain", "print_json", "table", "warning"]

LONGEST = 1_500  # characters of a line of an error


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a stream, stdout by default, can show colour and moving lines."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def message(text: str, *, quiet: bool = False) -> None:
    """Print a line on stderr unless `quiet`."""
    if not quiet:
        print(plain(text), file=sys.stderr, flush=True)


def warning(text: str) -> None:
    """Print a line on stderr that begins with `mlpcli: warning:`."""
    message(f"mlpcli: warning: {_shortened(text)}")


def error(text: str) -> None:
    """Print a line on stderr that begins with `mlpcli: error:`."""
    message(f"mlpcli: error: {_shortened(text)}")


def _shortened(text: str) -> str:
    """The text with the middle of every line beyond 1,500 characters left out: a name may have a million."""
    lines = text.split("\n")
    return "\n".join(
        line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}" for line in lines
    )


def plain(text: str) -> str:
    """Text with control and other invisible characters escaped; a line break stays only before an indented line."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or text.startswith("\n  ", at) else repr(character)[1:-1]
        for at, character in enumerate(text)
    )


def print_json(content: object) -> None:
    """Print one JSON object on stdout; ValueError for nan and infinities, which JSON does not have."""
    print(json.dumps(content, indent=2, allow_nan=False))


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None, boxed: bool = True
) -> None:
    """Print a table on stdout: boxed on a terminal, aligned columns elsewhere or if `boxed` is false. None is empty.

    Columns of numbers are aligned to the right; `-` and an empty cell stand for no number.
    """
    cells = [["" if cell is None else plain(str(cell)) for cell in row] for row in rows]
    names = [plain(header) for header in headers]
    right = [all(_is_number(row[column]) for row in cells) for column in range(len(names))]
    if boxed and is_terminal():
        _print_boxed(names, cells, right, title)
    else:
        _print_aligned(names, cells, right, title)


def _is_number(cell: str) -> bool:
    try:
        float("0" if cell in ("", "-") else cell)
    except ValueError:
        return False
    return True


def _print_boxed(names: list[str], cells: list[list[str]], right: list[bool], title: str | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=title and Text(plain(title)), title_justify="left")
    for name, numeric in zip(names, right, strict=True):
        grid.add_column(Text(name), justify="right" if numeric else "left")
    for row in cells:
        grid.add_row(*map(Text, row))
    Console(highlight=False).print(grid)


def _print_aligned(names: list[str], cells: list[list[str]], right: list[bool], title: str | None) -> None:
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = [plain(title)] if title else []
    for row in (names, *cells):
        padded = [
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    print("\n".join(lines))
