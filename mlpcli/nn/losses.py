"""The losses, each from the network's scores: probabilities are never formed where a log would follow.

Called with scores and targets, one gives a loss an example, `(..., batch)`, plain: what is reported. `gradient()`
returns that of the training objective, the MEAN over the batch, in which targets may be smoothed and
classes weighted; `objective()` is that mean itself, for gradient checks.

For classes, targets are integer codes `(..., batch)`. Two classes share ONE score, decided by its sign.
"""

import math
from abc import abstractmethod
from types import SimpleNamespace

import numpy as np
from numpy.typing import DTypeLike

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.activations import sigmoid
from mlpcli.nn.layer import Workspace
from mlpcli.nn.types import Array, Shape, per_replica, transpose

__all__ = ["LOSSES", "AbsoluteLoss", "CrossEntropy", "HuberLoss", "LogisticLoss", "Loss", "SquaredLoss"]


class Loss(Workspace):
    """What the losses share: smoothing `s` (a number or one a replica) and a weight a class."""

    def __init__(
        self,
        lead: Shape = (),
        dtype: DTypeLike = np.float32,
        smoothing: float | Array = 0.0,
        class_weights: Array | None = None,
    ) -> None:
        super().__init__()
        self._s = per_replica(smoothing, lead, dtype)
        self._certain, self._smooths = 1 - self._s[..., 0], bool(np.any(self._s))
        self._class_weights = None if class_weights is None else np.asarray(class_weights, dtype)

    @abstractmethod
    def __call__(self, scores: Array, targets: Array) -> Array:
        """The plain loss of each example, `(..., batch)`."""

    @abstractmethod
    def gradient(self) -> Array:
        """d objective / d scores of the last call, `(..., batch, outputs)`."""

    @abstractmethod
    def objective(self) -> Array:
        """The mean over the batch of the last call, with smoothing and weights: `(...)`."""

    def _weights(self, labels: Array) -> Array | None:
        return None if self._class_weights is None else self._class_weights[labels]


class CrossEntropy(Loss):
    """-log p_y with p = softmax(scores); with smoothing s the target is (1-s) onehot + s/c.

    Works on the transposed scores `(..., classes, batch)`: reductions over the short last axis of the scores
    themselves are several times slower.
    """

    def allocate(self, x: Array) -> SimpleNamespace:
        """Scores and probabilities, transposed, the gradient, and where in the former each example's column begins."""
        *lead, rows, classes = x.shape
        shape = (*lead, classes, rows)
        columns = np.arange(math.prod(shape)).reshape(shape)[..., 0, :].copy()
        t, p = aligned_empty(shape, x.dtype), aligned_empty(shape, x.dtype)
        return SimpleNamespace(t=t, p=p, grad=aligned_empty(x.shape, x.dtype), columns=columns)

    def __call__(self, scores: Array, targets: Array) -> Array:
        """log sum_k exp(t_k) - t_y, with t shifted by its maximum (log-sum-exp)."""
        memory = self._memory = self.memory(scores)
        t, p = memory.t, memory.p
        np.copyto(t, transpose(scores))
        np.subtract(t, np.maximum.reduce(t, axis=-2, keepdims=True), out=t)
        np.exp(t, out=p)
        total = np.add.reduce(p, axis=-2, keepdims=True)
        np.divide(p, total, out=p)
        self._log_total = np.log(total)[..., 0, :]
        self._labels, self._at = targets, targets * scores.shape[-2] + memory.columns
        losses: Array = self._log_total - t.reshape(-1)[self._at]
        return losses

    def gradient(self) -> Array:
        """(p - target) / batch."""
        p: Array = self._memory.p
        p.reshape(-1)[self._at] -= self._certain
        if self._smooths:
            np.subtract(p, self._s / p.shape[-2], out=p)
        weights = self._weights(self._labels)
        if weights is not None:
            np.multiply(p, weights[..., None, :], out=p)
        grad: Array = self._memory.grad
        np.multiply(transpose(p), p.dtype.type(1 / p.shape[-1]), out=grad)
        return grad

    def objective(self) -> Array:
        """The mean of -sum_k target_k log p_k."""
        s, t = self._s[..., 0], self._memory.t
        plain = self._log_total - t.reshape(-1)[self._at]
        losses = (1 - s) * plain + s * (self._log_total - t.mean(axis=-2))
        return _mean(losses, self._weights(self._labels))


