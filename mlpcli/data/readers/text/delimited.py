"""Reader of CSV and TSV files, piece by piece, so that a file may be larger than memory.

The kind of a column (numbers, booleans, dates, texts) is decided on the first rows. If a later row contradicts it, the
file is read again with the corrected kind. Target columns are read as texts, so that class names stay as they are
written.
"""

import codecs
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import READING, DataOptions
from mlpcli.config.data_options import COLUMN_OPTIONS
from mlpcli.data.cache.table import Table, TableWriter
from mlpcli.data.readers.column_reader import Changed, ColumnReader
from mlpcli.data.readers.file_format import FileFormat, RowPiece, Wanted, kept_places
from mlpcli.data.readers.text.column_names import read_names
from mlpcli.data.readers.text.delimited_records import Piece, sniff_delimiter
from mlpcli.data.readers.wanted_columns import finished, rejoined, table_of, wanted_columns
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import quote

__all__ = ["COMMA", "SNIFFED", "TAB"]

DELIMITED_OPTIONS = (*COLUMN_OPTIONS, *READING)
"""The data options that decide what is read of a delimited file."""

SAMPLE = 2_000  # rows that decide the kinds
NOT_FOR_FILES = ("charmap", "idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape")
"""Codecs of host names and of program text; some of them cannot decode a part of a file."""
BOOLEANS = (b"true", b"True", b"TRUE", b"false", b"False", b"FALSE")


def resolve_delimited(delimiter: str | None, options: DataOptions) -> DataOptions:
    """The options with `delimiter` where none was given, and with the canonical name of the encoding.

    None as `delimiter` stands for the one that the first line of the file suggests.

    Raises:
        UsageError: an encoding that Python does not know, or that does not encode text.
    """
    encoding = _canonical_encoding(options.encoding or "utf-8")
    used = options.delimiter or delimiter or sniff_delimiter(Path(options.dataset), encoding)
    return options.model_copy(update={"delimiter": used, "encoding": encoding})


