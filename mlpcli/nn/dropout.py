"""Inverted dropout: the full network at test time, with no rescaling there."""

import numpy as np

from mlpcli.nn.layer import Layer
from mlpcli.nn.random import BitStreams
from mlpcli.nn.types import Array, Shape, per_replica

__all__ = ["Dropout"]


class Dropout(Layer):
    """Each unit is dropped with probability `rate`; kept units are scaled by 1/q, q = 1 - rate (Srivastava 2014).

    `rate` is a number in [0, 1) or one a replica, exact to 2^-32. E[output] = input. `frozen` keeps the last
    mask, for gradient checks.
    """

    def __init__(self, rate: float | Array, bits: BitStreams, lead: Shape = ()) -> None:
        super().__init__()
        if not (np.all(np.greater_equal(rate, 0)) and np.all(np.less(rate, 1))):
            raise ValueError(f"dropout rate {rate}: must be in [0, 1)")
        self._threshold = np.round(per_replica(rate, lead, np.float64) * 2**32).astype(np.uint32)
        self._scale = 1 / (1 - per_replica(rate, lead, np.float64))
        self._bits = bits
        self.frozen = False

    def forward(self, x: Array, training: bool) -> Array:
        """Mask and scale `(..., batch, features)` in training; x itself else."""
        if not training:
            return x
        if not self.frozen:
            self._kept = self._bits.take(x.shape[-2:]) >= self._threshold
        return self._masked(x, "y")

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """The same mask and the same 1/q."""
        return self._masked(grad_output, "dx") if input_needed else None

    def _masked(self, x: Array, name: str) -> Array:
        out = self.array(name, (*self._kept.shape[:-2], *x.shape[-2:]), x.dtype)
        np.multiply(x, self._scale.astype(x.dtype), out=out)
        return np.multiply(out, self._kept, out=out)
