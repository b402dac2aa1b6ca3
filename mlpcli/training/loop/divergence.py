"""Where a run diverged. Once its loss or weights are not finite, nothing of it may pass for a result.

>>> print(Divergence(epoch=3, batch=7, lr=0.5, what="loss became nan"))
loss became nan at epoch 3, batch 7 (lr 0.5)
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.nn import Array, Network

__all__ = ["Divergence", "diverged", "finite", "remedy"]

_WRITTEN = re.compile(r"(.+) at epoch (\d+), batch (\d+) \(lr (\d+(?:\.\d+)?(?:e[+-]\d+)?|nan|inf)\)")


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

    @property
    def before_first_step(self) -> bool:
        """Whether the loss of the first batch was not finite, which no step of the optimizer had a part in."""
        return (self.epoch, self.batch) == (1, 1) and self.what.startswith("loss")

    def __str__(self) -> str:
        if self.at_start:
            return self.what
        return f"{self.what} at epoch {self.epoch}, batch {self.batch} (lr {self.lr:g})"

    @classmethod
    def of_initial_weights(cls, lr: float = math.nan) -> Self:
        """The divergence of a run whose initial weights are not finite."""
        return cls(0, 0, lr, "the initial weights are not finite")

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The divergence that was written as this text, as the column `error` of trials.csv has it; None for others.

        >>> Divergence.parse("loss became nan at epoch 1, batch 1 (lr 0.5)")
        Divergence(epoch=1, batch=1, lr=0.5, what='loss became nan')
        >>> Divergence.parse(str(Divergence.of_initial_weights())).at_start
        True
        >>> Divergence.parse("of another version")
        """
        if text == str(start := cls.of_initial_weights()):
            return start
        found = _WRITTEN.fullmatch(text)
        return cls(int(found[2]), int(found[3]), float(found[4]), found[1]) if found else None


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
    weights = f"weights of epoch {kept_epoch}" if options.ensemble == 1 else "best weights of each network"
    kept = "" if kept_epoch is None else f" The {weights} are kept."
    return f"training of {place} diverged{where}.{kept} {remedy(options, [found] if found else [])}"


def remedy(options: RunOptions, found: Collection[Divergence]) -> str:
    """What to try after runs of these options diverged; a line search lets only the initial loss be other than finite.

    >>> remedy(RunOptions(optimizer="sgd"), [Divergence(1, 2, 0.5, "loss became nan")])
    'Try a lower --lr, or --clip-norm 1'
    >>> remedy(RunOptions(optimizer="sgd", clip_norm=1.0), [])
    'Try a lower --lr'
    >>> remedy(RunOptions(optimizer="sgd"), [Divergence(1, 1, 0.5, "loss became inf")])
    'Try --dtype float64, a smaller --init-scale, or another --scale'
    >>> remedy(RunOptions(dtype="float64"), [Divergence(1, 1, 0.5, "loss became inf")])
    'Try a smaller --init-scale, or another --scale'
    """
    if any(one.at_start for one in found):
        return "Use a smaller --init-scale or --init-bias, or another --init"
    if OPTIMIZERS[options.optimizer].full_batch or any(one.before_first_step for one in found):
        wider = "" if options.dtype == "float64" else "--dtype float64, "
        return f"Try {wider}a smaller --init-scale, or another --scale"
    return "Try a lower --lr" if 0 < options.clip_norm <= 1 else "Try a lower --lr, or --clip-norm 1"
