r"""The tables of results as pandas data frames, by the declaration of their columns and equal to the last bit.

>>> frame = frame_of("metrics.csv", "epoch,val_loss\n1,0.30000000000000004\n2,\n")
>>> frame["epoch"].tolist(), frame["val_loss"].tolist()
([1, 2], [0.30000000000000004, nan])
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlpcli.results.files import csv_text
from mlpcli.results.schema import csv_schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of"]


def frame_of(name: str, table: str) -> "pd.DataFrame":
    """The data frame of a CSV file that mlpcli writes; an empty cell of a number is NaN, of a text None.

    Args:
        name: the file's own name, such as metrics.csv.
        table: its content.

    Raises:
        ValueError: it is not the table that its name promises.
    """
    import pandas as pd

    header, *rows = csv_text.parse(table.encode())
    columns = csv_schema.table(name).columns(header)
    cells = list(zip(*rows, strict=True)) or [()] * len(header)
    return pd.DataFrame({column.name: _values(column, found) for column, found in zip(columns, cells, strict=True)})


def _values(column: csv_schema.Column, cells: Sequence[str]) -> Sequence[Any]:
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
