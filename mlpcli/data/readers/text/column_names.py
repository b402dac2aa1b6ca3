"""The names of a delimited file's columns: from its first line, from the options, or by counting."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from mlpcli.config import DataOptions
from mlpcli.data.readers.text.cells import as_number
from mlpcli.data.readers.text.delimited_records import Piece, read_pieces
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import quote

__all__ = ["read_names"]


def read_names(path: Path, options: DataOptions) -> tuple[list[str], str, Iterator[Piece]]:
    """The names of the columns, the place they stand in for messages, and the pieces that hold the rows.

    Args:
        path: the file.
        options: those that `resolve_delimited` returned; `header` and `column_names` say where the names are.

    Raises:
        DataError: a first line that seems to be a row of numbers.
        UsageError: the number of `column_names` differs from that of the columns.
    """
    assert options.delimiter and options.encoding
    pieces = read_pieces(path, options.delimiter, options.encoding)
    first = next(pieces)  # a single record
    cells = _first_record(path, first)
    where = f"{path}, line {first.lines[0]}"
    given = options.column_names
    other = next((mark for mark in ";\t|," if len(cells) == 1 and mark in cells[0]), None)
    if other:
        shown = "tab" if other == "\t" else quote(other)
        raise DataError(f"{where}: a single column. Use --delimiter {shown}, if it separates columns")
    if given and len(given) != len(cells):
        raise UsageError(f"column_names: {len(given)} names, but {where} has {len(cells)} columns")
    if options.header is False or (given and options.header is None):
        names = list(given or (str(at) for at in range(1, len(cells) + 1)))
        return names, where, chain([replace(first, width=len(cells))], pieces)
    second = next(pieces, None)
    if second is not None and options.header is None:
        _check_header(cells, _first_record(path, second), where)
    # a column without a name mostly holds row numbers that a program wrote; it can be dropped by this name
    names = list(given or (name.strip() or f"column {at}" for at, name in enumerate(cells, 1)))
    return names, where, chain([second] if second else [], pieces)


def _first_record(path: Path, piece: Piece) -> list[str]:
    try:
        return next(piece.cells())
    except csv.Error as error:
        raise DataError(f"{path}, line {piece.lines[0]}: {error}") from error


def _check_header(names: Sequence[str], cells: Sequence[str], where: str) -> None:
    """Refuse a number above a number, unless such names count the columns."""
    numbers = [name.strip() for name in names if as_number(name) is not None]
    if numbers in [[str(at) for at in range(start, start + len(numbers))] for start in (0, 1)]:
        return
    for name, cell in zip(names, cells, strict=True):
        if as_number(name) is not None and as_number(cell) is not None:
            raise DataError(
                f"{where}: {quote(name)} is a number above a column of numbers, so a line of names seems to be "
                "missing. Use --no-header or --column-names, or --header if it is a name"
            )
