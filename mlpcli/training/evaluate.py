"""What is measured: of batches as they pass, and of a whole part of the data by the weights that were kept.

Every value is one number a replica, float64 `(...)`. Regression metrics are in the target's own units; of
several targets they are the uniform average, `max_error` the largest (scikit-learn's conventions).
"""

from collections.abc import Iterator

import numpy as np

from mlpcli.data import Part
from mlpcli.nn import Array, Loss, Network

__all__ = ["correct", "evaluate", "score_blocks", "squared_errors"]

BLOCK = 256
"""Rows scored at once. Fixed, because the last bits of a matrix product may depend on the number of rows."""


def correct(scores: Array, labels: Array) -> Array:
    """Whether each example is classified right, `(..., batch)`: by the sign of one score or the largest of several."""
    if scores.shape[-1] == 1:
        hits: Array = (scores[..., 0] > 0) == labels
        return hits
    hits = scores.argmax(axis=-1) == labels
    return hits


def squared_errors(scores: Array, targets: Array) -> Array:
    """The sum over the batch of squared errors of each target, in standardized units: float64 `(..., targets)`."""
    error = scores.astype(np.float64) - targets
    total: Array = np.add.reduce(error * error, axis=-2)
    return total


def score_blocks(network: Network, x: Array) -> Iterator[tuple[slice, Array]]:
    """The network's scores `(..., rows, outputs)` of `x: (rows, features)`, a block of rows at a time."""
    for start in range(0, len(x), BLOCK):
        rows = slice(start, min(start + BLOCK, len(x)))
        yield rows, network.forward(np.asarray(x[rows]))


def evaluate(network: Network, loss: Loss, part: Part, target_scale: Array | None) -> dict[str, Array]:
    """The metrics of every replica on one part: of classes where `target_scale` is None, else of a regression.

    `target_scale: (targets,)` takes standardized targets back to their own units; `loss` stays as it is.
    """
    losses, measured = [], []
    for rows, scores in score_blocks(network, part.x):
        y = np.asarray(part.y[rows])
        losses.append(np.array(loss(scores, y), np.float64))
        measured.append(correct(scores, y) if target_scale is None else (scores.astype(np.float64) - y) * target_scale)
    mean_loss = np.concatenate(losses, axis=-1).mean(axis=-1)
    if target_scale is None:
        return {"loss": mean_loss, "accuracy": np.concatenate(measured, axis=-1).mean(axis=-1)}
    error = np.concatenate(measured, axis=-2)
    square = np.add.reduce(error * error, axis=-2)
    targets = np.asarray(part.y, np.float64) * target_scale
    return {
        "loss": mean_loss,
        "rmse": np.sqrt(square / len(targets)).mean(axis=-1),
        "mae": np.abs(error).mean(axis=-2).mean(axis=-1),
        "r2": _r2(square, targets).mean(axis=-1),
        "max_error": np.abs(error).max(axis=(-2, -1)),
    }


def _r2(square: Array, targets: Array) -> Array:
    """1 - SSE / SST for each target; of a constant one 1 if it is hit exactly, else 0; nan below two rows."""
    if len(targets) < 2:
        return np.full_like(square, np.nan)
    spread = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    constant = spread == 0
    r2 = 1 - square / np.where(constant, 1, spread)
    return np.where(constant, np.where(square == 0, 1.0, 0.0), r2)
