"""One learned factor per input: the network may turn features up and down, as RealMLP's scaling layer does."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer, Spec, Workspaces
from mlpcli.nn.types import Array

__all__ = ["Gain"]


@dataclass
class _Work:
    y: Array
    dx: Array
    ones: Array
    """`(1, batch)`: a product with it sums over the batch."""


class Gain(Layer, Workspaces[_Work]):
    """y = x diag(s), with x `(..., batch, features)` and s `(..., 1, features)`, ones at first.

    Source: Holzmüller, Grinsztajn and Steinwart 2024, Better by Default, section 3.

    Args:
        features: columns of x.

    >>> layer, gradients = Gain(2), {"gain": np.zeros((1, 2))}
    >>> layer.bind({"gain": np.array([[2.0, 0.5]])}, gradients, {})
    >>> layer.forward(np.array([[1.0, 10.0], [3.0, 20.0]]), training=True)
    array([[ 2.,  5.],
           [ 6., 10.]])
    >>> layer.backward(np.ones((2, 2)))
    array([[2. , 0.5],
           [2. , 0.5]])
    >>> gradients["gain"]
    array([[ 4., 30.]])
    """

    gain: Array
    gain_grad: Array

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def parameters(self) -> tuple[Spec, ...]:
        """The factors s."""
        return (Spec("gain", (self.features,), fill=1.0),)

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Take the views of s and of its gradient."""
        self.gain, self.gain_grad = params["gain"], grads["gain"]

    def allocate(self, x: Array) -> _Work:
        """Arrays for the batch size of `x`."""
        shape = (*self.gain.shape[:-2], *x.shape[-2:])
        y, dx = aligned_empty(shape, x.dtype), aligned_empty(shape, x.dtype)
        return _Work(y, dx, ones=np.ones((1, x.shape[-2]), x.dtype))

    def forward(self, x: Array, training: bool) -> Array:
        """Each column times its factor; a batch `(batch, features)` is shared by all replicas."""
        self._x, self._work = x, self.workspace(x)
        return np.multiply(x, self.gain, out=self._work.y)

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/ds = the sum of x * dJ/dy over the batch, dJ/dx = s * dJ/dy."""
        dx = self._work.dx
        np.multiply(grad_output, self._x, out=dx)
        np.matmul(self._work.ones, dx, out=self.gain_grad)
        return np.multiply(grad_output, self.gain, out=dx) if input_needed else None
