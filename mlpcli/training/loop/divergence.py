"""Where a run diverged. Once its loss or weights are not finite, nothing of it may pass for a result.

>>> print(Divergence(epoch=3, batch=7, lr=0.5, what="loss became nan"))
loss became nan at epoch 3, batch 7 (lr 0.5)
"""

from dataclasses import dataclass

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.nn import Array, Network

__all__ = ["Divergence", "diverged", "finite"]


@dataclass(frozen=True)
class Divergence:
    """The first batch after which a run's loss or weights were not finite; epoch and batch count from 1.

    Epoch 0 stands for the initial weights, with which no training begins.
    """

    epoch: int
    batch: int
    lr: float
    what: str

    @property
    def at_start(self) -> bool:
        """Whether the initial weights were not finite already."""
        return self.epoch == 0

    def __str__(self) -> str:
        if self.at_start:
            return self.what
        return f"{self.what} at epoch {self.epoch}, batch {self.batch} (lr {self.lr:g})"


def finite(losses: Array, network: Network) -> Array:
    """Whether the `losses: (runs, batches)`, weights and running statistics of each replica are finite, `(runs,)`."""
    arrays = (losses, network.params, network.state)
    well: Array = np.logical_and.reduce([np.isfinite(array).all(axis=-1) for array in arrays])
    return well


def diverged(place: str, options: RunOptions, found: Divergence | None, kept_epoch: int | None) -> str:
    """The message for a training that diverged: where, which weights are kept, and what to try.

    Args:
        place: folder or network that was trained.
        options: options of the run.
        found: where it diverged; None if its folder does not say so, as of an earlier version.
        kept_epoch: the epoch whose weights are kept, if any are.

    >>> diverged("the network", RunOptions(clip_norm=1.0), None, kept_epoch=2)
    'training of the network diverged. The weights of epoch 2 are kept. Try a lower --lr'
    """
    where = "" if found is None else f": {found}"
    kept = "" if kept_epoch is None else f" The weights of epoch {kept_epoch} are kept."
    return (
        f"training of {place} diverged{where}.{kept} {_remedy(options, at_start=found is not None and found.at_start)}"
    )


def _remedy(options: RunOptions, *, at_start: bool) -> str:
    """What to try after a divergence; a line search lets only the initial loss be other than finite.

    Args:
        options: options of the run.
        at_start: whether its initial weights were not finite already.

    >>> _remedy(RunOptions(optimizer="sgd"), at_start=False)
    'Try a lower --lr, or --clip-norm 1'
    >>> _remedy(RunOptions(optimizer="sgd", clip_norm=1.0), at_start=False)
    'Try a lower --lr'
    """
    if at_start:
        return "Use a smaller --init-scale or --init-bias, or another --init"
    if OPTIMIZERS[options.optimizer].full_batch:
        return "Try --dtype float64, a smaller --init-scale, or another --scale"
    return "Try a lower --lr" if 0 < options.clip_norm <= 1 else "Try a lower --lr, or --clip-norm 1"