class LogisticLoss(Loss):
    """Two classes from one score z: log(1 + exp(-z)) for class 1, log(1 + exp(z)) for class 0.

    The softmax of (0, z); with smoothing the target is (1-s) y + s/2.
    """

    def allocate(self, x: Array) -> SimpleNamespace:
        """The gradient, of the one score."""
        return SimpleNamespace(grad=aligned_empty(x.shape[:-1], x.dtype))

    def __call__(self, scores: Array, targets: Array) -> Array:
        """max(z, 0) - z y + log1p(exp(-|z|))."""
        self._z, self._labels, self._memory = scores[..., 0], targets, self.memory(scores)
        self._softplus = np.maximum(self._z, 0) + np.log1p(np.exp(-np.abs(self._z)))
        losses: Array = self._softplus - self._z * targets.astype(self._z.dtype)
        return losses

    def gradient(self) -> Array:
        """(sigmoid(z) - target) / batch."""
        z = self._z
        grad = sigmoid(z, self._memory.grad)
        np.subtract(grad, self._targets(), out=grad)
        weights = self._weights(self._labels)
        if weights is not None:
            np.multiply(grad, weights, out=grad)
        np.multiply(grad, z.dtype.type(1 / z.shape[-1]), out=grad)
        return grad[..., None]

    def objective(self) -> Array:
        """The mean of log(1 + exp(z)) - z target."""
        return _mean(self._softplus - self._z * self._targets(), self._weights(self._labels))

    def _targets(self) -> Array:
        s = self._s[..., 0]
        targets: Array = (1 - s) * self._labels.astype(self._z.dtype) + s / 2
        return targets


class ResidualLoss(Loss):
    """A sum over the outputs of rho(r), r = scores - targets; a subclass says what rho is.

    Class codes become rows: onehot for several scores, and for one score -1 and +1, so that its sign decides as
    in the lecture.
    """

    def allocate(self, x: Array) -> SimpleNamespace:
        """The gradient."""
        return SimpleNamespace(grad=aligned_empty(x.shape, x.dtype))

    @abstractmethod
    def rho(self, r: Array) -> Array:
        """The penalty of each residual."""

    @abstractmethod
    def slope(self, r: Array, out: Array) -> None:
        """Write d rho / dr."""

    def __call__(self, scores: Array, targets: Array) -> Array:
        """Sum over the outputs of rho(r)."""
        self._scores, self._labels, self._memory = scores, targets, self.memory(scores)
        self._r = self._residual(smooth=False)
        losses: Array = np.add.reduce(self.rho(self._r), axis=-1)
        return losses

    def gradient(self) -> Array:
        """rho'(r) / batch, toward the smoothed targets."""
        r = self._residual(smooth=True)
        grad: Array = self._memory.grad
        self.slope(r, grad)
        if self._is_codes():
            weights = self._weights(self._labels)
            if weights is not None:
                np.multiply(grad, weights[..., None], out=grad)
        np.multiply(grad, grad.dtype.type(1 / r.shape[-2]), out=grad)
        return grad

    def objective(self) -> Array:
        """The mean over the batch of the sum over the outputs."""
        losses = np.add.reduce(self.rho(self._residual(smooth=True)), axis=-1)
        return _mean(losses, self._weights(self._labels) if self._is_codes() else None)

    def _is_codes(self) -> bool:
        return self._labels.dtype.kind in "iu"

    def _residual(self, smooth: bool) -> Array:
        if not self._is_codes():
            return self._r if smooth else self._scores - self._labels
        outputs = self._scores.shape[-1]
        s = self._s if smooth else np.zeros_like(self._s)
        if outputs == 1:
            targets = (1 - s) * (2 * self._labels[..., None] - 1)
        else:
            targets = (1 - s) * (self._labels[..., None] == np.arange(outputs)) + s / outputs
        residual: Array = self._scores - targets.astype(self._scores.dtype)
        return residual


class SquaredLoss(ResidualLoss):
    """r^2 / 2, the lecture's J = 1/2 ||theta - y||^2 for one example."""

    def rho(self, r: Array) -> Array:
        """r^2 / 2."""
        return 0.5 * r * r

    def slope(self, r: Array, out: Array) -> None:
        """The residual itself."""
        np.copyto(out, r)


class AbsoluteLoss(ResidualLoss):
    """|r|; the slope at 0 is 0."""

    def rho(self, r: Array) -> Array:
        """|r|."""
        return np.abs(r)

    def slope(self, r: Array, out: Array) -> None:
        """The sign of r."""
        np.sign(r, out=out)


class HuberLoss(ResidualLoss):
    """r^2 / 2 for |r| <= 1, |r| - 1/2 beyond (Huber 1964 with delta = 1, in standardized units)."""

    def rho(self, r: Array) -> Array:
        """With a = min(|r|, 1): a (|r| - a / 2)."""
        size = np.abs(r)
        inner = np.minimum(size, 1)
        penalty: Array = inner * (size - 0.5 * inner)
        return penalty

    def slope(self, r: Array, out: Array) -> None:
        """r, cut off at -1 and 1."""
        np.clip(r, -1, 1, out=out)


def _mean(losses: Array, weights: Array | None) -> Array:
    weighted = losses if weights is None else losses * weights
    mean: Array = np.add.reduce(weighted, axis=-1) / losses.shape[-1]
    return mean


LOSSES: dict[str, type[Loss]] = {
    "cross-entropy": CrossEntropy,
    "squared": SquaredLoss,
    "absolute": AbsoluteLoss,
    "huber": HuberLoss,
}
