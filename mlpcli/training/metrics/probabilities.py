"""From a network's scores to probabilities of classes, and to the order that rankings of rows go by.

>>> probabilities(np.log([[1.0, 2.0, 1.0]]), log_odds=True)
array([[0.25, 0.5 , 0.25]])
>>> probabilities(np.array([[0.5]]), log_odds=False)  # one score near -1 or +1
array([[0.25, 0.75]])
"""

import numpy as np

from mlpcli.nn import Array, sigmoid

__all__ = ["confidences", "probabilities"]


def probabilities(scores: Array, *, log_odds: bool) -> Array:
    """One probability per class, float64 `(..., rows, classes)`.

    Args:
        scores: those of a classifier, `(..., rows, outputs)`; one for two classes.
        log_odds: whether they come from cross-entropy. They are then put through softmax or sigmoid. Those of a loss on
            residuals are clipped to [0, 1] and divided by their sum.
    """
    wide = scores.astype(np.float64)
    if wide.shape[-1] == 1:
        single = wide[..., 0]
        positive = sigmoid(single, np.empty_like(single)) if log_odds else np.clip((1 + single) / 2, 0, 1)
        return np.stack([1 - positive, positive], axis=-1)
    if log_odds:
        p = np.exp(wide - wide.max(axis=-1, keepdims=True))
    else:
        p = np.clip(wide, 0, 1)
        p[p.sum(axis=-1) == 0] = 1
    normalized: Array = p / p.sum(axis=-1, keepdims=True)
    return normalized


def confidences(scores: Array, *, log_odds: bool) -> Array:
    """Rank of rows by evidence for a class: float64 `(..., rows, classes)`, or `(..., rows, 1)` for one score.

    After cross-entropy the log-odds of the class, else the scores: the order of the probabilities, without the ties
    that clipping and rounding to 0 or 1 make.

    >>> confidences(np.log([[1.0, 2.0, 1.0]]), log_odds=True).round(3)  # 1:3, 2:2 and 1:3
    array([[-1.099,  0.   , -1.099]])
    """
    wide = scores.astype(np.float64)
    if not log_odds or wide.shape[-1] == 1:
        return wide
    others = np.full_like(wide, -np.inf)  # the logarithm of the sum of all exponentials but that of the class
    others[..., 1:] = np.logaddexp.accumulate(wide, axis=-1)[..., :-1]
    after = np.logaddexp.accumulate(wide[..., ::-1], axis=-1)[..., ::-1]
    others[..., :-1] = np.logaddexp(others[..., :-1], after[..., 1:])
    log_odds_of_class: Array = wide - others
    return log_odds_of_class
