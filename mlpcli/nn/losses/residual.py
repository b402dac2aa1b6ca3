"""Losses of the residual r = scores - targets, for regression and, with coded classes, for the lecture's classifiers.

>>> for loss in (SquaredLoss, AbsoluteLoss, HuberLoss):
...     one = loss(dtype="float64")
...     print(one(np.array([[3.0]]), np.array([[1.0]])), one.gradient())  # r = 2
[2.] [[2.]]
[2.] [[1.]]
[1.5] [[1.]]
"""

from abc import abstractmethod

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Workspaces
from mlpcli.nn.losses.loss import Loss, mean
from mlpcli.nn.types import Array

__all__ = ["AbsoluteLoss", "HuberLoss", "ResidualLoss", "SquaredLoss"]


class ResidualLoss(Loss, Workspaces[Array]):
    """The sum over the outputs of rho(r); a subclass says what rho is.

    Class codes become target rows: onehot for several scores, smoothed to (1-s) onehot + s/c. For one score they are
    -1 and +1, so that its sign decides as in the lecture, smoothed to (1-s) times that.
    """

    def allocate(self, x: Array) -> Array:
        """The gradient, `(..., batch, outputs)`."""
        return aligned_empty(x.shape, x.dtype)

    @abstractmethod
    def rho(self, r: Array) -> Array:
        """The penalty of each residual."""

    @abstractmethod
    def slope(self, r: Array, out: Array) -> None:
        """Write d rho / dr of each residual to `out`."""

    def _losses(self) -> Array:
        """The sum over the outputs of rho(r)."""
        self._work = self.workspace(self._scores)
        self._r = self._residual(smooth=False)
        losses: Array = np.add.reduce(self.rho(self._r), axis=-1)
        return losses

    def gradient(self) -> Array:
        """rho'(r) / batch for the smoothed targets, times the weight of the sample."""
        r, grad = self._residual(smooth=True), self._work
        self.slope(r, grad)
        weights = self._weights()
        if weights is not None:
            np.multiply(grad, weights[..., None], out=grad)
        np.multiply(grad, grad.dtype.type(1 / r.shape[-2]), out=grad)
        return grad

    def objective(self) -> Array:
        """The mean over the batch of the loss for the smoothed targets, times the weight of the sample."""
        losses = np.add.reduce(self.rho(self._residual(smooth=True)), axis=-1)
        return mean(losses, self._weights())

    def _residual(self, smooth: bool) -> Array:
        if self._targets.dtype.kind not in "iu":
            return self._r if smooth else self._scores - self._targets
        outputs = self._scores.shape[-1]
        s = self._s if smooth else np.zeros_like(self._s)
        if outputs == 1:
            targets = (1 - s) * (2 * self._targets[..., None] - 1)
        else:
            targets = (1 - s) * (self._targets[..., None] == np.arange(outputs)) + s / outputs
        residual: Array = self._scores - targets.astype(self._scores.dtype)
        return residual


class SquaredLoss(ResidualLoss):
    """rho(r) = r^2 / 2, the lecture's J = 1/2 ||theta - y||^2 of one sample."""

    def rho(self, r: Array) -> Array:
        """r^2 / 2."""
        return 0.5 * r * r

    def slope(self, r: Array, out: Array) -> None:
        """r."""
        np.copyto(out, r)


class AbsoluteLoss(ResidualLoss):
    """rho(r) = |r|, with slope 0 at 0."""

    def rho(self, r: Array) -> Array:
        """|r|."""
        return np.abs(r)

    def slope(self, r: Array, out: Array) -> None:
        """The sign of r."""
        np.sign(r, out=out)


class HuberLoss(ResidualLoss):
    """rho(r) = r^2 / 2 for |r| <= 1, |r| - 1/2 beyond (Huber 1964 with delta = 1, in standardized units)."""

    def rho(self, r: Array) -> Array:
        """a (|r| - a / 2) with a = min(|r|, 1)."""
        size = np.abs(r)
        inner = np.minimum(size, 1)
        penalty: Array = inner * (size - 0.5 * inner)
        return penalty

    def slope(self, r: Array, out: Array) -> None:
        """r clipped to [-1, 1]."""
        np.clip(r, -1, 1, out=out)
