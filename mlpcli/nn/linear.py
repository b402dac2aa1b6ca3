"""The affine map, where a network spends nearly all of its time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.kernels.layers import add_row
from mlpcli.nn.layer import Layer, Spec, Workspaces
from mlpcli.nn.types import Array, transpose

__all__ = ["Linear"]


@dataclass
class _Work:
    z: Array
    """The output, `(..., batch, out)`."""
    ones: Array
    """`(1, batch)`: a product with it sums over the batch, several times faster than sum(axis=-2) on small batches."""
    dx: Array | None = None
    """The gradient of the input, `(..., batch, in)`; the first layer, which may be very wide, never needs it."""


class Linear(Layer, Workspaces[_Work]):
    """z = x W + b, with samples as rows: x `(..., batch, in)`, W `(..., in, out)`, b `(..., 1, out)`.

    The lecture writes samples as columns, z = W x + b; its dJ/dW = dJ/dz x^T is x^T dJ/dz here.

    Args:
        in_features: columns of x.
        out_features: columns of z.
        has_bias: False leaves b out, for a layer directly before batch norm, whose shift makes b redundant.

    >>> layer, shapes = Linear(2, 1), {"weight": (2, 1), "bias": (1, 1)}
    >>> gradients = {name: np.zeros(shape) for name, shape in shapes.items()}
    >>> layer.bind({"weight": np.array([[3.0], [4.0]]), "bias": np.array([[0.5]])}, gradients, {})
    >>> layer.forward(np.array([[1.0, 2.0]]), training=True)
    array([[11.5]])
    >>> layer.backward(np.array([[10.0]]))
    array([[30., 40.]])
    >>> gradients["weight"].tolist(), gradients["bias"].tolist()
    ([[10.0], [20.0]], [[10.0]])
    """

    weight: Array
    bias: Array
    weight_grad: Array
    bias_grad: Array

    def __init__(self, in_features: int, out_features: int, has_bias: bool = True) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.has_bias = has_bias
        self._x: Array | None = None

    def parameters(self) -> tuple[Spec, ...]:
        """W, to which weight decay applies, and b."""
        weight = Spec("weight", (self.in_features, self.out_features), decay=True)
        return (weight, Spec("bias", (self.out_features,))) if self.has_bias else (weight,)

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Take the views of W and b and of their gradients."""
        self.weight, self.weight_grad = params["weight"], grads["weight"]
        self._weight_transposed = transpose(self.weight)
        if self.has_bias:
            self.bias, self.bias_grad = params["bias"], grads["bias"]

    def allocate(self, x: Array) -> _Work:
        """Arrays for the batch size of `x`."""
        z = aligned_empty((*self.weight.shape[:-2], x.shape[-2], self.out_features), x.dtype)
        return _Work(z, ones=np.ones((1, x.shape[-2]), x.dtype))

    def forward(self, x: Array, training: bool) -> Array:
        """`(..., batch, in)` to `(..., batch, out)`; a batch `(batch, in)` is shared by all replicas."""
        if x is not self._x:  # as in `workspace`
            self._x, self._x_transposed, self._work = x, transpose(x), self.workspace(x)
        z = self._work.z
        np.matmul(x, self.weight, z)
        if self.has_bias:
            add_row(z, self.bias)
        return z

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dW = x^T dJ/dz, dJ/db = the sum of dJ/dz over the batch, dJ/dx = dJ/dz W^T."""
        np.matmul(self._x_transposed, grad_output, self.weight_grad)
        if self.has_bias:
            np.matmul(self._work.ones, grad_output, self.bias_grad)
        if not input_needed:
            return None
        work = self._work
        if work.dx is None:
            work.dx = aligned_empty((*work.z.shape[:-1], self.in_features), work.z.dtype)
        return np.matmul(grad_output, self._weight_transposed, work.dx)
