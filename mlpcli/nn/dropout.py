"""Inverted dropout: the full network at test time, with no rescaling there."""

from types import SimpleNamespace

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer
from mlpcli.nn.streams import BitStreams
from mlpcli.nn.types import Array, Shape, per_replica

__all__ = ["Dropout"]


class Dropout(Layer):
    """Each unit is dropped with probability `rate`; kept units are scaled by 1/q, q = 1 - rate (Srivastava 2014).

    `rate` is a number in [0, 1) or one a replica; a unit draws 16 bits, which make it exact to 2^-17, and so is
    E[output] = input. `frozen` keeps the last mask, for gradient checks.
    """

    def __init__(self, rate: float | Array, bits: BitStreams, lead: Shape = ()) -> None:
        super().__init__()
        if not (np.all(np.greater_equal(rate, 0)) and np.all(np.less(rate, 1))):
            raise ValueError(f"dropout rate {rate}: must be in [0, 1)")
        rates = per_replica(rate, lead, np.float64)
        self._threshold = np.minimum(np.round(rates * 2**16), 2**16 - 1).astype(np.uint16)
        self._scale = 1 / (1 - rates)
        self._bits, self._lead = bits, lead
        self.frozen = False

    def allocate(self, x: Array) -> SimpleNamespace:
        """The result, the gradient of the input, what is kept, and the mask: 1/q where it is, else 0."""
        shape = (*self._lead, *x.shape[-2:])
        y, dx, mask = (aligned_empty(shape, x.dtype) for _ in range(3))
        return SimpleNamespace(y=y, dx=dx, mask=mask, kept=np.empty(shape, np.bool_), scale=self._scale.astype(x.dtype))

    def forward(self, x: Array, training: bool) -> Array:
        """Mask and scale `(..., batch, features)` in training; x itself else."""
        if not training:
            return x
        memory = self._memory = self.memory(x)
        if not self.frozen:
            np.greater_equal(self._bits.take(x.shape[-2:]), self._threshold, out=memory.kept)
            np.multiply(memory.kept, memory.scale, out=memory.mask)
        y: Array = memory.y
        np.multiply(x, memory.mask, out=y)
        return y

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """The same mask."""
        return np.multiply(grad_output, self._memory.mask, out=self._memory.dx) if input_needed else None
