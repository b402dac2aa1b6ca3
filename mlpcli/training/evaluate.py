"""Metrics: of batches in training, and of a whole part of the data.

Every metric is one number per replica, float64 `(...)`; rows count by their weights. Regression metrics are in the
target's own units; for several targets they are the uniform average, and `max_error` is the largest (scikit-learn's
conventions).

>>> from mlpcli.nn import Linear, SquaredLoss
>>> identity = Network([("output", Linear(1, 1))], dtype="float64")
>>> identity.parameters["output.weight"][...] = 1
>>> part = Part(x=np.array([[0.0], [2.0]]), y=np.array([[0.0], [1.0]]), rows=np.arange(2))
>>> metrics = evaluate(identity, SquaredLoss(dtype="float64"), part, target_scale=np.array([10.0]))
>>> {name: round(float(value), 3) for name, value in metrics.items()}
{'loss': 0.25, 'rmse': 7.071, 'mae': 5.0, 'r2': -1.0, 'max_error': 10.0}
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from mlpcli.config.metrics import metrics_of
from mlpcli.data import Part
from mlpcli.nn import Array, Loss, Network

__all__ = [
    "FUNCTIONS",
    "Outcome",
    "all_correct",
    "correct",
    "evaluate",
    "evaluate_targets",
    "score_blocks",
    "squared_errors",
    "total",
]

BLOCK = 256
"""Rows scored at a time; a constant, as the last bits of a matrix product may depend on the number of rows."""


def correct(scores: Array, labels: Array) -> Array:
    """Whether each sample is classified correctly, `(..., batch)`: by the sign of one score, or the largest of several.

    >>> correct(np.array([[0.3], [-2.0]]), labels=np.array([1, 1]))
    array([ True, False])
    """
    if scores.shape[-1] == 1:
        hits: Array = (scores[..., 0] > 0) == labels
        return hits
    hits = scores.argmax(axis=-1) == labels
    return hits


def all_correct(scores: Array, labels: Array) -> Array:
    """Whether all labels of each sample are right, `(..., batch)`: each by the sign of its score.

    >>> all_correct(np.array([[0.3, -2.0], [0.3, 2.0]]), labels=np.array([[1, 0], [1, 0]]))
    array([ True, False])
    """
    hits: Array = np.logical_and.reduce((scores > 0) == labels, axis=-1)
    return hits


def total(values: Array, weights: Array | None) -> Array:
    """The sum over the batch of `values: (..., batch)`, each times its weight."""
    summed: Array = np.add.reduce(values if weights is None else values * weights, axis=-1)
    return summed


def squared_errors(scores: Array, targets: Array, weights: Array | None = None) -> Array:
    """The sum over the batch of the squared errors of each target, in standardized units: float64 `(..., targets)`.

    Each error counts by its weight, `(..., batch)`.
    """
    error = scores.astype(np.float64) - targets
    squares = error * error if weights is None else error * error * weights[..., None]
    summed: Array = np.add.reduce(squares, axis=-2)
    return summed


def score_blocks(network: Network, x: Array) -> Iterator[tuple[slice, Array]]:
    """The network's scores `(..., rows, outputs)` of `x: (rows, features)`, a block of rows at a time."""
    for start in range(0, len(x), BLOCK):
        rows = slice(start, min(start + BLOCK, len(x)))
        yield rows, network.forward(np.asarray(x[rows]))


def evaluate(network: Network, loss: Loss, part: Part, target_scale: Array | None) -> dict[str, Array]:
    """The metrics of every replica on one part of the data.

    Args:
        network: the network, or a stack of them.
        loss: the loss, whose mean is reported in standardized units.
        part: the rows.
        target_scale: the standard deviation of each target, `(targets,)`, for a regression; None for other tasks.
    """
    scored = _scored(network, loss, part, target_scale)
    if target_scale is not None:
        task = "regression"
    else:
        task = "classification" if part.y.ndim == 1 else "multilabel"
    return {metric.name: FUNCTIONS[metric.name](scored) for metric in metrics_of(task)}


def evaluate_targets(network: Network, loss: Loss, part: Part, target_scale: Array) -> list[dict[str, Array]]:
    """The metrics of a regression but for the loss, of each target alone; arguments as for `evaluate`."""
    scored = _scored(network, loss, part, target_scale)
    alone = [
        replace(scored, errors=scored.errors[..., [k]], targets=scored.targets[:, [k]], unit=scored.unit[[k]])
        for k in range(len(target_scale))
    ]
    names = [metric.name for metric in metrics_of("regression") if metric.name != "loss"]
    return [{name: FUNCTIONS[name](target) for name in names} for target in alone]


def _scored(network: Network, loss: Loss, part: Part, target_scale: Array | None) -> "Outcome":
    unit, scale = _power_of_two(target_scale)
    losses, outcomes = [], []
    for rows, scores in score_blocks(network, part.x):
        y = np.asarray(part.y[rows])
        losses.append(np.array(loss(scores, y), np.float64))
        if target_scale is not None:
            outcomes.append((scores.astype(np.float64) - y) * scale)
        else:
            outcomes.append(correct(scores, y) if y.ndim == 1 else scores > 0)
    every_loss = np.concatenate(losses, axis=-1)
    if target_scale is None and part.y.ndim == 1:
        scored = Outcome(every_loss, hits=np.concatenate(outcomes, axis=-1))
    elif target_scale is None:
        decided, labels = np.concatenate(outcomes, axis=-2), np.asarray(part.y)
        hits = np.logical_and.reduce(decided == labels, axis=-1)
        scored = Outcome(every_loss, hits=hits, decided=decided, targets=labels)
    else:
        targets = np.asarray(part.y, np.float64) * scale
        scored = Outcome(every_loss, errors=np.concatenate(outcomes, axis=-2), targets=targets, unit=unit)
    return scored if part.weights is None else scored.weighted(np.asarray(part.weights))


