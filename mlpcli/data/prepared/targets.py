"""The target columns of a table: the task that they suggest, the classes and the values that the network learns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table, TableColumn
from mlpcli.data.prepared.preprocessing import Task
from mlpcli.data.readers.text.cells import MOST_CLASSES, as_number, find_classes, in_order
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import class_name, listed, quote

__all__ = ["Targets", "fit_targets", "labelled_rows", "read_targets"]

LARGEST, SMALLEST = 1e150, 1e-290  # distances from the mean that float64 can square, and divide by
FEW_VALUES = 20
"""Whole numbers of at most this many values, each 5 times on average, are classes if the task is `auto`."""


@dataclass(frozen=True)
class Targets:
    """Class names and int64 `values` (rows,) for classification; float64 (rows, targets) for regression.

    For several labels, `values` are int64 (rows, targets), 0 and 1.

    `choice` says what task `auto` took numbers for, and how to ask for the other.
    """

    classes: tuple[str, ...] | None
    values: NDArray[Any]
    choice: str = ""

    @property
    def task(self) -> Task:
        """What the values are for."""
        if self.classes is not None:
            return "classification"
        return "regression" if self.values.dtype.kind == "f" else "multilabel"


def labelled_rows(table: Table, columns: Sequence[int]) -> NDArray[np.int64]:
    """The numbers of the rows in which every target has a value."""
    filled = np.ones(len(table.cells), dtype=bool)
    for i in columns:
        filled &= ~np.isnan(table.column(i))
    return np.flatnonzero(filled)


def read_targets(
    table: Table,
    columns: Sequence[int],
    task: str,
    *,
    rows: NDArray[np.int64],
    known: tuple[str, ...] | None = None,
) -> Targets:
    """Read the target columns for a task.

    Args:
        table: the cells.
        columns: indices of the target columns.
        task: classification, regression, multilabel or auto. With auto, texts and whole numbers of few values are
            classes; other numbers and several targets are quantities.
        rows: numbers of the rows to read.
        known: classes of a trained model, if there is one; no other class is allowed then.

    Raises:
        DataError: missing values, a single class, too many classes or an unknown class.
        UsageError: a task that does not suit the values.
    """
    read = [(table.columns[i], table.column(i)[rows]) for i in columns]
    for column, cells in read:
        gaps = np.flatnonzero(np.isnan(cells))
        if len(gaps) or not len(cells):
            first = f" (first: row {rows[gaps[0]]})" if len(gaps) else ""
            raise DataError(
                f"target {quote(column.name)}: {len(gaps)} of {len(cells)} rows have no value{first}. Nothing was "
                "written. Use --drop-unlabelled to leave out such rows"
            )
    choice = ""
    if task == "auto":
        task = "classification" if len(read) == 1 and _are_classes(*read[0]) else "regression"
        if len(read) == 1 and _spells_numbers(read[0][0]):
            kinds = {"classification": "classes", "regression": "quantities"}
            taken, (other, instead) = kinds.pop(task), *kinds.items()
            choice = f"numbers taken as {taken}; --task {other} takes them as {instead}"
    if task == "multilabel":
        if len(read) == 1:
            raise UsageError("task multilabel: it needs several targets of 0 and 1. Name them, or use classification")
        return Targets(None, np.column_stack([_labels(*column) for column in read]))
    if task == "regression":
        return Targets(None, np.column_stack([_numbers(*column) for column in read]), choice)
    if len(read) > 1:
        raise UsageError("target: classification predicts one column; several are for task = regression, or multilabel")
    return replace(_classes(*read[0], rows, known), choice=choice)


def fit_targets(
    values: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and biased standard deviation (1 for a constant) of each target, `values` (rows, targets).

    Rows count by their `weights` (rows,), whose mean is 1.
    """
    if weights is not None:
        values, weights = values[weights > 0], weights[weights > 0]

    def average(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = numbers.mean(axis=0) if weights is None else weights @ numbers / weights.sum()
        return mean

    with np.errstate(over="ignore", invalid="ignore"):
        mean = average(values)
        mean = mean + average(values - mean)  # a second pass removes the rounding error of the first
        size = np.abs(values - mean).max(axis=0)
        unit = np.ldexp(1.0, np.frexp(size)[1])  # a power of two, so that squares of tiny numbers keep their digits
        spread = unit * np.sqrt(average(np.square((values - mean) / unit)))
    constant = (values == values[0]).all(axis=0)
    if not (size < LARGEST).all():
        raise DataError("target: its numbers are too large to standardize. Nothing was written. Rescale the target")
    if not (constant | (size > SMALLEST)).all():
        raise DataError("target: its numbers are too small to standardize. Nothing was written. Rescale the target")
    return tuple(np.where(constant, values[0], mean).tolist()), tuple(np.where(constant, 1.0, spread).tolist())


def _spells_numbers(column: TableColumn) -> bool:
    return column.kind == "number" or all(as_number(text) is not None for text in column.vocabulary)


def _are_classes(column: TableColumn, cells: NDArray[Any]) -> bool:
    if column.kind == "boolean" or not _spells_numbers(column):
        return True
    for rows in (cells[:1000], cells):  # the first rows mostly decide
        values = np.unique(_numbers(column, rows))
        if len(values) > FEW_VALUES or (values != np.floor(values)).any():
            return False
    return 5 * len(values) <= len(cells)


def _numbers(column: TableColumn, cells: NDArray[Any]) -> NDArray[np.float64]:
    if column.kind != "text":
        return cells.astype(np.float64)
    numbers = [as_number(text) for text in column.vocabulary]
    for text, number in zip(column.vocabulary, numbers, strict=True):
        if number is None:
            raise UsageError(
                f"task regression: target {quote(column.name)} has texts like {quote(text)}. Use task classification"
            )
    return np.array(numbers, dtype=np.float64)[cells.astype(np.int64)]


def _labels(column: TableColumn, cells: NDArray[Any]) -> NDArray[np.int64]:
    """The cells of a target that holds 0 and 1, or false and true."""
    values, codes = _distinct(column, cells)
    names = [_class_name(column, value) for value in values]
    labels = find_classes(names, ("0", "1"))
    for name, label in zip(names, labels, strict=True):
        if label < 0:
            raise UsageError(
                f"task multilabel: target {quote(column.name)} has the value {quote(name)}, where 0 and 1 are expected"
            )
    return np.array(labels, dtype=np.int64)[codes]


def _distinct(column: TableColumn, cells: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The different values, and for each cell the index of its value."""
    if column.kind != "text":
        return np.unique(cells, return_inverse=True)
    codes = cells.astype(np.int64)
    present = np.bincount(codes, minlength=len(column.vocabulary)) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[codes]


def _classes(
    column: TableColumn, cells: NDArray[Any], rows: NDArray[np.int64], known: tuple[str, ...] | None
) -> Targets:
    values, codes = _distinct(column, cells)
    if len(values) > MOST_CLASSES:
        raise DataError(
            f"target {quote(column.name)}: {len(values)} classes for {len(cells)} rows, more than {MOST_CLASSES}; it "
            "looks like a quantity. Nothing was written. Use --task regression"
        )
    names = [_class_name(column, value) for value in values]
    if known is not None:
        return Targets(known, _known_codes(column.name, names, codes, rows, known))
    if len(names) == 1:
        raise DataError(
            f"target {quote(column.name)}: one class only, {quote(names[0])}; two are needed. Nothing was written"
        )
    order = in_order(names)
    classes = tuple(names[at] for at in order)
    for one, other in pairwise(classes if _spells_numbers(column) else ()):
        if as_number(one) == as_number(other):
            raise DataError(
                f"target {quote(column.name)}: {quote(one)} and {quote(other)} are one number, but would be two "
                "classes. Nothing was written. Write it in one way only or, if they are codes, put a letter before each"
            )
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return Targets(classes, rank[codes])


def _known_codes(
    target: str, names: list[str], codes: NDArray[np.int64], rows: NDArray[np.int64], known: tuple[str, ...]
) -> NDArray[np.int64]:
    places = find_classes(names, known)
    for at, name in enumerate(names):
        if places[at] < 0:
            raise DataError(
                f"target {quote(target)}, row {rows[np.argmax(codes == at)]}: {quote(name)} is not one of the "
                f"model's classes, {listed(known)}. Remove the row, or train again"
            )
    return np.array(places, dtype=np.int64)[codes]


def _class_name(column: TableColumn, value: float) -> str:
    if column.kind == "text":
        return column.vocabulary[int(value)]
    return class_name(bool(value) if column.kind == "boolean" else value)
