"""A part of the data once a network, or a stack of them, has scored it: what the functions of metrics take.

>>> outcome = Outcome(losses=np.array([1.0, 4.0, 9.0])).weighted(np.array([1.0, 0.0, 3.0]))
>>> outcome.losses, outcome.rows, float(outcome.mean(outcome.losses))
(array([1., 9.]), 4.0, 7.0)
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mlpcli.nn import Array
from mlpcli.training.metrics.probabilities import confidences, probabilities

__all__ = ["Outcome", "all_correct", "correct", "decided"]


def decided(scores: Array) -> Array:
    """The class code of each sample, `(..., batch)`: by the sign of one score, or the first of the largest of several.

    >>> decided(np.array([[0.3], [-2.0]])), decided(np.array([[0.1, 0.5, 0.5]]))
    (array([1, 0]), array([1]))
    """
    codes: Array = (scores[..., 0] > 0).astype(np.int64) if scores.shape[-1] == 1 else scores.argmax(axis=-1)
    return codes


def correct(scores: Array, labels: Array) -> Array:
    """Whether each sample is classified correctly, `(..., batch)`.

    >>> correct(np.array([[0.3], [-2.0]]), labels=np.array([1, 1]))
    array([ True, False])
    """
    hits: Array = decided(scores) == labels
    return hits


def all_correct(scores: Array, labels: Array) -> Array:
    """Whether all labels of each sample are right, `(..., batch)`: each by the sign of its score.

    >>> all_correct(np.array([[0.3, -2.0], [0.3, 2.0]]), labels=np.array([[1, 0], [1, 0]]))
    array([ True, False])
    """
    hits: Array = np.logical_and.reduce((scores > 0) == labels, axis=-1)
    return hits


@dataclass(frozen=True)
class Outcome:
    """A whole part scored, as metrics take it: `losses` and, for classes and labels, `hits` are `(..., rows)`.

    Labels have what was `decided`, `(..., rows, labels)`, and the `targets`, `(rows, labels)`. Classes have their
    codes as `targets`, `(rows,)`. Both have their `scores`, `(..., rows, outputs)`, where a metric asks for more than
    hits; `log_odds` says that these come from cross-entropy. A regression has `errors` `(..., rows, targets)` and
    `targets` `(rows, targets)`; both times `unit`, a power of two per target, are in the target's own units.
    `weights` are those of the rows, `(rows,)`, and not 0.
    """

    losses: Array
    hits: Array = field(default_factory=lambda: np.empty(0))
    decided: Array = field(default_factory=lambda: np.empty(0))
    scores: Array = field(default_factory=lambda: np.empty(0))
    log_odds: bool = True
    errors: Array = field(default_factory=lambda: np.empty(0))
    targets: Array = field(default_factory=lambda: np.empty(0))
    unit: Array = field(default_factory=lambda: np.ones(1))
    weights: Array | None = None

    def weighted(self, weights: Array) -> "Outcome":
        """The same rows with their weights, without those of weight 0, which count for nothing."""
        rows = np.flatnonzero(weights)
        axes = dict(losses=-1, hits=-1, targets=0, decided=-2, scores=-2, errors=-2)
        held = {name: axis for name, axis in axes.items() if getattr(self, name).size}
        # `take` keeps the order of the memory, on which the last bits of a sum depend
        kept = {name: getattr(self, name).take(rows, axis) for name, axis in held.items()}
        return replace(self, weights=weights[rows], **kept)

    def target(self, k: int) -> "Outcome":
        """A regression with one of its targets alone."""
        return replace(self, errors=self.errors[..., [k]], targets=self.targets[:, [k]], unit=self.unit[[k]])

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

    @property
    def classes(self) -> int:
        """The number of classes."""
        outputs: int = self.scores.shape[-1]
        return max(2, outputs)

    @cached_property
    def probabilities(self) -> Array:
        """Those of the classes, `(..., rows, classes)`."""
        return probabilities(self.scores, log_odds=self.log_odds)

    @cached_property
    def rankings(self) -> tuple[Array, Array]:
        """What orders the rows for each class or label, `(..., rows, k)`, and which of them belong to it, `(rows, k)`.

        Two classes have one order, by the evidence for the second.
        """
        if self.targets.ndim > 1:
            return self.scores.astype(np.float64), self.targets == 1
        found = confidences(self.scores, log_odds=self.log_odds)
        if found.shape[-1] == 1:
            return found, self.targets[:, None] == 1
        return found, self.targets[:, None] == np.arange(self.classes)
