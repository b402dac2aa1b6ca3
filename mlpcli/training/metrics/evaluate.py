"""Networks scored on a part of the data: the metrics of every replica, float64 `(...)`, and sums over a batch.

>>> from mlpcli.nn import Linear, SquaredLoss
>>> identity = Network([("output", Linear(1, 1))], dtype="float64")
>>> identity.parameters["output.weight"][...] = 1
>>> part = Part(np.array([[0.0], [2.0]]), np.array([[0.0], [1.0]]), np.arange(2), own=np.array([[0.0], [10.0]]))
>>> known = Preprocessing((), ("y",), None, target_mean=(0.0,), target_scale=(10.0,), dtype="float64")
>>> metrics = evaluate(identity, SquaredLoss(dtype="float64"), part, known)
>>> {name: round(float(value), 3) for name, value in metrics.items()}
{'loss': 0.25, 'rmse': 7.071, 'mae': 5.0, 'r2': -1.0, 'max_error': 10.0}
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mlpcli.config.metrics import Metric, every_metric_of, metrics_of
from mlpcli.data import Part, Preprocessing
from mlpcli.nn import Array, Loss, Network
from mlpcli.training.metrics.functions import FUNCTIONS
from mlpcli.training.metrics.outcome import Outcome, all_correct, correct

__all__ = [
    "BLOCK",
    "evaluate",
    "evaluate_targets",
    "is_defined",
    "mean_metrics",
    "score_blocks",
    "squared_errors",
    "total",
]

BLOCK = 256
"""Rows scored at a time; a constant, as the last bits of a matrix product may depend on the number of rows."""


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
        yield rows, network.forward(x[rows])


def evaluate(
    network: Network,
    loss: Loss,
    part: Part,
    known: Preprocessing,
    metrics: Sequence[Metric] | None = None,
) -> dict[str, Array]:
    """The metrics of every replica on one part of the data, nan where the rows do not define one.

    Args:
        network: the network, or a stack of them.
        loss: the loss, whose mean is reported in standardized units.
        part: the rows.
        known: what was fitted in training, for the task and the units of the targets.
        metrics: the metrics; None is those that every run of the task reports.
    """
    chosen = metrics_of(known.task) if metrics is None else metrics
    scored = _scored(network, loss, part, known, chosen)
    return {metric.name: FUNCTIONS[metric.name](scored) for metric in chosen}


def mean_metrics(scored: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of every metric over several parts of the data."""
    return {name: float(np.mean([metrics[name] for metrics in scored])) for name in scored[0]}


def evaluate_targets(network: Network, loss: Loss, part: Part, known: Preprocessing) -> list[dict[str, Array]]:
    """Every metric of a regression but for the loss, of each target alone; arguments as for `evaluate`."""
    metrics = [metric for metric in every_metric_of("regression") if metric.name != "loss"]
    scored = _scored(network, loss, part, known, metrics)
    return [{metric.name: FUNCTIONS[metric.name](scored.target(k)) for metric in metrics} for k in range(known.outputs)]


def is_defined(metric: Metric, part: Part, known: Preprocessing) -> bool:
    """Whether a network with finite scores has a finite value of the metric on these rows."""
    if not metric.needs:
        return True
    y, losses = np.asarray(part.y), np.zeros(len(part))
    if known.task == "regression":
        scored = _Numbers(part, known).outcome(losses, np.zeros(y.shape))
    else:
        scored = _of_scores(losses, np.zeros((len(y), known.outputs)), y, log_odds=True)
    if part.relative_weights is not None:
        scored = scored.weighted(part.relative_weights)
    with np.errstate(all="ignore"):
        return bool(np.isfinite(FUNCTIONS[metric.name](scored)))


def _scored(network: Network, loss: Loss, part: Part, known: Preprocessing, metrics: Sequence[Metric]) -> Outcome:
    task = known.task
    usual = set(metrics) <= set(metrics_of(task))
    numbers = _Numbers(part, known) if task == "regression" else None
    losses, kept = [], []
    for rows, scores in score_blocks(network, part.x):
        y = np.asarray(part.y[rows])
        losses.append(np.array(loss(scores, y), np.float64))
        if numbers is not None:
            kept.append(numbers.errors(rows, scores))
        elif usual:  # which costs less memory than the scores
            kept.append(correct(scores, y)[..., None] if task == "classification" else scores > 0)
        else:
            kept.append(scores.copy())
    every_loss, every = np.concatenate(losses, axis=-1), np.concatenate(kept, axis=-2)
    y = np.asarray(part.y)
    if numbers is not None:
        scored = numbers.outcome(every_loss, every)
    elif not usual:
        scored = _of_scores(every_loss, every, y, log_odds=loss.log_odds)
    elif task == "classification":
        scored = Outcome(every_loss, hits=every[..., 0])
    else:
        scored = Outcome(every_loss, hits=np.logical_and.reduce(every == y, axis=-1), decided=every, targets=y)
    return scored if part.relative_weights is None else scored.weighted(part.relative_weights)


def _of_scores(losses: Array, scores: Array, y: Array, *, log_odds: bool) -> Outcome:
    """The outcome of classes `y: (rows,)`, or of labels `(rows, labels)`."""
    if y.ndim == 1:
        return Outcome(losses, hits=correct(scores, y), scores=scores, log_odds=log_odds, targets=y)
    return Outcome(losses, hits=all_correct(scores, y), decided=scores > 0, scores=scores, targets=y)


class _Numbers:
    """The targets of a regression over a power of two each, beside which their scale is 1 or more and less than 2.

    Errors in these units have squares that neither vanish nor overflow, and the digits of those in the targets' own.
    """

    def __init__(self, part: Part, known: Preprocessing) -> None:
        if part.own is None:
            raise ValueError("the part has no targets in their own units, on which a regression is scored")
        scale = np.array(known.target_scale)
        self._unit = np.ldexp(1.0, np.frexp(scale)[1] - 1)
        self._scale, self._mean = scale / self._unit, np.array(known.target_mean) / self._unit
        self._targets = np.asarray(part.own) / self._unit

    def errors(self, rows: slice, scores: Array) -> Array:
        """Those of scores `(..., batch, targets)`, whose predictions are those of `Preprocessing.inverse_target`."""
        errors: Array = scores.astype(np.float64) * self._scale + self._mean - self._targets[rows]
        return errors

    def outcome(self, losses: Array, errors: Array) -> Outcome:
        """All rows, `(..., rows)` and `(..., rows, targets)`."""
        return Outcome(losses, errors=errors, targets=self._targets, unit=self._unit)
