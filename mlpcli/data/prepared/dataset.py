"""The data that training receives: rows split into parts and scaled, with everything that was fitted on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.prepared.preprocessing import Preprocessing, Task
from mlpcli.data.prepared.rows.row_view import RowView
from mlpcli.data.prepared.rows.row_weights import relative_weights

__all__ = ["PARTS", "Part", "Prepared"]

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Part:
    """The rows of one part of the split; arrays may be read-only memory maps.

    `x` is (rows, features) in the dtype asked for: an array, or sparse rows, which behave as one. `y` holds int64 class
    codes (rows,), int64 labels (rows, targets) of 0 and 1, or standardized targets (rows, targets) in that dtype.
    `rows` is int64 (rows,): the place of each row in its source, counted from 0. `weights` are those of the rows as
    the table has them, (rows,); None weighs all rows by 1. `own` are the targets of a regression as the table has
    them, (rows, targets), on which metrics are computed; None for classes and labels.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None
    own: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def given(self) -> NDArray[Any]:
        """Class codes, labels, or the targets of a regression in their own units."""
        return self.y if self.own is None else self.own

    def take(self, places: NDArray[np.int64] | slice) -> Self:
        """The rows at these places."""
        weights = None if self.weights is None else self.weights[places]
        own = None if self.own is None else self.own[places]
        return type(self)(self.x[places], self.y[places], self.rows[places], weights, own)

    def view(self, places: NDArray[np.int64]) -> Self:
        """The rows at these places, whose inputs stay where they are until they are used."""
        weights = None if self.weights is None else self.weights[places]
        own = None if self.own is None else self.own[places]
        return type(self)(RowView(self.x, places).as_array(), self.y[places], self.rows[places], weights, own)

    @cached_property
    def relative_weights(self) -> NDArray[np.float64] | None:
        """The weights over their mean, with which losses and metrics do not depend on their unit; None as `weights`."""
        return None if self.weights is None else relative_weights(np.asarray(self.weights))

    def weights_as(self, dtype: DTypeLike) -> NDArray[Any] | None:
        """The relative weights in the dtype of a network."""
        return None if self.relative_weights is None else self.relative_weights.astype(dtype)


@dataclass(frozen=True)
class Prepared:
    """A dataset, split, scaled and encoded.

    `scale` is the scaling that was used, never `auto`. `digest` is the hex SHA-256 of the source's content, which
    neither the split nor the scaling changes; it covers the table of `val_dataset`, if one was given, whose own digest
    is `validation_digest`. `folds` are those of the training rows, `(rows,)`, on which the networks of an ensemble
    validate in turn; None where they validate on `val`. `folder` is the cache entry that holds the arrays, None where
    they are in memory alone. `summary` says what became of each column. `decided` are options that the dataset decides,
    such as the reading options of its card; the options of a run take them over.
    """

    name: str
    task: Task
    train: Part
    val: Part | None
    test: Part | None
    preprocessing: Preprocessing
    scale: str
    digest: str
    folder: Path | None
    summary: tuple[ColumnSummary, ...] = ()
    validation_digest: str | None = None
    decided: Mapping[str, Any] = field(default_factory=dict)
    folds: NDArray[np.int64] | None = None

    def fold(self, fold: int) -> Self:
        """The data of one network of an ensemble: its fold validates, and the other training rows train it.

        Without folds all networks have the same data.
        """
        if self.folds is None:
            return self
        train, val = (self.train.view(np.flatnonzero(chosen)) for chosen in (self.folds != fold, self.folds == fold))
        return replace(self, train=train, val=val, folds=None)

    @property
    def validations(self) -> list[Part]:
        """The validation rows, if there are any; of an ensemble those of each network."""
        found = [self.val] if self.folds is None else [self.fold(k).val for k in range(self.folds.max() + 1)]
        return [part for part in found if part is not None]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of x, after one-hot coding."""
        return self.preprocessing.features

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the target columns."""
        return self.preprocessing.targets

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Class names by code, or None for regression."""
        return self.preprocessing.classes

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that have rows, by name: train, val, test."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}