def read_delimited(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read one file into the cache, by options that `resolve_delimited` returned.

    Raises:
        DataError: content that cannot be read, with file, line and column.
        UsageError: wanted columns that the file does not have.
    """
    (path,) = files
    columns: list[ColumnReader] = []
    while True:
        names, where, pieces = read_names(path, wanted.options)
        columns = columns or wanted_columns(names, wanted, where)
        writer.start(len(columns))
        try:
            for piece in pieces:
                writer.append(_Reader(path, piece, columns).read())
            if not writer.rows:
                raise DataError(f"{path}: it has a line of column names, but no rows")
            made = finished(columns)
            break
        except Changed:
            for column in columns:
                column.restart()
    targets = [column.name for column in columns if column.target]
    return writer.finish(made, targets, dropped=rejoined(wanted.dropped, names))


def stream_delimited(path: Path, wanted: Wanted, keep: Sequence[str]) -> Iterator[RowPiece]:
    """The rows of a file piece by piece, by options that `resolve_delimited` returned; errors as `read_delimited`."""
    names, where, pieces = read_names(path, wanted.options)
    columns = wanted_columns(names, wanted, where)
    kept = [ColumnReader(name, place, target=False, kind="text") for name, place in kept_places(names, keep, where)]
    for piece in pieces:
        for column in columns:
            column.restart()
        block = _Reader(path, piece, columns).read()
        texts = _Reader(path, piece, kept)
        yield RowPiece(table_of(block, columns), [texts.texts(column) for column in kept])


def _canonical_encoding(encoding: str) -> str:
    common = "utf-8, latin-1, cp1252 and utf-16 are common"
    try:
        name = codecs.lookup(encoding).name
        "a".encode(encoding)  # refuses codecs that do not encode text, like hex
    except (LookupError, ValueError) as error:
        raise UsageError(f"encoding {quote(encoding)} is unknown; {common}") from error
    if name in NOT_FOR_FILES:
        raise UsageError(f"encoding {quote(encoding)} is not one of text files; {common}")
    return "utf-8-sig" if name == "utf-8" else name


class _Reader:
    """One piece of the file: parsed by pandas, by the kinds of the columns, or cell by cell if pandas fails."""

    def __init__(self, path: Path, piece: Piece, columns: Sequence[ColumnReader]) -> None:
        self.path = path
        self.piece = piece
        self.columns = columns

    def read(self) -> NDArray[np.float64]:
        """The piece's cells, (rows, columns)."""
        for column in self.columns:
            if column.kind is None:
                column.decide(self._texts[column.place][:SAMPLE].tolist())
        numbers = [column.place for column in self.columns if column.kind == "number" and _known_to_pandas(column)]
        try:
            frame = self._parse(numbers)
        except ValueError:  # a cell of a number column that pandas cannot parse
            frame = None
        block = np.empty((len(self.piece.lines), len(self.columns)))
        changed = False
        for at, column in enumerate(self.columns):
            try:
                block[:, at] = self._read_column(column, frame)
            except Changed:
                changed = True  # other columns may have changed too, and one more reading serves all of them
        if changed:
            raise Changed
        return block

    def texts(self, column: ColumnReader) -> list[str]:
        """The cells of one column as they are written."""
        cells: list[str] = self._texts[column.place].tolist()
        return cells

    def _read_column(self, column: ColumnReader, frame: Any) -> NDArray[np.float64]:
        if column.kind == "text":
            codes, texts = _factorize(self._texts[column.place] if frame is None else frame[column.place])
            return column.encode(codes, texts, self._where)
        values: NDArray[np.float64] | None = None
        if frame is not None and column.kind == "number" and _known_to_pandas(column):
            values = frame[column.place].to_numpy(np.float64)
            # pandas reads a column of only True and False as numbers
            if ((values == 0) | (values == 1) | np.isnan(values)).all() and self._has_booleans:
                values = None
            else:
                values = column.without_marks(values)
        if values is None:
            values = column.spell(self._texts[column.place].tolist(), self._where)
        if column.kind == "number":
            column.check(values, lambda: self._texts[column.place], self._where)
        return values

    @cached_property
    def _has_booleans(self) -> bool:
        return any(word in self.piece.content for word in BOOLEANS)

    @cached_property
    def _texts(self) -> Any:
        """All columns as they are written: a data frame of texts."""
        return self._parse([])

    def _parse(self, numbers: Sequence[int]) -> Any:
        import pandas as pd

        places = [column.place for column in self.columns]
        options: dict[str, Any] = {
            "sep": self.piece.delimiter,
            "header": None,
            "names": range(self.piece.width),
            "usecols": places,
            "dtype": dict.fromkeys(places, str) | dict.fromkeys(numbers, np.float64),
            "na_values": {place: list(self.columns[0].spelling.gaps) for place in numbers},
            "decimal": self.columns[0].spelling.decimal,
            "keep_default_na": False,
            "skip_blank_lines": False,
            "low_memory": False,
        }
        if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):  # older versions may get the last digit wrong
            options["float_precision"] = "round_trip"
        if self.piece.content.startswith(codecs.BOM_UTF8):  # pandas would drop it, but here it belongs to a cell
            return pd.read_csv(BytesIO(b"\n" + self.piece.content), skiprows=1, **options)
        return pd.read_csv(BytesIO(self.piece.content), **options)

    def _where(self, row: int) -> str:
        return f"{self.path}, line {self.piece.lines[row]}"


def _known_to_pandas(column: ColumnReader) -> bool:
    """Whether pandas reads the column's numbers as strictly as `Spelling.number`; it takes 1,5 for 15."""
    return column.spelling.thousands is None and not column.spelling.units


def _factorize(texts: Any) -> tuple[NDArray[np.int64], list[str]]:
    """Codes of the cells into their different texts, in the order of their first appearance."""
    import pandas as pd

    codes, uniques = pd.factorize(texts)
    return codes.astype(np.int64), [str(text) for text in uniques]


COMMA, TAB, SNIFFED = (
    FileFormat(read_delimited, DELIMITED_OPTIONS, partial(resolve_delimited, delimiter), stream=stream_delimited)
    for delimiter in (",", "\t", None)
)
"""Text files by the separator of their columns where none is given; the first line of a SNIFFED file suggests it."""