@dataclass(frozen=True)
class Outcome:
    """A whole part scored, as metrics take it: `losses` and, for classes and labels, `hits` are `(..., rows)`.

    Labels have what was `decided`, `(..., rows, labels)`, and the `targets`, `(rows, labels)`. A regression has
    `errors` `(..., rows, targets)` and `targets` `(rows, targets)`; both times `unit`, a power of two per target, are
    in the target's own units. `weights` are those of the rows, `(rows,)`, and not 0.
    """

    losses: Array
    hits: Array = field(default_factory=lambda: np.empty(0))
    decided: Array = field(default_factory=lambda: np.empty(0))
    errors: Array = field(default_factory=lambda: np.empty(0))
    targets: Array = field(default_factory=lambda: np.empty(0))
    unit: Array = field(default_factory=lambda: np.ones(1))
    weights: Array | None = None

    def weighted(self, weights: Array) -> "Outcome":
        """The same rows with their weights, without those of weight 0, which count for nothing."""
        rows, axes = np.flatnonzero(weights), dict(losses=-1, hits=-1, decided=-2, errors=-2, targets=-2)
        held = {name: axis for name, axis in axes.items() if getattr(self, name).size}
        # `take` keeps the order of the memory, on which the last bits of a sum depend
        kept = {name: getattr(self, name).take(rows, axis) for name, axis in held.items()}
        return replace(self, weights=weights[rows], **kept)

    def sum(self, values: Array, axis: int = -1) -> Array:
        """The sum over the rows, which are the `axis` of the values: -1, or -2 before the targets."""
        if self.weights is not None:
            values = values * (self.weights if axis == -1 else self.weights[:, None])
        summed: Array = np.add.reduce(values, axis=axis)
        return summed

    def mean(self, values: Array, axis: int = -1) -> Array:
        """The mean over the rows, as `sum`."""
        if self.weights is None:
            mean: Array = values.mean(axis=axis)
        else:
            mean = self.sum(values, axis) / self.weights.sum()
        return mean

    @cached_property
    def rows(self) -> float:
        """The number of rows, or the sum of their weights."""
        return self.losses.shape[-1] if self.weights is None else float(self.weights.sum())

    @cached_property
    def squares(self) -> Array:
        """The sum of squared errors of each target, `(..., targets)`."""
        return self.sum(self.errors * self.errors, axis=-2)


def _power_of_two(target_scale: Array | None) -> tuple[Array, Array]:
    """Each scale as unit * rest with a power of two and 1 <= rest < 2.

    Errors in these units have squares that neither vanish nor overflow, and the same digits.
    """
    scale = np.ones(1) if target_scale is None else target_scale
    unit = np.ldexp(1.0, np.frexp(scale)[1] - 1)
    return unit, scale / unit


def _r2(scored: Outcome) -> Array:
    """1 - SSE / SST, mean over the targets; a constant one counts 1 if all errors are 0, else 0; nan below two rows."""
    targets, square = scored.targets, scored.squares
    if len(targets) < 2:
        return np.full(square.shape[:-1], np.nan)
    constant = targets.max(axis=0) == targets.min(axis=0)  # the rounding of a mean can give a constant a spread
    spread = scored.sum((targets - scored.mean(targets, axis=-2)) ** 2, axis=-2)
    r2 = 1 - square / np.where(constant, 1, spread)
    mean: Array = np.where(constant, np.where(square == 0, 1.0, 0.0), r2).mean(axis=-1)
    return mean


def _f1(scored: Outcome, average: Literal["micro", "macro"]) -> Array:
    """2 TP / (2 TP + FP + FN), 0 where there are none: of all labels together, or the mean over the labels."""
    right, decided, targets = (
        scored.sum(values.astype(np.float64), axis=-2)
        for values in (scored.decided & (scored.targets == 1), scored.decided, scored.targets)
    )
    if average == "micro":
        right, decided, targets = (counts.sum(axis=-1, keepdims=True) for counts in (right, decided, targets))
    either = decided + targets
    f1: Array = (2 * right / np.where(either > 0, either, 1)).mean(axis=-1)
    return f1


FUNCTIONS: dict[str, Callable[[Outcome], Array]] = {
    "loss": lambda scored: scored.mean(scored.losses),
    "accuracy": lambda scored: scored.mean(scored.hits),
    "micro_f1": lambda scored: _f1(scored, "micro"),
    "macro_f1": lambda scored: _f1(scored, "macro"),
    "rmse": lambda scored: (np.sqrt(scored.squares / scored.rows) * scored.unit).mean(axis=-1),
    "mae": lambda scored: (scored.mean(np.abs(scored.errors), axis=-2) * scored.unit).mean(axis=-1),
    "r2": _r2,
    "max_error": lambda scored: (np.abs(scored.errors).max(axis=-2) * scored.unit).max(axis=-1),
}
"""Each metric of `config.metrics` by name: from a scored part to one number per replica, float64 `(...)`."""
