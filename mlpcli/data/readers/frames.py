"""Reader of pandas data frames, column by column, by the type of their values."""

import math
from collections import Counter
from datetime import date, time
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import DATES, Kind, Table, TableColumn, TableWriter
from mlpcli.data.readers.column_reader import Changed, ColumnReader, Where
from mlpcli.data.readers.file_format import Wanted
from mlpcli.data.readers.text.cells import Spelling
from mlpcli.data.readers.text.dates import MICROSECONDS
from mlpcli.data.readers.wanted_columns import rejoined, wanted_columns
from mlpcli.errors import DataError
from mlpcli.wording import quote

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_frame"]

POSSIBLE: dict[str, tuple[Kind, ...]] = {
    "boolean": ("boolean", "number", "text"),
    "date": ("date",),
    "empty": ("number", "text", "boolean", *DATES),
    "floating": ("number", "text", "boolean"),
    "integer": ("number", "text", "boolean"),
    "mixed": ("text", "boolean"),
    "mixed-integer": ("text", "boolean"),
    "string": ("text", *DATES, "boolean"),
    "time": ("time",),
    "zoned date": ("zoned date",),
}
"""The kinds that a column may be read as, the usual one first, by what pandas infers that it holds."""

OF_TARGETS: dict[str, tuple[Kind, ...]] = {
    "boolean": ("text",),
    "date": (),
    "integer": ("text", "number"),
    "string": ("text",),
    "time": (),
    "zoned date": (),
}
"""The same for a target, which is a text until it proves to be a quantity."""

ALIKE = {"datetime": "date", "datetime64": "date", "decimal": "floating", "mixed-integer-float": "floating"}


def read_frame(
    frame: "pd.DataFrame", writer: TableWriter, wanted: Wanted, where: str = "the data frame", first: int = 0
) -> Table:
    """The table of the wanted columns; `where` names the frame in messages, and `first` is the number of its first row.

    Raises:
        DataError: a column holds other than numbers, booleans, dates and texts.
    """
    if not len(frame):
        raise DataError(f"{where}: it has column names, but no rows")
    names = [str(name) for name in frame.columns]
    columns = wanted_columns(names, wanted, where, typed=True)

    def place(row: int) -> str:
        return f"{where}, row {first + row}"

    cells = np.empty((len(frame), len(columns)))
    made: list[TableColumn] = []
    for at, column in enumerate(columns):
        given = frame.iloc[:, column.place]
        try:
            series = _marks_as_gaps(column, given)
            held = _decide(column, series, where, place)
            while len(made) == at:
                try:
                    cells[:, at] = _read(column, series, held, where, place)
                    made.append(column.finish())
                except Changed:
                    column.restart()
        except (ArithmeticError, ValueError):
            _refuse_signals(column, given, place)
            raise
    writer.start(len(columns))
    writer.append(cells)
    targets = [column.name for column in columns if column.target]
    return writer.finish(made, targets, dropped=rejoined(wanted.dropped, names))


def _refuse_signals(column: ColumnReader, series: "pd.Series[Any]", place: Where) -> None:
    """Refuse a signaling NaN of `decimal`, with which every comparison is an error."""
    for row, value in enumerate(series.tolist()):
        if isinstance(value, Decimal) and value.is_snan():
            column.refuse(place(row), "sNaN is a signaling NaN", "Give NaN or None for a gap")


