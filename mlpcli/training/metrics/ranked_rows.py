"""Metrics of an order of rows, the most confident first: areas under the ROC curve and under precision and recall.

Rows of equal confidence are one step of the curve, whatever order they stand in. Both agree with scikit-learn's.

>>> roc_area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
0.75
>>> round(average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])), 4)
0.8333
"""

import math

import numpy as np

from mlpcli.nn import Array

__all__ = ["average_precision", "roc_area"]


def roc_area(confidence: Array, positive: Array, weights: Array | None = None) -> float:
    """The chance that a positive row has more confidence than a negative one; a tie counts half.

    nan without positive or without negative rows, or where a confidence is not finite.

    Args:
        confidence: evidence that the row is positive, `(rows,)`.
        positive: whether it is, `(rows,)`.
        weights: those of the rows, `(rows,)`, above 0; None weighs all by 1.
    """
    steps = _steps(confidence, positive, weights)
    if steps is None or not (steps[0].sum() > 0 and steps[1].sum() > 0):
        return math.nan
    right, wrong = steps
    before = np.cumsum(right) - right
    return float((wrong * (before + right / 2)).sum() / (right.sum() * wrong.sum()))


def average_precision(confidence: Array, positive: Array, weights: Array | None = None) -> float:
    """The mean of the precision over the steps of recall; nan without positive rows. Arguments as for `roc_area`."""
    steps = _steps(confidence, positive, weights)
    if steps is None or not steps[0].sum() > 0:
        return math.nan
    right, wrong = steps
    precision = np.cumsum(right) / np.cumsum(right + wrong)
    return float((precision * right).sum() / right.sum())


def _steps(confidence: Array, positive: Array, weights: Array | None) -> tuple[Array, Array] | None:
    """The weight of positive and of negative rows at each confidence, the highest first; None if one is not finite."""
    if not np.isfinite(confidence).all():
        return None
    each = np.ones(len(confidence)) if weights is None else weights
    values, step = np.unique(confidence, return_inverse=True)
    place = len(values) - 1 - step
    right, wrong = (np.bincount(place, each * which, minlength=len(values)) for which in (positive, ~positive))
    return right, wrong
