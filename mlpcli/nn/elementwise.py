"""A layer that applies one function to every entry: what all activations are, and the sigmoid that several use."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from mlpcli.kernels.activations import logistic
from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer, Workspaces
from mlpcli.nn.types import Array

__all__ = ["Activation", "ActivationWork", "sigmoid"]


def sigmoid(t: Array, out: Array) -> Array:
    """1 / (1 + exp(-t)) to full relative precision in both tails; the exponent is capped where exp would overflow.

    >>> t = np.array([-1000.0, 0.0, 1000.0])
    >>> sigmoid(t, out=np.empty(3)).round(6)
    array([0. , 0.5, 1. ])
    """
    cap = np.log(np.finfo(t.dtype).max) - 1
    np.negative(t, out=out)
    np.minimum(out, cap.astype(t.dtype), out=out)
    np.exp(out, out=out)
    logistic(out)
    return out


@dataclass
class ActivationWork:
    """Arrays of the shape of z."""

    h: Array
    """The output."""
    dz: Array
    """The gradient of the input."""
    scratch: dict[str, Array]
    """The arrays that the subclass asked for, by name."""


class Activation(Layer, Workspaces[ActivationWork]):
    """h = sigma(z), entry by entry, with z and h `(..., batch, features)`.

    Attributes:
        scratch: names of further arrays of the shape of z, in which `value` keeps what `gradient` needs.
    """

    scratch: tuple[str, ...] = ()

    @abstractmethod
    def value(self, z: Array, out: Array) -> None:
        """Write sigma(z) to `out`."""

    @abstractmethod
    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """Write dJ/dz = g sigma'(z) to `out`, where g = dJ/dh; h = sigma(z) is at hand."""

    def allocate(self, x: Array) -> ActivationWork:
        """Arrays of the shape of `x`."""
        h, dz, *scratch = (aligned_empty(x.shape, x.dtype) for _ in range(2 + len(self.scratch)))
        return ActivationWork(h, dz, dict(zip(self.scratch, scratch, strict=True)))

    def forward(self, x: Array, training: bool) -> Array:
        """sigma of every entry."""
        self._z, self._work = x, self.workspace(x)
        self.value(x, self._work.h)
        return self._work.h

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dz = dJ/dh * sigma'(z), entry by entry."""
        dz = self._work.dz
        self.gradient(self._z, self._work.h, grad_output, dz)
        return dz
