"""Where a run diverged. Once its loss or weights are not finite, nothing of it may pass for a result.

>>> print(Divergence(epoch=3, batch=7, lr=0.5, what="loss became nan"))
loss became nan at epoch 3, batch 7 (lr 0.5)
"""

from dataclasses import dataclass

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.nn import Array, Network

__all__ = ["Divergence", "finite", "remedy"]


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


def remedy(options: RunOptions) -> str:
    """What to try after a divergence; a line search lets only the initial loss be other than finite.

    >>> remedy(RunOptions(optimizer="sgd"))
    'Try a lower --lr, or --clip-norm 1'
    """
    if OPTIMIZERS[options.optimizer].full_batch:
        return "Try --dtype float64, a smaller --init-scale, or another --scale"
    return "Try a lower --lr, or --clip-norm 1"
