"""Validation rows that are a table of their own, read and scaled as new rows of a trained model are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table
from mlpcli.data.prepared.matching import match_columns, match_targets, unknown_texts
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.prepared.rows.row_weights import read_weights
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["ValidationRows", "ValidationTable", "read_validation"]


@dataclass(frozen=True)
class ValidationTable:
    """The table that `val_dataset` names.

    `identity` holds the JSON values that determine its content. `read` gives the columns that were fitted, the targets
    and the weights.
    """

    name: str
    identity: dict[str, Any]
    read: Callable[[Preprocessing], Table]

    @property
    def where(self) -> str:
        """The table, as messages name it."""
        return f"val_dataset {quote(self.name)}"

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors of the rows begin with the table's name, since the training rows may have the same."""
        try:
            yield
        except DataError as error:
            raise DataError(f"{self.where}: {error}") from error


@dataclass(frozen=True)
class ValidationRows:
    """Rows of the table that have a target: the places of the fitted columns in it, its rows, their y and weights.

    `notes` say by column what is unusual about the table.
    """

    table: Table
    chosen: list[int]
    rows: NDArray[np.int64]
    y: NDArray[Any]
    weights: NDArray[np.float64] | None
    notes: dict[str, str]


def read_validation(given: ValidationTable, preprocessing: Preprocessing, weights: str | None) -> ValidationRows:
    """The validation rows, matched by the names of the columns; `weights` names the column of the weights.

    Raises:
        DataError: a column that is missing or holds something else, a class that the training rows did not have, or no
            row that has a target.
    """
    table = given.read(preprocessing)
    chosen = match_columns(table, preprocessing, given.where)
    with given.named():
        rows, y = match_targets(table, preprocessing)
    if y is None:
        raise DataError(f"{given.where}: no row has a value of {', '.join(map(quote, preprocessing.targets))} to score")
    places = {column.name: i for i, column in enumerate(table.columns)}
    if weights is not None and weights not in places:
        raise DataError(f"{given.where}: the column {quote(weights)} is missing, which holds the weights of the rows")
    with given.named():
        of_rows = None if weights is None else read_weights(table, places[weights], rows, "val rows")
    notes = {
        texts.column: f"{texts.rows} validation rows hold unknown texts, such as {quote(texts.text)}"
        for texts in unknown_texts(table, chosen, preprocessing)
    }
    if unlabelled := len(table.cells) - len(rows):
        notes |= dict.fromkeys(preprocessing.targets, f"{unlabelled} validation rows without a value are left out")
    return ValidationRows(table, chosen, rows, y, of_rows, notes)
