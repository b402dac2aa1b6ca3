"""What adds up while the batches of an epoch pass: losses, hits or squared errors, and the norms of the gradients."""

import numpy as np

from mlpcli.nn import Array
from mlpcli.training.evaluate import correct, squared_errors

__all__ = ["BatchSums"]


class BatchSums:
    """Sums over the rows of each batch of an epoch, for every run of a stack; a regression has `targets`.

    They are kept batch by batch, so that they locate a divergence. `arrays`, by name: loss, grad_norm and hits are
    `(runs, batches)`, squares `(runs, batches, targets)`, in standardized units.
    """

    def __init__(self, runs: int, batches: int, targets: int | None) -> None:
        shape = (runs, batches)
        measured = ("hits", shape) if targets is None else ("squares", (*shape, targets))
        self.arrays = {name: np.zeros(size) for name, size in (("loss", shape), ("grad_norm", shape), measured)}

    def add(self, index: int, losses: Array, scores: Array, y: Array, norms: Array) -> None:
        """Take the losses `(runs, batch)` and scores `(runs, batch, outputs)` of a batch before its step, and the norms
        of the gradients `(runs,)`.
        """
        self.arrays["loss"][:, index] = np.add.reduce(losses.astype(np.float64), axis=-1)
        if "hits" in self.arrays:
            self.arrays["hits"][:, index] = np.add.reduce(correct(scores, y), axis=-1)
        else:
            self.arrays["squares"][:, index] = squared_errors(scores, y)
        self.arrays["grad_norm"][:, index] = norms

    @property
    def losses(self) -> Array:
        """The summed loss of each batch, `(runs, batches)`."""
        return self.arrays["loss"]

    def columns(self, rows: int, target_scale: Array | None) -> dict[str, Array]:
        """Means over the `rows` of the epoch as they passed, `(runs,)` by column of metrics.csv, in own units."""
        found = {"train_loss": self.losses.sum(axis=-1) / rows}
        if target_scale is None:
            found["train_accuracy"] = self.arrays["hits"].sum(axis=-1) / rows
        else:
            rmse = np.sqrt(self.arrays["squares"].sum(axis=-2) / rows) * target_scale
            found["train_rmse"] = rmse.mean(axis=-1)
        return found | {"grad_norm": self.arrays["grad_norm"].mean(axis=-1)}
