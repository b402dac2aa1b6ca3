"""What became of a run whose numbers ceased to be finite: nothing of it may pass for a result."""

from dataclasses import dataclass

import numpy as np

from mlpcli.nn import Array, Network

__all__ = ["Divergence", "finite"]


@dataclass(frozen=True)
class Divergence:
    """Where a run's loss or weights ceased to be finite: epoch and batch count from 1."""

    epoch: int
    batch: int
    lr: float
    what: str

    def __str__(self) -> str:
        return f"{self.what} at epoch {self.epoch}, batch {self.batch} (lr {self.lr:g})"


def finite(losses: Array, network: Network) -> Array:
    """Which replicas have finite `losses: (runs, batches)`, weights and running statistics, `(runs,)`."""
    arrays = (losses, network.params, network.state)
    well: Array = np.logical_and.reduce([np.isfinite(array).all(axis=-1) for array in arrays])
    return well
