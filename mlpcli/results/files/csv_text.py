"""Numbers and names as CSV text: exact to the last bit, harmless in a spreadsheet, and back.

Python's own writer (3.11) leaves a lone carriage return unquoted, which its reader then takes for the end of a row, so
quoting is done here.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "cell",
    "column",
    "encode",
    "line",
    "lines",
    "number",
    "numbers",
    "parse",
    "parse_columns",
    "table",
    "text",
    "word",
]

_SPELLING = r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf|nan)"
_NUMBER = re.compile(_SPELLING, re.ASCII)
_NUMBERS = re.compile(rf"{_SPELLING}?(?:,{_SPELLING}?)*", re.ASCII)
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_PLAIN = (float, int)
_QUOTED = re.compile(r'[",\r\n]')


def word(value: object) -> str:
    """One value as text, as the command line takes it.

    None becomes the empty text, an integer its digits, a float the shortest text that reads back as the same float64
    (float32 is converted first), a tuple its members with commas between them.

    >>> [word(value) for value in (None, 3, 0.1, True, (64, 32), "=1+1")]
    ['', '3', '0.1', 'true', '64,32', '=1+1']
    """
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return ",".join(map(word, value)) if isinstance(value, tuple | list) else str(value)


def cell(value: object) -> str:
    """One value as the text of a cell, before quoting: its `word`.

    Text that a spreadsheet would run as a formula gets a leading apostrophe (CWE-1236); numbers, negative ones too, are
    never touched.

    >>> [cell(value) for value in (None, 0.1, -0.5, "=1+1", "-1", ("-a", "b"))]
    ['', '0.1', '-0.5', "'=1+1", '-1', "'-a,b"]
    """
    plain = word(value)
    return f"'{plain}" if _FORMULA.match(plain) and not _NUMBER.fullmatch(plain) else plain


def text(cell: str) -> str:
    """The text that a cell stands for, without the apostrophe that `cell` adds.

    >>> text("'=1+1"), text("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def number(cell: str) -> int | float | None:
    """The number that a cell holds, None for an empty one; an integer beyond float64 is infinite, as 1e400 is.

    Raises:
        ValueError: for any other text.
    """
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{cell[:200]!r} is not a number")
    value = float(cell)
    return int(cell) if cell.lstrip("+-").isdigit() and math.isfinite(value) else value


def numbers(cells: Sequence[str]) -> list[float]:
    """The numbers that cells hold, nan for an empty one; as strict as `number`, and faster over a row.

    >>> numbers(["0.5", "", "-inf"])
    [0.5, nan, -inf]

    Raises:
        ValueError: one of the cells is no number.
    """
    if not _NUMBERS.fullmatch(",".join(cells)):
        raise ValueError(f"{','.join(cells)[:200]!r} are not numbers")
    return [float(cell) if cell else math.nan for cell in cells]


def column(cells: Sequence[str]) -> list[int | float | None]:
    """The numbers that cells hold, each as `number` reads it, and faster over a column.

    >>> column(["0.5", "", "3", "-1e-05"])
    [0.5, None, 3, -1e-05]

    Raises:
        ValueError: one of the cells is not a finite number.
    """
    together = "".join(cells)
    if together.encode().translate(None, b"0123456789.eE+-"):
        raise ValueError("not all cells are finite numbers")
    if together.count(".") == len(cells):  # one in each, since float refuses two
        return list(map(float, cells))  # of these characters, it takes what `number` takes
    return [float(cell) if "." in cell else number(cell) for cell in cells]


def line(values: Iterable[object]) -> str:
    """One row, with its line end."""
    cells = [repr(value) if type(value) in _PLAIN else _spelled(value) for value in values]
    return (",".join(cells) if cells != [""] else '""') + "\n"  # an empty line would be no row at all


def lines(columns: Sequence[Sequence[object]]) -> str:
    r"""Rows that are given by column, each as `line` writes it; faster over many rows.

    >>> lines([[0, 1], ["a,b", None]])
    '0,"a,b"\n1,\n'
    """
    if len(columns) == 1:
        return "".join(line([value]) for value in columns[0])
    return "".join(map("{}\n".format, map(",".join, zip(*map(_cells, columns), strict=True))))


def _cells(column: Sequence[object]) -> Iterable[str]:
    kinds = set(map(type, column))
    if kinds.issubset(_PLAIN):
        return map(repr, column)
    if kinds == {str}:
        spelled = {value: _quoted(cell(value)) for value in set(column)}
        return map(spelled.__getitem__, column)
    return list(map(_spelled, column))


def _spelled(value: object) -> str:
    return "" if value is None else _quoted(cell(value))


def _quoted(plain: str) -> str:
    return '"' + plain.replace('"', '""') + '"' if _QUOTED.search(plain) else plain


def table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    r"""A whole table, header first; every row has exactly the columns.

    >>> table(["a", "b"], [{"a": 1, "b": None}])
    'a,b\n1,\n'
    """
    return line(columns) + "".join(line(row[column] for column in columns) for row in rows)


def encode(text: str) -> bytes:
    """The text in UTF-8; characters that it cannot hold, such as odd bytes of a file name, become escapes."""
    return text.encode("utf-8", "backslashreplace")


def parse(data: bytes) -> list[list[str]]:
    """The rows of a table as cells of text, the header first.

    Raises:
        ValueError: the data are not UTF-8 or not CSV, or a row has another length, which the message names.
    """
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"row {index + 1} has {len(row)} cells, the header {len(rows[0])}")
    return rows


def parse_columns(data: bytes) -> list[list[str]]:
    r"""The columns of a table as cells of text, the header's first; as `parse`, and faster over many rows.

    >>> parse_columns(b"a,b\n1,2\n3,\n")
    [['a', '1', '3'], ['b', '2', '']]
    """
    text = data.decode("utf-8").removesuffix("\n")
    width = text.partition("\n")[0].count(",") + 1
    cells = text.replace("\n", ",\n,").split(",")  # line ends become cells, one after each row of the header's length
    is_plain = '"' not in text and "\r" not in text and len(cells) % (width + 1) == width
    is_even = set(cells[width :: width + 1]) <= {"\n"} and cells.count("\n") == len(cells) // (width + 1)
    if not is_plain or not is_even or (width == 1 and "" in cells):
        return [list(column) for column in zip(*parse(data), strict=True)]
    return [cells[at :: width + 1] for at in range(width)]
