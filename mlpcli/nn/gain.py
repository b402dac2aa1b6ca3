"""A factor for each input, learned: a network that may turn features up and down, RealMLP's scaling layer."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer, Spec
from mlpcli.nn.types import Array

__all__ = ["Gain"]


class Gain(Layer):
    """y = x diag(s), with x `(..., batch, features)` and s a learned row of ones at first (Holzmüller et al. 2024)."""

    gain: Array
    gain_grad: Array

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def parameters(self) -> tuple[Spec, ...]:
        """The factors s."""
        return (Spec("gain", (self.features,), fill=1.0),)

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Take the views of the factors and of their gradient."""
        self.gain, self.gain_grad = params["gain"], grads["gain"]

    def allocate(self, x: Array) -> SimpleNamespace:
        """The result, the gradient of the input, and a row of ones to sum over the batch with."""
        shape = (*self.gain.shape[:-2], *x.shape[-2:])
        y, dx = aligned_empty(shape, x.dtype), aligned_empty(shape, x.dtype)
        return SimpleNamespace(y=y, dx=dx, ones=np.ones((1, x.shape[-2]), x.dtype))

    def forward(self, x: Array, training: bool) -> Array:
        """Each column times its factor; a batch `(batch, features)` is shared by all replicas."""
        self._x, self._memory = x, self.memory(x)
        y: Array = self._memory.y
        return np.multiply(x, self.gain, out=y)

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/ds = the sum of dJ/dy * x over the batch, dJ/dx = dJ/dy * s."""
        dx: Array = self._memory.dx
        np.multiply(grad_output, self._x, out=dx)
        np.matmul(self._memory.ones, dx, out=self.gain_grad)
        return np.multiply(grad_output, self.gain, out=dx) if input_needed else None
