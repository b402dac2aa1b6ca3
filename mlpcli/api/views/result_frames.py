r"""The tables of results as pandas data frames, by the declaration of their columns and equal to the last bit.

>>> frame = frame_of("metrics.csv", "epoch,val_loss\n1,0.30000000000000004\n2,\n")
>>> frame["epoch"].tolist(), frame["val_loss"].tolist()
([1, 2], [0.30000000000000004, nan])
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.atomic import io_errors
from mlpcli.results.files import csv_text
from mlpcli.results.files.read_file import damaged
from mlpcli.results.schema import csv_schema
from mlpcli.results.schema.csv_column import Column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of", "read_table"]


def read_table(path: Path, remedy: str) -> str | None:
    """The content of a table, None if there is no such file; `remedy` as for `frame_of`.

    Raises:
        DataError: it is not UTF-8.
        FileError: it cannot be read.
    """
    if not path.is_file():
        return None
    try:
        with io_errors("read", path):
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise damaged(path, "it is not UTF-8", remedy) from error


def frame_of(name: str, table: str, folder: Path | None = None, remedy: str = "") -> "pd.DataFrame":
    """The data frame of a CSV file that mlpcli writes; an empty cell of a number is NaN, of a text None.

    Args:
        name: the file's own name, such as metrics.csv.
        table: its content.
        folder: where it stands, None if it is in memory alone.
        remedy: what to do about a damaged file.

    Raises:
        DataError: it is not the table that its name promises.
    """
    import pandas as pd

    try:
        header, *rows = csv_text.parse(table.encode()) or [[]]
        columns = csv_schema.table(name).columns(header)
        cells = list(zip(*rows, strict=True)) or [()] * len(header)
        values = {column.name: _values(column, found) for column, found in zip(columns, cells, strict=True)}
    except ValueError as error:
        raise damaged(Path(name) if folder is None else folder / name, str(error), remedy) from error
    return pd.DataFrame(values)


def _values(column: Column, cells: Sequence[str]) -> Sequence[Any]:
    values: list[Any] = [column.read(cell) for cell in cells]
    if column.kind == "option":
        return _options(values)
    if column.kind in ("count", "number") and None in values:
        return [math.nan if value is None else value for value in values]
    return values


def _options(texts: list[str | None]) -> list[Any]:
    """The values of a varied option: numbers or booleans where every text spells one."""
    if texts and all(text in ("true", "false") for text in texts):
        return [text == "true" for text in texts]
    try:
        numbers = [csv_text.number(text or "") for text in texts]
    except ValueError:
        return list(texts)
    return [math.nan if number is None else number for number in numbers]
