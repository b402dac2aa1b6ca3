"""Readers of tables that are read as a whole through pandas: JSON lines, Feather and Excel files."""

import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.data.cache.memory_entry import MemoryEntry
from mlpcli.data.cache.table import Table, TableWriter
from mlpcli.data.readers.file_format import TYPED_OPTIONS, FileFormat, RowPiece, Wanted, foreign, kept_places
from mlpcli.data.readers.frames import read_frame
from mlpcli.data.readers.text.compression import open_bytes
from mlpcli.errors import DataError, UsageError
from mlpcli.installation import install_command
from mlpcli.wording import nearest, quote, sentence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXCEL", "FEATHER", "JSON_LINES"]

ROWS = 1 << 14  # rows of a piece of a stream


def read_json_lines(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read one JSON object per line, a row whose keys are the columns' names; null is a gap."""
    import pandas as pd

    (path,) = files
    return _read(pd.DataFrame(_objects(path), dtype=object), path, writer, wanted)


def stream_json_lines(path: Path, wanted: Wanted, keep: Sequence[str]) -> Iterator[RowPiece]:
    """The rows of a file some thousands at a time; a key that a row lacks is a gap. Errors as `read_json_lines`.

    One of the first `ROWS` rows has to have the key of each column that is asked for; later rows may all lack it.
    """
    import pandas as pd

    names = dict.fromkeys([*(wanted.kinds or ()), *keep])
    objects, present, first = _objects(path), dict[str, None](), 0
    while rows := list(islice(objects, ROWS)):
        present.update(dict.fromkeys(chain.from_iterable(rows)))
        if len(rows) == ROWS and (missing := [name for name in names if name not in present]):
            lack = f"none of its first {ROWS:,} rows has the key {quote(missing[0])}{nearest(missing[0], present)}"
            kind, place = (DataError, "") if missing[0] in (wanted.kinds or ()) else (UsageError, "keep: ")
            raise kind(f"{place}{path}: {sentence(lack)} Give it to one of them, with null for no value")
        kept_places(list(present), keep, str(path))
        columns = [name for name in names if name in present]
        frame = pd.DataFrame(rows, columns=columns, dtype=object)
        table = _read(frame, path, TableWriter(MemoryEntry()), wanted, first)
        yield RowPiece(table, [[row.get(name) for row in rows] for name in keep])
        first += len(rows)


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if b"\\u" in line or b"\xed" in line:  # it may have half of a surrogate pair, which no text can hold
                    json.dumps(row, ensure_ascii=False).encode()
            except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deeply
                raise DataError(f"{path}, line {number}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}: not a JSON object, whose keys name the columns")
            yield row


def read_feather(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read a Feather or Arrow file."""
    (path,) = files
    try:
        from pyarrow import feather
    except ImportError as error:
        raise UsageError(f"dataset {path}: Feather needs pyarrow. Type: {install_command('parquet')}") from error
    with foreign(path, "a Feather file"):
        table = feather.read_table(path)
        table.validate(full=True)  # pyarrow trusts what the file says of its texts and categories, and would crash
        frame = table.to_pandas()
    return _read(frame, path, writer, wanted)


def read_excel(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read the first sheet of a workbook, whose first row names the columns."""
    import pandas as pd

    (path,) = files
    if find_spec("openpyxl") is None:
        raise UsageError(f"dataset {path}: Excel needs openpyxl. Type: {install_command('excel')}")
    with foreign(path, "an Excel workbook"):
        # the cells as they are, as pandas takes names and words such as None for gaps and makes names unlike
        sheet = pd.read_excel(path, engine="openpyxl", header=None, dtype=object, keep_default_na=False, na_values=[""])
    if sheet.empty:
        raise DataError(f"{path}: its first sheet is empty")
    names = sheet.iloc[0].fillna("").astype(str).str.strip()
    frame = sheet.iloc[1:].set_axis([name or f"column {at}" for at, name in enumerate(names, 1)], axis="columns")
    return _read(frame, path, writer, wanted)


def _read(frame: "pd.DataFrame", path: Path, writer: TableWriter, wanted: Wanted, first: int = 0) -> Table:
    return read_frame(frame.rename(columns=str), writer, wanted, where=str(path), first=first)


EXCEL = FileFormat(read_excel, TYPED_OPTIONS)
FEATHER = FileFormat(read_feather, TYPED_OPTIONS)
JSON_LINES = FileFormat(read_json_lines, TYPED_OPTIONS, stream=stream_json_lines)
