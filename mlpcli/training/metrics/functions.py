"""The metrics: each a function from a scored part to one number per replica, float64 `(...)`.

Rows count by their weights. A metric that these rows do not define is nan. Regression metrics are in the target's own
units; for several targets they are the uniform average, and `max_error` is the largest (scikit-learn's conventions).

>>> from dataclasses import replace
>>> outcome = Outcome(np.zeros(4), hits=np.array([True, True, True, False]), scores=np.array([[2.0], [1.0], [3], [4]]))
>>> outcome = replace(outcome, targets=np.array([1, 1, 1, 0]))
>>> float(FUNCTIONS["accuracy"](outcome)), float(FUNCTIONS["balanced_accuracy"](outcome))
(0.75, 0.5)
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from mlpcli.nn import Array
from mlpcli.training.metrics.outcome import Outcome, decided
from mlpcli.training.metrics.ranked_rows import average_precision, roc_area

__all__ = ["FUNCTIONS"]

TOP = 5
"""Classes of which one must be right in `top_5_accuracy`."""


def _replicas(values: Array, axes: int) -> tuple[tuple[int, ...], Array]:
    """The leading axes before the last `axes`, and the values with one axis in place of them."""
    lead = values.shape[: values.ndim - axes]
    return lead, values.reshape(-1, *values.shape[values.ndim - axes :])


def _of_classes(scored: Outcome, function: Callable[[Array, Array, Array], float]) -> Array:
    """A function of the weights per class of right decisions, of decisions and of rows, each `(classes,)`."""
    lead, codes = _replicas(decided(scored.scores), 1)
    weights = np.ones(len(scored.targets)) if scored.weights is None else scored.weights

    def count(classes: Array, counted: Array) -> Array:
        return np.bincount(classes, counted, minlength=scored.classes)

    rows = count(scored.targets, weights)
    numbers = [
        function(count(scored.targets, weights * (chosen == scored.targets)), count(chosen, weights), rows)
        for chosen in codes
    ]
    return np.reshape(np.array(numbers), lead)


def _mean_recall(right: Array, chosen: Array, rows: Array) -> float:
    present = rows > 0
    return float((right[present] / rows[present]).mean())


def _mean_f1(right: Array, chosen: Array, rows: Array) -> float:
    """2 TP / (2 TP + FP + FN), the mean over the classes that have rows or were chosen."""
    either = chosen + rows
    return float((2 * right[either > 0] / either[either > 0]).mean())


def _f1(scored: Outcome, average: Literal["micro", "macro"]) -> Array:
    """2 TP / (2 TP + FP + FN), 0 where there are none: of all labels together, or the mean over the labels."""
    right, chosen, targets = (
        scored.sum(values.astype(np.float64), axis=-2)
        for values in (scored.decided & (scored.targets == 1), scored.decided, scored.targets)
    )
    if average == "micro":
        right, chosen, targets = (counts.sum(axis=-1, keepdims=True) for counts in (right, chosen, targets))
    either = chosen + targets
    f1: Array = (2 * right / np.where(either > 0, either, 1)).mean(axis=-1)
    return f1


def _macro_f1(scored: Outcome) -> Array:
    return _f1(scored, "macro") if scored.targets.ndim > 1 else _of_classes(scored, _mean_f1)


def _ranked(scored: Outcome, area: Callable[[Array, Array, Array | None], float]) -> Array:
    """The mean of an area over classes or labels; nan where one of them is not defined."""
    confidences, positive = scored.rankings
    lead, each = _replicas(confidences, 2)
    means = [
        np.mean([area(column, which, scored.weights) for column, which in zip(one.T, positive.T, strict=True)])
        for one in each
    ]
    return np.reshape(np.array(means), lead)


def _top(scored: Outcome) -> Array:
    """Whether fewer than five classes come before the right one; of equal scores the first class comes first."""
    if scored.classes <= TOP:
        return np.full(scored.losses.shape[:-1], np.nan)
    own = np.take_along_axis(scored.scores, _codes(scored), axis=-1)
    first = np.arange(scored.classes) < scored.targets[:, None]
    before = (scored.scores > own) | ((scored.scores == own) & first)
    return scored.mean((before.sum(axis=-1) < TOP).astype(np.float64))


def _codes(scored: Outcome) -> Array:
    """The targets as places in the last axis of scores or probabilities, `(..., rows, 1)`."""
    lead = scored.scores.shape[:-2]
    return np.broadcast_to(scored.targets[:, None], (*lead, len(scored.targets), 1))


def _log_loss(scored: Outcome) -> Array:
    """The loss itself where it is this one; a probability of 0 counts as the smallest step of a float64, 2.2e-16."""
    if scored.log_odds:
        return scored.mean(scored.losses)
    p = np.take_along_axis(scored.probabilities, _codes(scored), axis=-1)[..., 0]
    return scored.mean(-np.log(np.maximum(p, np.finfo(np.float64).eps)))


def _brier(scored: Outcome) -> Array:
    p, onehot = scored.probabilities, scored.targets[:, None] == np.arange(scored.classes)
    squares = (p - onehot) ** 2
    return scored.mean(squares[..., 1] if scored.classes == 2 else squares.sum(axis=-1))


def _median(scored: Outcome) -> Array:
    """The median absolute error: of equal weights on both sides the mean of its two neighbours."""
    errors = np.abs(scored.errors)
    if scored.weights is None:
        medians: Array = np.median(errors, axis=-2)
    else:
        lead, each = _replicas(errors, 2)
        found = [[_weighted_median(column, scored.weights) for column in one.T] for one in each]
        medians = np.reshape(np.array(found), (*lead, errors.shape[-1]))
    mean: Array = (medians * scored.unit).mean(axis=-1)
    return mean


def _weighted_median(values: Array, weights: Array) -> float:
    """The value at half of the weights; sums that differ from the half by their rounding alone are equal to it."""
    order = np.argsort(values, kind="stable")
    reached, ordered = np.cumsum(weights[order]), values[order]
    half, rounding = reached[-1] / 2, len(values) * np.finfo(np.float64).eps * reached[-1]
    lower, upper = np.searchsorted(reached, half - rounding), np.searchsorted(reached, half + rounding, side="right")
    return float((ordered[lower] + ordered[upper]) / 2)


def _mape(scored: Outcome) -> Array:
    """|error / target|, where a target below 2.2e-16 counts as that, as in scikit-learn; nan where a target is 0."""
    if (scored.targets == 0).any():
        return np.full(scored.errors.shape[:-2], np.nan)
    sizes = np.maximum(np.abs(scored.targets), np.finfo(np.float64).eps / scored.unit)
    mean: Array = scored.mean(np.abs(scored.errors) / sizes, axis=-2).mean(axis=-1)
    return mean


def _r2(scored: Outcome) -> Array:
    """1 - SSE / SST."""
    return _explained(scored, scored.squares)


def _explained_variance(scored: Outcome) -> Array:
    """1 - SSE / SST, with the errors taken around their mean."""
    errors = scored.errors
    spread = scored.sum((errors - scored.mean(errors, axis=-2)[..., None, :]) ** 2, axis=-2)
    return _explained(scored, np.where(errors.max(axis=-2) == errors.min(axis=-2), 0.0, spread))


def _explained(scored: Outcome, left: Array) -> Array:
    """1 - left / SST, mean over the targets; a constant one counts 1 if nothing is left, else 0; nan below two rows."""
    targets = scored.targets
    if len(targets) < 2:
        return np.full(left.shape[:-1], np.nan)
    constant = targets.max(axis=0) == targets.min(axis=0)  # the rounding of a mean can give a constant a spread
    around = targets - scored.mean(targets, axis=-2)
    spread = scored.sum((around - scored.mean(around, axis=-2)) ** 2, axis=-2)  # twice, as a mean is rounded too
    share = 1 - left / np.where(constant, 1, spread)
    mean: Array = np.where(constant, np.where(left == 0, 1.0, 0.0), share).mean(axis=-1)
    return mean


FUNCTIONS: dict[str, Callable[[Outcome], Array]] = {
    "loss": lambda scored: scored.mean(scored.losses),
    "accuracy": lambda scored: scored.mean(scored.hits),
    "balanced_accuracy": lambda scored: _of_classes(scored, _mean_recall),
    "micro_f1": lambda scored: _f1(scored, "micro"),
    "macro_f1": _macro_f1,
    "roc_auc": lambda scored: _ranked(scored, roc_area),
    "average_precision": lambda scored: _ranked(scored, average_precision),
    "top_5_accuracy": _top,
    "log_loss": _log_loss,
    "brier": _brier,
    "rmse": lambda scored: (np.sqrt(scored.squares / scored.rows) * scored.unit).mean(axis=-1),
    "mae": lambda scored: (scored.mean(np.abs(scored.errors), axis=-2) * scored.unit).mean(axis=-1),
    "median_absolute_error": _median,
    "mape": _mape,
    "r2": _r2,
    "explained_variance": _explained_variance,
    "max_error": lambda scored: (np.abs(scored.errors).max(axis=-2) * scored.unit).max(axis=-1),
}
"""Each metric of `config.metrics` by name."""
