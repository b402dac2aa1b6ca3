"""The loss of several 0/1 labels per row, each with a score of its own.

>>> loss = LabelLoss(dtype="float64")
>>> loss(np.array([[0.0, 100.0]]), np.array([[1, 0]])).round(4), loss.gradient()
(array([100.6931]), array([[-0.5,  1. ]]))
"""

import numpy as np

from mlpcli.nn import Array, Loss, sigmoid

__all__ = ["LabelLoss"]


class LabelLoss(Loss):
    """The sum over the labels of the logistic loss, softplus((1 - 2y) z); smoothed targets are (1-s) y + s/2."""

    def __call__(self, scores: Array, targets: Array) -> Array:
        """The loss of each sample, `(..., batch)`."""
        self._z, self._labels = scores, targets
        losses: Array = np.add.reduce(np.logaddexp(0, np.where(targets == 1, -scores, scores)), axis=-1)
        return losses

    def gradient(self) -> Array:
        """(sigmoid(z) - target) / batch."""
        z = self._z
        gradient: Array = (sigmoid(z, np.empty_like(z)) - self._targets()) / z.dtype.type(z.shape[-2])
        return gradient

    def objective(self) -> Array:
        """The mean over the batch."""
        z = self._z
        mean: Array = np.add.reduce(np.logaddexp(0, z) - self._targets() * z, axis=-1).mean(axis=-1)
        return mean

    def _targets(self) -> Array:
        targets: Array = (1 - self._s) * self._labels.astype(self._z.dtype) + self._s / 2
        return targets
