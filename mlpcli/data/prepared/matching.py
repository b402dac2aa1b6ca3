"""Another table beside what was fitted in training: its columns, targets and texts, matched by name."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import DATES, Table
from mlpcli.data.prepared.column_summary import UnknownTexts
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.prepared.targets import labelled_rows, read_targets
from mlpcli.errors import DataError
from mlpcli.wording import closest, nearest, quote

__all__ = ["match_columns", "match_sparsity", "match_targets", "unknown_texts"]


def match_sparsity(sparse: bool, preprocessing: Preprocessing, where: str) -> None:
    """Raise DataError, which begins with `where`, for dense rows of a model of sparse ones, and the other way round."""
    if sparse != bool(preprocessing.sparse):
        kinds = ("dense", "sparse")
        remedy = "Use a table of that kind" if sparse else "Use a .svm file"
        raise DataError(
            f"{where}: its rows are {kinds[sparse]}, but the model was trained on {kinds[not sparse]} rows. {remedy}"
        )


def match_columns(table: Table, preprocessing: Preprocessing, where: str) -> list[int]:
    """The places in the table of the columns that were fitted; sparse ones, which have numbers, have none here.

    Raises:
        DataError: a column that is missing or holds something else; the message begins with `where`.
    """
    match_sparsity(bool(table.sparse), preprocessing, where)
    places = {column.name: i for i, column in enumerate(table.columns)}
    for column in preprocessing.columns:
        if column.name not in places:
            near = nearest(column.name, places)
            raise DataError(f"{where}: the model needs the column {quote(column.name)}, which is missing{near}")
        kind = table.columns[places[column.name]].kind
        if kind != column.kind and not {kind, column.kind}.isdisjoint(("text", *DATES)):
            raise DataError(
                f"{where}: column {quote(column.name)} contains {kind}s, but the model was trained on {column.kind}s"
            )
    return [places[column.name] for column in preprocessing.columns]


def match_targets(table: Table, preprocessing: Preprocessing) -> tuple[NDArray[np.int64], NDArray[Any] | None]:
    """The numbers of the rows in which every target has a value, and their values; None if there are no such rows.

    Raises:
        DataError: a class that the training rows did not have.
    """
    places = {column.name: i for i, column in enumerate(table.columns)}
    if not set(preprocessing.targets) <= places.keys():
        return np.zeros(0, dtype=np.int64), None
    at = [places[name] for name in preprocessing.targets]
    labelled = labelled_rows(table, at)
    if not len(labelled):
        return labelled, None
    return labelled, read_targets(table, at, preprocessing.task, rows=labelled, known=preprocessing.classes).values


def unknown_texts(table: Table, chosen: Sequence[int], preprocessing: Preprocessing) -> Iterator[UnknownTexts]:
    """The columns that hold texts which the training rows did not have; `chosen` are the places of the fitted ones."""
    for i, column in zip(chosen, preprocessing.columns, strict=True):
        vocabulary = table.columns[i].vocabulary
        known = column.codes.keys()
        unknown = [code for code, text in enumerate(vocabulary) if text not in known]
        if not column.categories or not unknown:
            continue
        cells = table.column(i)
        counts = np.bincount(cells[cells >= 0].astype(np.int64), minlength=len(vocabulary))
        most = max(unknown, key=lambda code: (int(counts[code]), -code))
        yield UnknownTexts(
            column.name, int(counts[unknown].sum()), vocabulary[most], closest(vocabulary[most], column.categories)
        )
