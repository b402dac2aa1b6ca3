"""Sums over the batches of an epoch: losses, correct predictions or squared errors, and the norms of the gradients.

>>> sums = BatchSums(runs=1, batches=2, targets=None)
>>> sums.add(0, np.array([[0.2, 0.4]]), scores=np.array([[[1.0], [-1.0]]]), y=np.array([[1, 1]]), norms=np.array([1.0]))
>>> sums.add(1, np.array([[0.9]]), scores=np.array([[[1.0]]]), y=np.array([[1]]), norms=np.array([3.0]))
>>> {name: round(float(value[0]), 3) for name, value in sums.columns(rows=3, target_scale=None).items()}
{'train_loss': 0.5, 'train_accuracy': 0.667, 'grad_norm': 2.0}
"""

import numpy as np

from mlpcli.kernels.classification import count_correct
from mlpcli.nn import Array
from mlpcli.training.metrics.evaluate import squared_errors, total
from mlpcli.training.metrics.outcome import all_correct, correct

__all__ = ["BatchSums"]


class BatchSums:
    """Sums over the rows of every batch, for each run of a stack; one per batch, so that they locate a divergence.

    Args:
        runs: runs of the stack.
        batches: batches of an epoch.
        targets: number of targets of a regression; None for classes.

    Attributes:
        arrays: loss, grad_norm and hits `(runs, batches)`, or squares `(runs, batches, targets)` in standardized units.
    """

    def __init__(self, runs: int, batches: int, targets: int | None) -> None:
        shape = (runs, batches)
        measured = ("hits", shape) if targets is None else ("squares", (*shape, targets))
        self.arrays = {name: np.zeros(size) for name, size in (("loss", shape), ("grad_norm", shape), measured)}

    def add(
        self, index: int, losses: Array, scores: Array, y: Array, norms: Array, weights: Array | None = None
    ) -> None:
        """Add what a batch gave before its step.

        Args:
            index: number of the batch in the epoch, from 0.
            losses: loss of each sample, `(runs, batch)`.
            scores: `(runs, batch, outputs)`.
            y: class codes `(runs, batch)`, labels `(runs, batch, labels)`, or standardized targets `(runs, batch,
                targets)`.
            norms: norms of the gradients, `(runs,)`.
            weights: the weight of each sample, `(runs, batch)`; None weighs all by 1.
        """
        self.arrays["loss"][:, index] = total(losses.astype(np.float64), weights)
        if "squares" in self.arrays:
            self.arrays["squares"][:, index] = squared_errors(scores, y, weights)
        elif weights is None and y.ndim < scores.ndim:
            count_correct(scores, y, self.arrays["hits"][:, index])
        else:
            self.arrays["hits"][:, index] = total(
                (correct if y.ndim < scores.ndim else all_correct)(scores, y), weights
            )
        self.arrays["grad_norm"][:, index] = norms

    @property
    def losses(self) -> Array:
        """The summed loss of each batch, `(runs, batches)`."""
        return self.arrays["loss"]

    def columns(self, rows: int, target_scale: Array | None) -> dict[str, Array]:
        """Means by column of metrics.csv, `(runs,)`, in the targets' own units.

        Args:
            rows: rows of the epoch, which is the sum of their weights too.
            target_scale: standard deviation of each target, `(targets,)`; None for classes.
        """
        found = {"train_loss": self.losses.sum(axis=-1) / rows}
        if target_scale is None:
            found["train_accuracy"] = self.arrays["hits"].sum(axis=-1) / rows
        else:
            rmse = np.sqrt(self.arrays["squares"].sum(axis=-2) / rows) * target_scale
            found["train_rmse"] = rmse.mean(axis=-1)
        return found | {"grad_norm": self.arrays["grad_norm"].mean(axis=-1)}
