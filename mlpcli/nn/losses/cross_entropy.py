"""Cross-entropy from scores: no logarithm of a probability is taken, so no certain mistake costs an infinite loss.

>>> loss = CrossEntropy(dtype="float64")
>>> loss(np.log([[1.0, 1.0, 2.0]]), np.array([2])).round(4)  # -log(2/4)
array([0.6931])
>>> loss.gradient()
array([[ 0.25,  0.25, -0.5 ]])
>>> loss = LogisticLoss(dtype="float64")
>>> loss(np.array([[0.0], [100.0]]), np.array([1, 0])).round(4)
array([  0.6931, 100.    ])
>>> loss(np.array([[0.0, 100.0]]), np.array([[1, 0]])).round(4)  # two labels
array([100.6931])
"""

import math
from dataclasses import dataclass

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.kernels.classification import cross_entropy_gradient, label_losses, shift_scores
from mlpcli.nn.elementwise import sigmoid
from mlpcli.nn.layer import Workspaces
from mlpcli.nn.losses.loss import Loss, mean
from mlpcli.nn.types import Array

__all__ = ["CrossEntropy", "LogisticLoss"]


@dataclass
class _SoftmaxWork:
    """Arrays of cross-entropy; reductions over the classes are several times faster with the batch as the last axis."""

    t: Array
    """The scores less their maximum, `(..., classes, batch)`."""
    p: Array
    """Their exponentials, `(..., classes, batch)`."""
    residual: Array
    """Scratch, `(..., classes, batch)`."""
    grad: Array
    """`(..., batch, classes)`."""
    columns: Array
    """The flat index in t of each sample's score for class 0, `(..., batch)`."""


class CrossEntropy(Loss, Workspaces[_SoftmaxWork]):
    """-log p_y with p = softmax(scores) and y the sample's class; smoothed targets are (1-s) onehot + s/c."""

    log_odds = True

    def allocate(self, x: Array) -> _SoftmaxWork:
        """Arrays for scores of the shape of `x`."""
        *lead, rows, classes = x.shape
        shape = (*lead, classes, rows)
        columns = np.arange(math.prod(shape)).reshape(shape)[..., 0, :].copy()
        t, p, residual = (aligned_empty(shape, x.dtype) for _ in range(3))
        return _SoftmaxWork(t, p, residual, grad=aligned_empty(x.shape, x.dtype), columns=columns)

    def _losses(self) -> Array:
        """log sum_k exp(t_k) - t_y, where t are the scores less their maximum (log-sum-exp)."""
        work = self._work = self.workspace(self._scores)
        shift_scores(self._scores, work.t)
        np.exp(work.t, out=work.p)
        self._total = np.add.reduce(work.p, axis=-2, keepdims=True)
        self._log_total = np.log(self._total)[..., 0, :]
        return self._plain()

    def gradient(self) -> Array:
        """(p - target) / batch, times the weight of the sample."""
        work = self._work
        *_, classes, batch = work.p.shape
        cross_entropy_gradient(
            work.p,
            self._total,
            self._targets,
            work.columns,
            self._certain,
            self._s / classes if self._smooths else None,
            self._weights(),
            1 / batch,
            work.residual,
            work.grad,
        )
        return work.grad

    def objective(self) -> Array:
        """The mean over the batch of -sum_k target_k log p_k, times the weight of the sample."""
        s = self._s[..., 0]
        losses = (1 - s) * self._plain() + s * (self._log_total - self._work.t.mean(axis=-2))
        return mean(losses, self._weights())

    def _plain(self) -> Array:
        losses = np.empty_like(self._log_total)
        label_losses(self._work.t, self._targets, self._work.columns, self._log_total, losses)
        return losses


class LogisticLoss(Loss, Workspaces[Array]):
    """Cross-entropy of two classes with one score z, the softmax of (0, z): softplus((1 - 2y) z) for class y.

    With several labels per sample, the sum of these over the labels, each with a score of its own. Smoothed targets are
    (1-s) y + s/2. A sample that is classified with certainty keeps its small loss, exp(-|z|), to full relative
    precision.
    """

    log_odds = True

    def allocate(self, x: Array) -> Array:
        """The gradient, `(..., batch, labels)`."""
        return aligned_empty(x.shape, x.dtype)

    def _losses(self) -> Array:
        """softplus(-z) for class 1, softplus(z) for class 0, where softplus(t) = max(t, 0) + log1p(exp(-|t|))."""
        scores, codes = self._scores, self._targets
        self._work = self.workspace(scores)
        # The arithmetic is on (..., batch * labels): a last axis of one label would be slow.
        self._z = scores.reshape(*scores.shape[:-2], -1)
        self._codes = codes if scores.shape[-1] == 1 else codes.reshape(*codes.shape[:-2], -1)
        self._log1p = np.log1p(np.exp(-np.abs(self._z)))
        return self._over_labels(np.maximum(np.where(self._codes == 1, -self._z, self._z), 0) + self._log1p)

    def gradient(self) -> Array:
        """(sigmoid(z) - target) / batch, times the weight of the sample."""
        z, grad = self._z, self._work
        flat = sigmoid(z, grad.reshape(z.shape))
        np.subtract(flat, self._smoothed(), out=flat)
        weights = self._weights()
        if weights is not None:
            np.multiply(grad, weights[..., None], out=grad)
        np.multiply(flat, z.dtype.type(1 / grad.shape[-2]), out=flat)
        return grad

    def objective(self) -> Array:
        """The mean over the batch of target softplus(-z) + (1 - target) softplus(z), times the weight of the sample."""
        target, z = self._smoothed(), self._z
        losses = target * np.maximum(-z, 0) + (1 - target) * np.maximum(z, 0) + self._log1p
        return mean(self._over_labels(losses), self._weights())

    def _smoothed(self) -> Array:
        s = self._s[..., 0]
        targets: Array = (1 - s) * self._codes.astype(self._z.dtype) + s / 2
        return targets

    def _over_labels(self, losses: Array) -> Array:
        """The sum of the losses of each sample, `(..., batch)`."""
        if self._scores.shape[-1] == 1:
            return losses
        total: Array = np.add.reduce(losses.reshape(self._scores.shape), axis=-1)
        return total
