"""Passes of the losses for classes, and of the hits: scores are `(..., batch, classes)`, `t` and `p` their transposes.

Labels are int64, `(..., batch)`; `columns`, of the shape of the losses, says where in the flat transpose the column of
each example begins.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.kernels.compiled import twin

__all__ = ["count_correct", "cross_entropy_gradient", "label_losses", "shift_scores"]

Array = NDArray[Any]


@twin
def shift_scores(scores: Array, t: Array, /) -> None:
    """The transposed scores less the largest of each example: so the exponential of none overflows."""
    np.copyto(t, scores.swapaxes(-1, -2))
    np.subtract(t, np.maximum.reduce(t, axis=-2, keepdims=True), out=t)


@twin
def label_losses(t: Array, labels: Array, columns: Array, log_total: Array, losses: Array, /) -> None:
    """log_total - t of each example's class."""
    np.subtract(log_total, t.reshape(-1)[labels * t.shape[-1] + columns], out=losses)


@twin
def cross_entropy_gradient(
    p: Array,
    total: Array,
    labels: Array,
    columns: Array,
    certain: Array,
    share: Array | None,
    weights: Array | None,
    inverse: float,
    scratch: Array,
    grad: Array,
    /,
) -> None:
    """(p / total - target) * weights * inverse, where the target is `share`, plus `certain` for the class.

    total is `(..., 1, batch)`, certain `(..., 1)`, share `(..., 1, 1)`, weights `(..., batch)`.
    """
    np.divide(p, total, out=scratch)
    scratch.reshape(-1)[labels * p.shape[-1] + columns] -= certain
    if share is not None:
        np.subtract(scratch, share, out=scratch)
    if weights is not None:
        np.multiply(scratch, weights[..., None, :], out=scratch)
    np.multiply(scratch.swapaxes(-1, -2), inverse, out=grad)


@twin
def count_correct(scores: Array, labels: Array, count: Array, /) -> None:
    """How many examples are classified right, float64 `(...)`: by the sign of one score, by the largest of several."""
    hits = (scores[..., 0] > 0) == labels if scores.shape[-1] == 1 else scores.argmax(axis=-1) == labels
    count[...] = np.add.reduce(hits, axis=-1)
