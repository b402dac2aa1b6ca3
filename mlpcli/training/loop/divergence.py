"""Where a run diverged. Once its loss or weights are not finite, nothing of it may pass for a result.

>>> print(Divergence(epoch=3, batch=7, lr=0.5, what="loss became nan"))
loss became nan at epoch 3, batch 7 (lr 0.5)
"""

from dataclasses import dataclass

import numpy as np

from mlpcli.nn import Array, Network

__all__ = ["Divergence", "finite"]


@dataclass(frozen=True)
class Divergence:
    """The first batch after which a run's loss or weights were not finite; epoch and batch count from 1."""

    epoch: int
    batch: int
    lr: float
    what: str

    def __str__(self) -> str:
        return f"{self.what} at epoch {self.epoch}, batch {self.batch} (lr {self.lr:g})"


def finite(losses: Array, network: Network) -> Array:
    """Whether the `losses: (runs, batches)`, weights and running statistics of each replica are finite, `(runs,)`."""
    arrays = (losses, network.params, network.state)
    well: Array = np.logical_and.reduce([np.isfinite(array).all(axis=-1) for array in arrays])
    return well
