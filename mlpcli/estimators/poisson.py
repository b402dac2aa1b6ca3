"""The Poisson loss of scikit-learn's regressor, for counts; its scores are logarithms of rates.

>>> loss = PoissonLoss(dtype="float64")
>>> loss(np.log([[2.0]]), np.array([[2.0]])), loss(np.log([[2.0]]), np.array([[0.0]]))
(array([0.]), array([2.]))
>>> loss.gradient()
array([[2.]])
"""

import numpy as np
from scipy.special import xlogy

from mlpcli.nn import Array, Loss

__all__ = ["PoissonLoss"]


class PoissonLoss(Loss):
    """Half the deviance, the sum over the outputs of y log(y / m) - y + m with the rate m = exp(score)."""

    def __call__(self, scores: Array, targets: Array) -> Array:
        """The loss of each sample, `(..., batch)`."""
        self._rates, self._counts = np.exp(scores), targets
        losses: Array = np.add.reduce(xlogy(targets, targets) - targets * scores - targets + self._rates, axis=-1)
        return losses

    def gradient(self) -> Array:
        """(m - y) / batch."""
        gradient: Array = (self._rates - self._counts) / self._rates.shape[-2]
        return gradient

    def objective(self) -> Array:
        """The mean over the batch."""
        scores, counts = np.log(self._rates), self._counts
        losses = np.add.reduce(xlogy(counts, counts) - counts * scores - counts + self._rates, axis=-1)
        mean: Array = losses.mean(axis=-1)
        return mean
