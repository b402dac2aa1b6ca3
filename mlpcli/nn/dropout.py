"""Inverted dropout: training drops units and scales up the others, so testing uses the full network as it is."""

from dataclasses import dataclass

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.kernels.layers import draw_mask
from mlpcli.nn.layer import Layer, Workspaces
from mlpcli.nn.streams import BitStreams
from mlpcli.nn.types import Array, Shape, per_replica

__all__ = ["Dropout"]

LEVELS = 2**16
"""Number of equally likely draws, 16 random bits, that decide whether a unit is dropped."""

COARSE = 2**-6
"""Share of kept units below which the rounding of the rate to 16 bits would show in the mean, by 1 in 2,000 or more."""


@dataclass
class _Work:
    y: Array
    dx: Array
    mask: Array
    """The factor of each entry: the scale where the unit is kept, else 0."""
    scale: Array
    """The scale `(..., 1, 1)` in the dtype of the input."""


class Dropout(Layer, Workspaces[_Work]):
    """y = x * mask / q: each unit is dropped with probability `rate` and kept with probability q = 1 - rate.

    Source: Srivastava et al. 2014, section 10 (inverted). The mean of y over the masks is x. Drawing 16 bits rounds
    the rate to a multiple of 2^-16, which moves the mean by less than 1 in 2,000; where fewer units than `COARSE` are
    kept, the scale is that of the rounded rate and the mean is exact.

    Args:
        rate: the probability of dropping a unit, in [0, 1): one number, or one per replica of shape `lead`.
        bits: the streams that the masks are drawn from, one per replica.
        lead: the leading axes of the stack.

    Attributes:
        bits: as given.
        frozen: True keeps the last mask, for gradient checks.

    Raises:
        ValueError: a rate is outside [0, 1).

    >>> from mlpcli.nn.streams import Purpose
    >>> layer = Dropout(0.5, BitStreams([0], lead=(), purpose=Purpose.DROPOUT))
    >>> y = layer.forward(np.ones((1000, 8)), training=True)
    >>> sorted(set(y.ravel().tolist())), abs(float(y.mean()) - 1) < 0.05
    ([0.0, 2.0], True)
    """

    def __init__(self, rate: float | Array, bits: BitStreams, lead: Shape = ()) -> None:
        super().__init__()
        if not (np.all(np.greater_equal(rate, 0)) and np.all(np.less(rate, 1))):
            raise ValueError(f"dropout rate {rate}: must be in [0, 1)")
        rates = per_replica(rate, lead, np.float64)
        threshold = np.minimum(np.round(rates * LEVELS), LEVELS - 1)
        self._threshold = threshold.astype(np.uint16)
        share = 1 - rates
        self._scale = 1 / np.where(share < COARSE, 1 - threshold / LEVELS, share)
        self.bits, self._lead = bits, lead
        self.frozen = False

    def allocate(self, x: Array) -> _Work:
        """Arrays for the batch size of `x`, with the leading axes of the stack."""
        shape = (*self._lead, *x.shape[-2:])
        y, dx, mask = (aligned_empty(shape, x.dtype) for _ in range(3))
        return _Work(y, dx, mask, scale=self._scale.astype(x.dtype))

    def forward(self, x: Array, training: bool) -> Array:
        """Training: `(..., batch, features)` times a new mask. Testing: x itself."""
        if not training:
            return x
        work = self._work = self.workspace(x)
        if self.frozen:
            np.multiply(x, work.mask, out=work.y)
        else:
            draw_mask(self.bits.take(x.shape[-2:]), self._threshold, work.scale, x, work.mask, work.y)
        return work.y

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dx = dJ/dy * mask / q."""
        return np.multiply(grad_output, self._work.mask, out=self._work.dx) if input_needed else None
