"""The affine map, where nearly all of the time goes and all of the lecture's matrix calculus stands."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer, Spec
from mlpcli.nn.types import Array, transpose

__all__ = ["Linear"]


class Linear(Layer):
    """z = x W + b, with rows as samples: x `(..., batch, in)`, W `(..., in, out)`, b `(..., 1, out)`.

    The lecture writes columns, z = W x + b; its dJ/dW = dJ/dz x^T is here x^T dJ/dz.
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

    def parameters(self) -> tuple[Spec, ...]:
        """The weight, and the bias unless a batch norm follows, whose shift makes it redundant."""
        weight = Spec("weight", (self.in_features, self.out_features), decay=True)
        return (weight, Spec("bias", (self.out_features,))) if self.has_bias else (weight,)

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Take the views of weight and bias and of their gradients."""
        self.weight, self.weight_grad = params["weight"], grads["weight"]
        self._weight_transposed = transpose(self.weight)
        if self.has_bias:
            self.bias, self.bias_grad = params["bias"], grads["bias"]

    def allocate(self, x: Array) -> SimpleNamespace:
        """The result, the gradient of the input, and a row of ones to sum over the batch with."""
        shape = (*self.weight.shape[:-2], x.shape[-2])
        z, dx = (aligned_empty((*shape, features), x.dtype) for features in (self.out_features, self.in_features))
        return SimpleNamespace(z=z, dx=dx, ones=np.ones((1, x.shape[-2]), x.dtype))

    def forward(self, x: Array, training: bool) -> Array:
        """`(..., batch, in)` to `(..., batch, out)`; a batch `(batch, in)` is shared by all replicas."""
        self._x, self._memory = x, self.memory(x)
        z: Array = self._memory.z
        np.matmul(x, self.weight, out=z)
        if self.has_bias:
            np.add(z, self.bias, out=z)
        return z

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dW = x^T dJ/dz, dJ/db = the sum of dJ/dz over the batch, dJ/dx = dJ/dz W^T."""
        np.matmul(transpose(self._x), grad_output, out=self.weight_grad)
        if self.has_bias:
            # A product with ones: several times faster than sum(axis=-2) on small batches.
            np.matmul(self._memory.ones, grad_output, out=self.bias_grad)
        return np.matmul(grad_output, self._weight_transposed, out=self._memory.dx) if input_needed else None
