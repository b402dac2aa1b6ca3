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
from mlpcli.nn.losses.loss import mean

__all__ = ["PoissonLoss"]


class PoissonLoss(Loss):
    """Half the deviance, the sum over the outputs of y log(y / m) - y + m with the rate m = exp(score)."""

    def _losses(self) -> Array:
        """The loss of each sample, `(..., batch)`."""
        z, y = self._scores, self._targets
        self._rates = np.exp(z)
        losses: Array = np.add.reduce(xlogy(y, y) - y * z - y + self._rates, axis=-1)
        return losses

    def gradient(self) -> Array:
        """(m - y) / batch, times the weight of the sample."""
        gradient: Array = (self._rates - self._targets) / self._rates.shape[-2]
        weights = self._weights()
        return gradient if weights is None else gradient * weights[..., None]

    def objective(self) -> Array:
        """The mean over the batch, each sample times its weight."""
        return mean(self._losses(), self._weights())
