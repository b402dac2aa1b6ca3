"""Metrics: of batches in training, and of a whole part of the data.

Every metric is one number per replica, float64 `(...)`. Regression metrics are in the target's own units; for several
targets they are the uniform average, and `max_error` is the largest (scikit-learn's conventions).

>>> from mlpcli.nn import Linear, SquaredLoss
>>> identity = Network([("output", Linear(1, 1))], dtype="float64")
>>> identity.parameters["output.weight"][...] = 1
>>> part = Part(x=np.array([[0.0], [2.0]]), y=np.array([[0.0], [1.0]]), rows=np.arange(2))
>>> metrics = evaluate(identity, SquaredLoss(dtype="float64"), part, target_scale=np.array([10.0]))
>>> {name: round(float(value), 3) for name, value in metrics.items()}
{'loss': 0.25, 'rmse': 7.071, 'mae': 5.0, 'r2': -1.0, 'max_error': 10.0}
"""

from collections.abc import Iterator

import numpy as np

from mlpcli.data import Part
from mlpcli.nn import Array, Loss, Network

__all__ = ["correct", "evaluate", "score_blocks", "squared_errors"]

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


def squared_errors(scores: Array, targets: Array) -> Array:
    """The sum over the batch of the squared errors of each target, in standardized units: float64 `(..., targets)`."""
    error = scores.astype(np.float64) - targets
    total: Array = np.add.reduce(error * error, axis=-2)
    return total


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
        target_scale: the standard deviation of each target, `(targets,)`, for a regression; None for classes.
    """
    unit, scale = _power_of_two(target_scale)
    losses, measured = [], []
    for rows, scores in score_blocks(network, part.x):
        y = np.asarray(part.y[rows])
        losses.append(np.array(loss(scores, y), np.float64))
        measured.append(correct(scores, y) if target_scale is None else (scores.astype(np.float64) - y) * scale)
    mean_loss = np.concatenate(losses, axis=-1).mean(axis=-1)
    if target_scale is None:
        return {"loss": mean_loss, "accuracy": np.concatenate(measured, axis=-1).mean(axis=-1)}
    error = np.concatenate(measured, axis=-2)
    square = np.add.reduce(error * error, axis=-2)
    targets = np.asarray(part.y, np.float64) * scale
    return {
        "loss": mean_loss,
        "rmse": (np.sqrt(square / len(targets)) * unit).mean(axis=-1),
        "mae": (np.abs(error).mean(axis=-2) * unit).mean(axis=-1),
        "r2": _r2(square, targets).mean(axis=-1),
        "max_error": (np.abs(error).max(axis=-2) * unit).max(axis=-1),
    }


def _power_of_two(target_scale: Array | None) -> tuple[Array, Array]:
    """Each scale as unit * rest with a power of two and 1 <= rest < 2.

    Errors in these units have squares that neither vanish nor overflow, and the same digits.
    """
    scale = np.ones(1) if target_scale is None else target_scale
    unit = np.ldexp(1.0, np.frexp(scale)[1] - 1)
    return unit, scale / unit


def _r2(square: Array, targets: Array) -> Array:
    """1 - SSE / SST of each target; for a constant one 1 if all errors are 0, else 0; nan for fewer than two rows."""
    if len(targets) < 2:
        return np.full_like(square, np.nan)
    constant = targets.max(axis=0) == targets.min(axis=0)  # the rounding of a mean can give a constant a spread
    spread = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    r2 = 1 - square / np.where(constant, 1, spread)
    return np.where(constant, np.where(square == 0, 1.0, 0.0), r2)
