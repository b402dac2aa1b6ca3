"""Rows for trained models as a stream: from a file or standard input, a piece at a time, in the order of the file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Kind
from mlpcli.data.new_rows import inputs_of, read_as_trained, read_rows
from mlpcli.data.prepared.column_summary import UnknownTexts
from mlpcli.data.prepared.matching import match_sparsity
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.readers.file_format import RowPiece, Wanted
from mlpcli.data.readers.formats import find_format, load_format
from mlpcli.data.readers.text.compression import STDIN
from mlpcli.errors import UsageError
from mlpcli.wording import quote

__all__ = ["InputRows", "Notice", "stream_inputs"]

Notice = Callable[[UnknownTexts], object]

STEP = 1 << 14  # rows of a piece of a table that is read as a whole


@dataclass(frozen=True)
class InputRows:
    """Some rows as each model takes them, `(rows, features)` per model, and the cells of kept columns by column."""

    inputs: Sequence[NDArray[Any]]
    kept: Sequence[Sequence[Any]]

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.inputs[0].shape[0])


def stream_inputs(
    options: DataOptions,
    trained: DataOptions,
    fitted: Sequence[Preprocessing],
    *,
    keep: Sequence[str] = (),
    data_home: Path | None = None,
    block: int,
    notice: Notice | None = None,
) -> Iterator[InputRows]:
    """The rows of a table in blocks of `block` rows, the last one shorter; memory holds a piece of the file at a time.

    Networks score blocks that begin at the same rows whatever the pieces of the file are, since the last bits of a
    product may depend on the number of rows.

    Args:
        options: name of the table and how its file is read; `-` is CSV on standard input, `-.jsonl` JSON lines.
        trained: data options of the first model, whose reading options hold where none are given.
        fitted: preprocessing of each model; all of them were fitted on the same columns.
        keep: columns whose cells are copied.
        data_home: cache of prepared data, for tables that are read as a whole.
        block: rows of a block.
        notice: called with the texts of a piece that the first model does not know, column by column.

    Raises:
        UsageError: a kept column that the table does not have, or a format that has none.
        DataError: a column that is missing or holds something else than in training.
    """
    pieces = _pieces(options, trained, fitted, keep, data_home, notice)
    waiting: list[InputRows] = []
    rows = 0
    for piece in pieces:
        waiting.append(piece)
        rows += len(piece)
        if rows >= block:
            joined = _joined(waiting)
            whole = rows - rows % block
            for start in range(0, whole, block):
                yield _part(joined, start, start + block)
            waiting, rows = ([_part(joined, whole, rows)] if rows > whole else []), rows - whole
    if rows:
        yield _joined(waiting)


def _pieces(
    options: DataOptions,
    trained: DataOptions,
    fitted: Sequence[Preprocessing],
    keep: Sequence[str],
    data_home: Path | None,
    notice: Notice | None,
) -> Iterator[InputRows]:
    piped = options.dataset == "-" or options.dataset.startswith("-.")
    if piped:
        options = options.model_copy(update={"dataset": f"stdin{options.dataset[1:] or '.csv'}"})
    asked = read_as_trained(options, trained).model_copy(
        update={"target": None, "drop": None, "groups": None, "weights": None}
    )
    file = find_format(asked.dataset)
    form = load_format(file[0]) if file else None
    if file is None or form is None or form.stream is None:
        if keep or piped:
            what = "--keep: columns are copied" if keep else f"{quote(options.dataset)}: rows are piped"
            raise UsageError(f"{what} from CSV, TSV, JSON lines and Parquet only")
        yield from _whole(read_as_trained(options, trained), fitted, data_home, notice)
        return
    path = STDIN if piped else file[1]
    where = "standard input" if piped else f"dataset {quote(asked.dataset)}"
    for one in fitted:
        match_sparsity(False, one, where)  # formats of sparse rows are read as a whole
    kinds: dict[str, Kind] = {column.name: column.kind for column in fitted[0].columns}
    piece: RowPiece
    for piece in form.stream(path, Wanted(form.resolve(asked), kinds), keep):
        inputs, unknown = zip(*(inputs_of(piece.table, one, where) for one in fitted), strict=True)
        if notice is not None:
            for texts in unknown[0]:
                notice(texts)
        yield InputRows(inputs, piece.kept)


def _whole(
    options: DataOptions, fitted: Sequence[Preprocessing], data_home: Path | None, notice: Notice | None
) -> Iterator[InputRows]:
    """The rows of a table that is read through the cache, which maps it into memory."""
    tables = [read_rows(options, one, data_home, scored=False) for one in fitted]
    if notice is not None:
        for texts in tables[0].unknown:
            notice(texts)
    for start in range(0, len(tables[0]), STEP):
        yield InputRows([table.x[start : start + STEP] for table in tables], [])


def _joined(pieces: Sequence[InputRows]) -> InputRows:
    if len(pieces) == 1:
        return pieces[0]
    inputs = [np.concatenate(parts) for parts in zip(*(piece.inputs for piece in pieces), strict=True)]
    kept = [[cell for part in parts for cell in part] for parts in zip(*(piece.kept for piece in pieces), strict=True)]
    return InputRows(inputs, kept)


def _part(rows: InputRows, start: int, stop: int) -> InputRows:
    return InputRows([x[start:stop] for x in rows.inputs], [cells[start:stop] for cells in rows.kept])
