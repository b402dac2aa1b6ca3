"""Scores of rows under a network that several threads may ask at once."""

import threading
from typing import Any

import numpy as np

from mlpcli.estimators.rows import dense
from mlpcli.nn import Array, Network
from mlpcli.training.metrics.evaluate import BLOCK

__all__ = ["Scorer"]


class Scorer:
    """Scores rows block by block; a network's workspaces serve one call at a time, so others wait.

    Copies and pickles are scorers with a lock of their own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["Scorer"], tuple[()]]:
        """A new one."""
        return Scorer, ()

    def __call__(self, network: Network, x: Any) -> Array:
        """The scores `(rows, outputs)` of `x: (rows, features)`, an array or a sparse matrix in rows."""
        blocks = []
        with self._lock, np.errstate(all="ignore"):
            for start in range(0, x.shape[0], BLOCK):
                block = dense(x[start : start + BLOCK]).astype(network.dtype, copy=False)
                blocks.append(network.forward(block).copy())
        return np.concatenate(blocks)
