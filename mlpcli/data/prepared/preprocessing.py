"""Everything that was fitted on the training rows, in one value that is kept with the model.

A number becomes (raw - center) / scale. A missing number is replaced by `fill`, and marked in an indicator column if
the training rows had missing ones too. A boolean becomes 0 or 1, a text one 0/1 column per category; if rare texts were
joined (`rare`), one more column stands for them and for unknown texts. A date becomes several numbers, those of its
parts that vary in the training rows, and one indicator. A number may be clipped smoothly to (-3, 3),
x / sqrt(1 + (x / 3)^2), as RealMLP does (Holzmüller et al. 2024).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import DATES, blocks_of
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.date_parts import DatePart, part_of

if TYPE_CHECKING:
    from mlpcli.data.sparse.sparse_columns import SparseColumns

__all__ = ["CLIP", "FAR", "Preprocessing", "Task", "output_units"]

Task = Literal["classification", "regression", "multilabel"]
CLIP = 3.0  # bound of clipped numbers
FAR = 1e100  # they are at the bound from far below, and their squares and ratios do not overflow


def output_units(task: str, classes: int, targets: int) -> int:
    """Number of scores: one per class, or one for two classes; one per target in a regression and for labels.

    >>> output_units("classification", classes=2, targets=1), output_units("classification", classes=10, targets=1)
    (1, 10)
    """
    if task != "classification":
        return targets
    return 1 if classes == 2 else classes


class Scalars(NamedTuple):
    """Numbers, booleans and parts of dates side by side: their places in raw rows and in x, and what was fitted."""

    source: NDArray[np.int64]
    place: NDArray[np.int64]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    fill: NDArray[np.float64]
    indicator: NDArray[np.int64]  # those with an indicator column for missing values
    indicator_place: NDArray[np.int64]
    clip: NDArray[np.int64]  # those that are clipped
    dates: tuple[tuple[int, str, float], ...]  # those that are parts of dates, their parts and origins


@dataclass(frozen=True)
class Preprocessing:
    """Raw rows to network inputs, and network outputs to the target's own units.

    `target_mean` and `target_scale` hold one number per target, and none for classes and labels. `apply` gives the same
    bits as in training, whichever rows are passed together. Sparse rows have `sparse` columns and no others.
    """

    columns: tuple[Column, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...] | None
    target_mean: tuple[float, ...]
    target_scale: tuple[float, ...]
    dtype: str
    sparse: "SparseColumns | None" = None

    @property
    def task(self) -> Task:
        """What the network predicts."""
        if self.classes is not None:
            return "classification"
        return "regression" if self.target_scale else "multilabel"

    @property
    def units(self) -> NDArray[np.float64] | None:
        """The standard deviation of each target, (targets,), in which a regression is trained; None for other tasks."""
        return np.array(self.target_scale) if self.task == "regression" else None

    @property
    def outputs(self) -> int:
        """Number of scores of a network."""
        return output_units(self.task, len(self.classes or ()), len(self.targets))

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of x."""
        if self.sparse:
            return self.sparse.features
        return tuple(feature for column in self.columns for feature in column.features)

    def apply(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Raw rows (n, columns), NaN where a cell is missing -> x (n, features).

        A category that was not fitted (NaN or below 0) becomes zeros. A number too large for `dtype` becomes infinite.
        """
        raw = np.asarray(raw)
        if raw.shape[-1] != len(self.columns):
            raise ValueError(f"rows of {raw.shape[-1]} columns, but {len(self.columns)} were fitted")
        x = np.zeros((len(raw), len(self.features)), dtype=self.dtype)
        for block in blocks_of(len(raw), max(len(self.columns), len(self.features))):
            self._apply_block(raw[block], x[block])
        return x

    def _apply_block(self, raw: NDArray[Any], x: NDArray[Any]) -> None:
        scalars, texts = self._layout
        values = raw[:, scalars.source].astype(np.float64)
        for at, part, origin in scalars.dates:
            values[:, at] = part_of(values[:, at], part, origin)
        missing = np.isnan(values)
        if missing.any():
            np.copyto(values, scalars.fill, where=missing)
            x[:, scalars.indicator_place] = missing[:, scalars.indicator]
        with np.errstate(over="ignore", invalid="ignore"):
            values -= scalars.center
            values /= scalars.scale
            if len(scalars.clip):
                clipped = np.clip(values[:, scalars.clip], -FAR, FAR)
                values[:, scalars.clip] = clipped / np.hypot(1.0, clipped / CLIP)
            x[:, scalars.place] = values
        for source, place, count in texts:
            codes = raw[:, source]
            known = np.flatnonzero((codes >= 0) & (codes < count))
            x[known, place + codes[known].astype(np.int64)] = 1

    def apply_target(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Regression targets (n, targets) in their own units -> standardized, in `dtype`."""
        y: NDArray[Any] = (raw - np.array(self.target_mean)) / np.array(self.target_scale)
        return y.astype(self.dtype)

    def inverse_target(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Standardized targets (..., targets) -> float64 in the target's own units."""
        own: NDArray[np.float64] = np.asarray(y, np.float64) * np.array(self.target_scale) + np.array(self.target_mean)
        return own

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, from which `from_json` makes an equal object."""
        return {
            "columns": [column.to_json() for column in self.columns],
            "targets": list(self.targets),
            "classes": None if self.classes is None else list(self.classes),
            "target_mean": list(self.target_mean),
            "target_scale": list(self.target_scale),
            "dtype": self.dtype,
            **({"sparse": self.sparse.to_json()} if self.sparse else {}),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The inverse of `to_json`; ValueError where the value is not one that `to_json` makes."""
        try:
            made = cls(
                columns=tuple(Column.from_json(column) for column in value["columns"]),
                targets=tuple(value["targets"]),
                classes=None if value["classes"] is None else tuple(value["classes"]),
                target_mean=tuple(float(number) for number in value["target_mean"]),
                target_scale=tuple(float(number) for number in value["target_scale"]),
                dtype=value["dtype"],
                sparse=_sparse_columns(value["sparse"]) if "sparse" in value else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a fitted preprocessing: {error}") from error
        made._check()
        return made

    @cached_property
    def _layout(self) -> tuple[Scalars, list[tuple[int, int, int]]]:
        """The scalars; for each text column its place in raw rows, first place in x and number of categories."""
        scalars: list[tuple[int, int, Column | DatePart]] = []
        texts, indicator, indicator_place, dates, place = [], [], [], [], 0
        clip: list[int] = []
        for source, column in enumerate(self.columns):
            if column.kind == "text":
                texts.append((source, place, len(column.features)))
                place += len(column.features)
                continue
            first = len(scalars)
            own: tuple[Column | DatePart, ...] = column.parts if column.kind in DATES else (column,)
            scalars += [(source, place + at, fitted) for at, fitted in enumerate(own)]
            dates += [(first + at, part.name, column.origin) for at, part in enumerate(column.parts)]
            if column.clip:
                clip += range(first, len(scalars))
            if column.indicator:
                indicator.append(first)
                indicator_place.append(place + len(own))
            place += len(column.features)
        laid_out = Scalars(
            source=np.array([source for source, _, _ in scalars], dtype=np.int64),
            place=np.array([place for _, place, _ in scalars], dtype=np.int64),
            center=np.array([fitted.center for _, _, fitted in scalars], dtype=np.float64),
            scale=np.array([fitted.scale for _, _, fitted in scalars], dtype=np.float64),
            fill=np.array([fitted.fill for _, _, fitted in scalars], dtype=np.float64),
            indicator=np.array(indicator, dtype=np.int64),
            indicator_place=np.array(indicator_place, dtype=np.int64),
            clip=np.array(clip, dtype=np.int64),
            dates=tuple(dates),
        )
        return laid_out, texts

    def _check(self) -> None:
        """Raise ValueError for values that no fit can produce: a file may be damaged, or written by hand."""
        numbers = [*self.target_mean, *self.target_scale]
        if not all(isinstance(text, str) for text in (*self.targets, *(self.classes or ()))):
            raise ValueError("not a fitted preprocessing: a name is not a text")
        if not all(map(math.isfinite, numbers)) or min(self.target_scale, default=1.0) <= 0:
            raise ValueError("not a fitted preprocessing: a fitted number is not finite, or a scale is not positive")
        for column in self.columns:
            column.check()
        if self.task == "multilabel" and len(self.targets) < 2:
            raise ValueError(
                "not a fitted preprocessing: it has neither classes, nor means of targets, nor several labels"
            )
        count = len(self.targets) if self.task == "regression" else 0
        if self.dtype not in ("float32", "float64") or {len(self.target_mean), len(self.target_scale)} != {count}:
            raise ValueError("not a fitted preprocessing: the dtype or the number of targets does not fit")


def _sparse_columns(value: Any) -> "SparseColumns":
    from mlpcli.data.sparse.sparse_columns import SparseColumns

    return SparseColumns.from_json(value)
