"""What the probabilities of a classifier are worth: how often they come true, and what each threshold would decide.

>>> bins = bin_rows(np.array([0.1, 0.12, 0.95, 0.95]), np.array([False, True, True, True]))
>>> bins.mean.round(3), bins.share, bins.rows, round(bins.error, 3)
(array([0.11, 0.95]), array([0.5, 1. ]), array([2., 2.]), 0.22)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "Bins", "Thresholds", "bin_rows", "thresholds"]

BINS = 10

MOST_THRESHOLDS = 1000
"""Thresholds above which evenly spaced ones are kept: a million rows have a million."""

Numbers = NDArray[np.float64]


class Bins(NamedTuple):
    """Per bin of equal width that has rows: the mean probability, the share that came true, and the number of rows.

    Weighted rows count by their weights in all three; `effective` is the number of rows of equal weight that would
    settle the share as well, (sum w)^2 / sum w^2 (Kish 1965, "Survey Sampling").
    """

    mean: Numbers
    share: Numbers
    rows: Numbers
    effective: Numbers

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance of share from probability, weighted by the rows."""
        return float((np.abs(self.share - self.mean) * self.rows).sum() / self.rows.sum())

    @property
    def halves(self) -> Numbers:
        """Distances from the share to both ends of its 95% interval (Wilson 1927), `(2, bins)`."""
        z, p, n = 1.959964, self.share, self.effective
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        halves: Numbers = np.stack([p - (middle - half), middle + half - p]).clip(min=0)
        return halves


class Thresholds(NamedTuple):
    """Per threshold, rising: the scores of a decision for the second class wherever its probability is as high."""

    threshold: Numbers
    precision: Numbers
    recall: Numbers
    f1: Numbers
    accuracy: Numbers


def bin_rows(probabilities: Numbers, came_true: NDArray[np.bool_], weights: Numbers | None = None) -> Bins:
    """Rows by their probability, in bins of equal width; a row counts by its weight.

    Args:
        probabilities: those of an event, `(rows,)`.
        came_true: whether it came true, `(rows,)`.
        weights: those of the rows, `(rows,)`; None weighs all by 1.
    """
    place = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    weights = np.ones(len(place)) if weights is None else weights
    rows = np.bincount(place, weights=weights, minlength=BINS).astype(np.float64)
    sums = np.bincount(place, weights=probabilities * weights, minlength=BINS)
    true = np.bincount(place, weights=came_true * weights, minlength=BINS)
    squares = np.bincount(place, weights=weights * weights, minlength=BINS)
    there = rows > 0
    rows, squares = rows[there], squares[there]
    return Bins(sums[there] / rows, true[there] / rows, rows, rows * rows / squares)


@np.errstate(divide="ignore", invalid="ignore")
def thresholds(probabilities: Numbers, positive: NDArray[np.bool_], weights: Numbers | None = None) -> Thresholds:
    """Scores of the decisions `probability >= threshold` for each different probability, at most 1,000 of them.

    Recall is nan without a positive row. Rows of weight 0 count for nothing, and make no threshold.

    >>> table = thresholds(np.array([0.2, 0.6, 0.9]), np.array([False, True, True]))
    >>> table.threshold, table.precision.round(2), table.recall
    (array([0.2, 0.6, 0.9]), array([0.67, 1.  , 1.  ]), array([1. , 1. , 0.5]))

    Args:
        probabilities: those of the second class, `(rows,)`.
        positive: whether the row belongs to it, `(rows,)`.
        weights: those of the rows, `(rows,)`; None weighs all by 1.
    """
    if weights is None:
        weights = np.ones(len(probabilities))
    else:
        there = weights > 0
        probabilities, positive, weights = probabilities[there], positive[there], weights[there]
    order = np.argsort(probabilities, kind="stable")
    values, first = np.unique(probabilities[order], return_index=True)
    if len(values) > MOST_THRESHOLDS:
        kept = np.linspace(0, len(values) - 1, MOST_THRESHOLDS).round().astype(int)
        values, first = values[kept], first[kept]
    decided = np.cumsum(weights[order][::-1])[::-1][first]
    right = np.cumsum((weights * positive)[order][::-1])[::-1][first]
    positives, total = (weights * positive).sum(), weights.sum()
    wrong = (decided - right) + (positives - right)
    return Thresholds(
        values, right / decided, right / positives, 2 * right / (decided + positives), (total - wrong) / total
    )
