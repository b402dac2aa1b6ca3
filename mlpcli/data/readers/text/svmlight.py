"""Reader of sparse rows as SVMlight and LIBSVM write them: a label, then `number:value` for every entry that is not 0.

A column is called by its number in the file: x1 and so on, or from x0 where some row has an entry 0. Where a row has
several labels, separated by commas, or none, every label is a target of 0 and 1 (task multilabel); a trained network
asks for its own labels, and others are left out. The number after `qid:` is a column that only the split may use:
`groups = "qid"`.
"""

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Table, TableColumn, TableWriter
from mlpcli.data.readers.file_format import FileFormat, Wanted
from mlpcli.data.readers.text.cells import MOST_CLASSES, as_number
from mlpcli.data.readers.text.compression import open_bytes
from mlpcli.data.sparse.sparse_rows import SparseRows
from mlpcli.errors import DataError
from mlpcli.wording import class_name

__all__ = ["SVMLIGHT"]

LINES = 1 << 13  # lines of a piece
QUERY = "qid"


class Labels(NamedTuple):
    """What stands before the entries of some rows: labels, their number in each row, and the query of each row."""

    labels: NDArray[np.float64]
    counts: NDArray[np.int64]
    queries: NDArray[np.int64]


def read_svmlight(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read the file into the cache a piece at a time.

    Raises:
        DataError: a line that is not of the format, a number that is not finite, or no entry.
    """
    (path,) = files
    read = []
    for rows, piece in _pieces(path):
        writer.append_sparse(rows)
        read.append(piece)
    if not writer.entries:
        raise DataError(f"{path}: no row has an entry. Rows look like this: 1 3:0.5 17:2")
    labels, counts, queries = (np.concatenate(part) for part in zip(*read, strict=True))
    cells, targets = _targets(path, labels, counts, None if wanted.kinds is None else wanted.targets)
    columns = list(targets)
    if wanted.options.groups == QUERY and len(queries) == len(counts):
        cells = np.column_stack([cells, queries])
        columns.append(TableColumn(QUERY))
    writer.append(cells)
    return writer.finish(columns, [target.name for target in targets])


def resolve_svmlight(options: DataOptions) -> DataOptions:
    """With `scale` auto, columns are divided by their largest absolute value."""
    return options.model_copy(update={"scale": "maxabs"}) if options.scale == "auto" else options


def _pieces(path: Path) -> Iterator[tuple[SparseRows, Labels]]:
    before = 0
    with open_bytes(path) as file:
        while lines := list(islice(file, LINES)):
            try:
                yield _read(lines)
            except (ValueError, OverflowError):
                for number, line in enumerate(lines, before + 1):
                    try:
                        _read([line])
                    except (ValueError, OverflowError) as error:
                        why = " ".join(str(error).split()).rstrip(".")
                        raise DataError(f"{path}, line {number}: {why}. Rows look like this: 1 3:0.5 17:2") from error
                raise
            before += len(lines)


def _read(lines: list[bytes]) -> tuple[SparseRows, Labels]:
    from sklearn.datasets import load_svmlight_file

    x, labels, queries = load_svmlight_file(
        io.BytesIO(b"".join(lines)), zero_based=True, multilabel=True, query_id=True
    )
    rows, flat = SparseRows.of(x), np.array([label for row in labels for label in row], np.float64)
    if not (np.isfinite(rows.data).all() and np.isfinite(flat).all()):
        raise ValueError("a number is not finite")
    return rows, Labels(flat, np.array([len(row) for row in labels], np.int64), queries)


def _targets(
    path: Path, labels: NDArray[np.float64], counts: NDArray[np.int64], trained: Sequence[str] | None
) -> tuple[NDArray[Any], list[TableColumn]]:
    """The cells of the targets, (rows, targets), and their columns.

    Labels that a trained network predicts are those of its targets, whether or not a row has them. Where it predicts
    one label per row, or is not to be scored (no targets), rows that have another number of them are unlabelled.
    """
    known = {as_number(name) for name in trained or ()}
    if None in known or (not known and (trained is not None or (counts == 1).all())):
        single = counts == 1
        label = np.full(len(counts), np.nan)
        label[single] = labels[np.repeat(single, counts)]
        return label[:, None], [TableColumn("y")]
    values = np.unique(np.array([*known], np.float64) if known else labels)
    if len(values) > MOST_CLASSES:
        raise DataError(f"{path}: {len(values)} different labels, more than {MOST_CLASSES}. Leave rare ones out")
    cells = np.zeros((len(counts), len(values)), np.uint8)
    rows, asked = np.repeat(np.arange(len(counts)), counts), np.isin(labels, values)
    cells[rows[asked], np.searchsorted(values, labels[asked])] = 1
    return cells, [TableColumn(class_name(value)) for value in values.tolist()]


SVMLIGHT = FileFormat(read_svmlight, options=("groups",), resolve=resolve_svmlight)
