"""The loss: the plain loss of each sample, which is reported, and the objective, which is trained on.

The objective is the MEAN over the batch of the loss with smoothed targets, each sample times its weight and that of
its class. For classes, targets are integer codes `(..., batch)`; two classes share ONE score, whose sign decides. For
labels, which do not exclude one another, they are rows of 0 and 1, for regression rows of numbers,
`(..., batch, outputs)`.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from mlpcli.nn.types import Array, Shape, per_replica

__all__ = ["Loss", "mean"]


class Loss(ABC):
    """Base of all losses: the smoothing s and the class weights.

    Call the loss with scores and targets first; `gradient()` and `objective()` then refer to that call and may be
    repeated in any order.

    Args:
        lead: the leading axes of the stack; () for a single network.
        dtype: the dtype of the scores.
        smoothing: s in [0, 1), the weight of the uniform distribution in the targets: one number, or one per replica.
        class_weights: the weight of a sample by its class, `(classes,)`; None weighs all samples by 1.
    """

    log_odds: ClassVar[bool] = False
    """Whether scores are logarithms of probabilities, or of odds where a score belongs to two classes or to a label."""

    def __init__(
        self,
        lead: Shape = (),
        dtype: DTypeLike = np.float32,
        smoothing: float | Array = 0.0,
        class_weights: ArrayLike | None = None,
    ) -> None:
        super().__init__()
        self._s = per_replica(smoothing, lead, dtype)
        self._certain, self._smooths = 1 - self._s[..., 0], bool(np.any(self._s))
        self._class_weights = None if class_weights is None else np.asarray(class_weights, dtype)

    def __call__(self, scores: Array, targets: Array, weights: Array | None = None) -> Array:
        """The loss of each sample without smoothing and weights, `(..., batch)`.

        Args:
            scores: the network's output, `(..., batch, outputs)`.
            targets: class codes `(..., batch)`, or labels 0 and 1 or numbers `(..., batch, outputs)`.
            weights: the weight of each sample in `gradient` and `objective`, `(..., batch)`, in the dtype of the
                scores; None weighs all samples by 1.
        """
        self._scores, self._targets, self._row_weights = scores, targets, weights
        return self._losses()

    @abstractmethod
    def _losses(self) -> Array:
        """What a call returns, for its `_scores` and `_targets`."""

    @abstractmethod
    def gradient(self) -> Array:
        """d objective / d scores, `(..., batch, outputs)`."""

    @abstractmethod
    def objective(self) -> Array:
        """The mean over the batch with smoothing and weights, `(...)`: what gradient checks differentiate."""

    def _weights(self) -> Array | None:
        """The weight of each sample of the last call and of its class, `(..., batch)`."""
        if self._class_weights is None or self._targets.dtype.kind not in "iu":
            return self._row_weights
        by_class: Array = self._class_weights[self._targets]
        return by_class if self._row_weights is None else by_class * self._row_weights


def mean(losses: Array, weights: Array | None) -> Array:
    """The mean over the batch of `losses: (..., batch)`, each times its weight.

    >>> float(mean(np.array([1.0, 2.0]), weights=np.array([3.0, 1.0])))
    2.5
    """
    weighted = losses if weights is None else losses * weights
    average: Array = np.add.reduce(weighted, axis=-1) / losses.shape[-1]
    return average
