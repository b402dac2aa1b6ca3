"""Reader of Parquet files, batch by batch; pyarrow comes with the extra `parquet`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import DATES, Kind, Table, TableWriter
from mlpcli.data.readers.column_reader import Changed, ColumnReader
from mlpcli.data.readers.file_format import TYPED_OPTIONS, FileFormat, RowPiece, Wanted, foreign, kept_places
from mlpcli.data.readers.text.compression import STDIN
from mlpcli.data.readers.text.dates import MICROSECONDS
from mlpcli.data.readers.wanted_columns import finished, rejoined, table_of, wanted_columns
from mlpcli.errors import DataError, UsageError
from mlpcli.installation import install_command

__all__ = ["PARQUET"]

KIND = "a Parquet file"
ROWS = 1 << 14  # rows read at a time


def read_parquet(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read a file into the cache. Raises DataError, with row and column, for other than numbers, dates and texts."""
    (path,) = files
    with _opened(path) as file:
        schema = file.schema_arrow
        columns = wanted_columns(schema.names, wanted, str(path), typed=True)
        for column in columns:
            _decide(path, column, schema.field(column.place).type)
        while True:
            writer.start(len(columns))
            try:
                for block in _blocks(path, file, columns):
                    writer.append(block)
                if not writer.rows:
                    raise DataError(f"{path}: it has column names, but no rows")
                made = finished(columns)
                break
            except Changed:
                for column in columns:
                    column.restart()
    targets = [column.name for column in columns if column.target]
    return writer.finish(made, targets, dropped=rejoined(wanted.dropped, schema.names))


def stream_parquet(path: Path, wanted: Wanted, keep: Sequence[str]) -> Iterator[RowPiece]:
    """The rows of a file batch by batch; errors as `read_parquet`."""
    if path is STDIN:
        raise UsageError(f"{path}: Parquet has its index at the end, so it is not read from a pipe. Give the file")
    with _opened(path) as file:
        schema = file.schema_arrow
        columns = wanted_columns(schema.names, wanted, str(path), typed=True)
        kept_places(schema.names, keep, str(path))
        for column in columns:
            _decide(path, column, schema.field(column.place).type)
        first = 0
        for batch in file.iter_batches(batch_size=ROWS, columns=[*(column.name for column in columns), *keep]):
            for column in columns:
                column.restart()
            block = _block(path, batch, columns, first)
            first += len(batch)
            yield RowPiece(table_of(block, columns), [batch.column(name).to_pylist() for name in keep])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, with its errors as ours."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(f"dataset {path}: Parquet needs pyarrow. Type: {install_command('parquet')}") from error
    with foreign(path, KIND):
        file = parquet.ParquetFile(path, pre_buffer=False)
    with file, foreign(path, KIND, (pyarrow.ArrowException, OSError, UnicodeError)):
        yield file


def _decide(path: Path, column: ColumnReader, arrow_type: Any) -> None:
    """Choose the column's kind by its type; if the kind is fixed, check that the type can be read as it."""
    from pyarrow import types

    if types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    possible: tuple[Kind, ...] = ()
    if types.is_boolean(arrow_type):
        possible = ("text",) if column.target else ("boolean", "number", "text")
    elif types.is_integer(arrow_type):
        possible = ("text", "number") if column.target else ("number", "text", "boolean")
    elif types.is_floating(arrow_type) or types.is_decimal(arrow_type):
        possible = ("number", "text", "boolean")
    elif types.is_null(arrow_type):
        possible = ("number", "text", "boolean", *DATES)
    elif types.is_string(arrow_type) or types.is_large_string(arrow_type):
        possible = ("text",) if column.target else ("text", *DATES, "boolean")
    elif types.is_date(arrow_type) and not column.target:
        possible = ("date",)
    elif types.is_timestamp(arrow_type) and not column.target:
        possible = ("date",) if arrow_type.tz is None else ("zoned date",)
    elif types.is_time(arrow_type) and not column.target:
        possible = ("time",)
    column.take(possible, str(arrow_type), str(path))


def _blocks(path: Path, file: Any, columns: list[ColumnReader]) -> Iterator[NDArray[np.float64]]:
    first = 0
    for batch in file.iter_batches(batch_size=ROWS, columns=[column.name for column in columns]):
        yield _block(path, batch, columns, first)
        first += len(batch)


def _block(path: Path, batch: Any, columns: list[ColumnReader], first: int) -> NDArray[np.float64]:
    """The cells of a batch, whose first row has the number `first`."""
    block = np.empty((len(batch), len(columns)))
    for at, column in enumerate(columns):
        block[:, at] = _read(batch.column(column.name), column, lambda row: f"{path}, row {first + row}")
    return block


def _read(array: Any, column: ColumnReader, where: Any) -> NDArray[np.float64]:
    """One column of a batch: numbers, 0 and 1, or codes; NaN for missing cells."""
    import pyarrow
    from pyarrow import compute

    if pyarrow.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if column.kind == "text" and (pyarrow.types.is_floating(array.type) or pyarrow.types.is_decimal(array.type)):
        return column.encode_whole(_without_marks(array, column), where)
    if column.kind == "text":
        if pyarrow.types.is_integer(array.type):
            array = compute.if_else(compute.is_nan(_without_marks(array, column)), None, array)
        coded = array.cast(pyarrow.string()).dictionary_encode()
        texts = [*coded.dictionary.to_pylist(), ""]
        return column.encode(coded.indices.fill_null(len(texts) - 1).to_numpy().astype(np.int64), texts, where)
    if pyarrow.types.is_string(array.type) or pyarrow.types.is_large_string(array.type):  # of dates or booleans
        return column.spell([text or "" for text in array.to_pylist()], where)
    if pyarrow.types.is_temporal(array.type):
        return _read_dates(array, column)
    if pyarrow.types.is_boolean(array.type):
        array = array.cast(pyarrow.int8())
    values = _without_marks(array, column)
    column.check(values, lambda: [str(value) for value in array.to_pylist()], where)
    return values


def _without_marks(array: Any, column: ColumnReader) -> NDArray[np.float64]:
    """The numbers of a batch, NaN for gaps and for marks of them."""
    import pyarrow

    values: NDArray[np.float64] = array.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return column.without_marks(values, np.dtype(array.type.to_pandas_dtype()))


def _read_dates(array: Any, column: ColumnReader) -> NDArray[np.float64]:
    """One column of dates or times of a batch."""
    import pyarrow

    unit = pyarrow.time64("us") if column.kind == "time" else pyarrow.timestamp("us", getattr(array.type, "tz", None))
    whole = array.cast(unit, safe=False).cast(pyarrow.int64())
    values: NDArray[np.float64] = whole.to_numpy(zero_copy_only=False).astype(np.float64) / MICROSECONDS
    return values


PARQUET = FileFormat(read_parquet, TYPED_OPTIONS, stream=stream_parquet)