def _marks_as_gaps(column: ColumnReader, series: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column of other than texts, or of codes, with gaps in place of marks of a missing value."""
    import pandas as pd

    held = pd.api.types.infer_dtype(series, skipna=True)
    numbers = held == "string" and column.kind in ("number", "boolean")
    codes = held == "integer" and column.kind == "text" and column.spelling.missing_numbers
    if not held.startswith("mixed") and not numbers and not codes:
        return series
    marked = np.array([_is_mark(value, column.spelling) for value in series.tolist()])
    return series.mask(marked)


def _is_mark(value: object, spelling: Spelling) -> bool:
    if isinstance(value, str):
        return value.strip() in spelling.gaps
    return _is_number(value) and _float(value) in spelling.missing_numbers


def _float(value: Any) -> float:
    """The nearest float64; infinity for integers that it cannot hold, as for the same digits in a text."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_number(value: object) -> TypeGuard[Real | Decimal]:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _decide(column: ColumnReader, series: "pd.Series[Any]", where: str, place: Where) -> str:
    """Choose the column's kind by what it holds, which is returned; a kind that is fixed must be possible."""
    import pandas as pd

    held = pd.api.types.infer_dtype(series, skipna=True)
    if held == "categorical":
        held = pd.api.types.infer_dtype(series.cat.categories, skipna=True)
    held = ALIKE.get(held, held)
    if (held == "floating" or (column.fixed and held in ("date", "string"))) and series.isna().all():
        held = "empty"
    if held == "date":
        try:
            held = "date" if _as_dates(series).dt.tz is None else "zoned date"
        except ValueError as error:  # outside of the years that pandas knows, or as `_as_dates` says
            column.refuse(where, f"its dates cannot be read: {error}")
    if held == "time" and any(moment.tzinfo is not None for moment in series.dropna()):
        column.refuse(where, "its times of day have a time zone, which shifts with the date")
    if held.startswith("mixed"):
        _check_mixed(column, series, where, place)
    possible = OF_TARGETS.get(held, POSSIBLE.get(held, ())) if column.target else POSSIBLE.get(held, ())
    column.take(possible, held, where)
    return held


def _check_mixed(column: ColumnReader, series: "pd.Series[Any]", where: str, place: Where) -> None:
    """Refuse cells of different types by the first that is unlike most; numbers and texts together may be codes."""
    gaps = series.isna().tolist()
    held = [(row, value, _type_in_words(value)) for row, value in enumerate(series.tolist()) if not gaps[row]]
    types = Counter(name for _, _, name in held)
    codes = types.keys() <= {"boolean", "number", "text"}
    if column.fixed and column.kind in ("text", "boolean") and codes:
        return
    (usual, _), *others = types.most_common()
    if not others:
        several = ", ".join(sorted({type(value).__name__ for _, value, _ in held}))
        column.refuse(where, f"values of type {several} cannot be read", "Convert the column to one type")
    row, value, name = next(cell for cell in held if cell[2] != usual)
    remedy = "Correct the cell"
    if codes and not (column.target or column.needed):
        remedy += f", use --categories {quote(column.name)} if these are codes"
    column.refuse(place(row), f"{quote(str(value))} is a {name}, and most others are {usual}s", remedy)


def _type_in_words(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "boolean"
    named: list[tuple[Any, str]] = [(Real | Decimal, "number"), (str, "text"), (date, "date")]
    return next((name for held, name in named if isinstance(value, held)), type(value).__name__)


def _read(column: ColumnReader, series: "pd.Series[Any]", held: str, where: str, place: Where) -> NDArray[np.float64]:
    """Numbers, 0 and 1, seconds, or codes; NaN for missing cells."""
    import pandas as pd

    if column.kind == "text" and held == "floating":
        return column.encode_whole(column.without_marks(_as_numbers(series), _type_of(series)), place)
    if column.kind == "text":
        if held.startswith("mixed"):  # 1 and True are one value
            given = zip(series.tolist(), series.isna(), strict=True)
            cells = [None if gap else _as_text(value, column, place(row)) for row, (value, gap) in enumerate(given)]
            series = pd.Series(cells, dtype=object)
        codes, values = pd.factorize(series)
        texts = [_as_text(value, column, where) for value in values.tolist()]
        return column.encode(np.where(codes < 0, len(texts), codes).astype(np.int64), [*texts, ""], place)
    if held == "string" or held.startswith("mixed"):
        return column.spell(series.astype(object).where(series.notna(), "").astype(str).tolist(), place)
    if column.kind == "time":
        return np.array([_seconds(of_day) for of_day in series.astype(object).where(series.notna(), None)])
    if column.kind in DATES:
        dates = _as_dates(series)
        dates = dates if dates.dt.tz is None else dates.dt.tz_convert(None)
        micro = dates.to_numpy("datetime64[us]")
        return np.where(np.isnat(micro), np.nan, micro.astype(np.int64) / MICROSECONDS)
    numbers = column.without_marks(_as_numbers(series), _type_of(series))
    column.check(numbers, lambda: [str(value) for value in series.tolist()], place)
    return numbers


def _as_text(value: object, column: ColumnReader, where: str) -> str:
    if _is_number(value) and not isinstance(value, Integral):
        return column.code(_float(value), where)
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def _type_of(series: "pd.Series[Any]") -> np.dtype[Any]:
    return series.iloc[:0].to_numpy().dtype


def _as_numbers(series: "pd.Series[Any]") -> NDArray[np.float64]:
    import pandas as pd

    cells = series.astype(object)
    try:
        numbers = pd.to_numeric(cells, errors="coerce")
    except OverflowError:
        numbers = cells.map(lambda value: _float(value) if _is_number(value) else value)
        numbers = pd.to_numeric(numbers, errors="coerce")
    values: NDArray[np.float64] = numbers.to_numpy(np.float64, na_value=np.nan)
    return values


def _as_dates(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """The dates of a column, which may hold Python's, whose zones may differ.

    Raises:
        ValueError: some dates have a zone, and others have none.
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return series
    zoned = {getattr(value, "tzinfo", None) is not None for value in series.dropna().tolist()}
    if len(zoned) > 1:
        raise ValueError("some of them have a time zone, and others have none")
    return pd.to_datetime(series, utc=zoned == {True})


def _seconds(of_day: time | None) -> float:
    """Seconds since midnight; NaN for a missing time."""
    if of_day is None:
        return math.nan
    whole = 3600 * of_day.hour + 60 * of_day.minute + of_day.second
    return (whole * MICROSECONDS + of_day.microsecond) / MICROSECONDS
