"""Batch and layer normalization: one formula, over the batch or over the features.

Both subtract one entry of the group before they compute its mean and variance, in two passes: a constant group then
gives exactly 0, and data far from 0 lose no digits, as they would in E[x^2] - E[x]^2.

>>> layer, gradients = BatchNorm(1), {"gain": np.zeros((1, 1)), "bias": np.zeros((1, 1))}
>>> state = {"running_mean": np.zeros((1, 1)), "running_var": np.ones((1, 1))}
>>> layer.bind({"gain": np.array([[10.0]]), "bias": np.array([[5.0]])}, gradients, state)
>>> layer.forward(np.array([[2.0], [4.0], [6.0], [8.0]]), training=True).round(2).ravel()  # mean 5, variance 5
array([-8.42,  0.53,  9.47, 18.42])
>>> float(state["running_mean"][0, 0]), round(float(state["running_var"][0, 0]), 4)  # 0.1 of 5 and 20/3, 0.9 of 0 and 1
(0.5, 1.5667)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.kernels.layers import (
    batch_norm_backward,
    center,
    layer_norm_backward,
    multiply_both,
    standardize,
    subtract,
)
from mlpcli.nn.layer import Layer, Spec, Workspaces
from mlpcli.nn.types import Array

__all__ = ["NORMALIZATIONS", "BatchNorm", "LayerNorm", "Normalization"]

EPS = 1e-5
"""Added to the variance."""

MOMENTUM = 0.1
"""Weight of the new batch in a running statistic."""


@dataclass
class _Work:
    x_hat: Array
    y: Array
    dx: Array
    product: Array
    """Squares on the way forward, dJ/dy * x_hat on the way back."""
    ones: Array
    """`(1, batch)`: a product with it sums over the batch."""
    average: Array
    """`(1, batch)`: a product with it averages over the batch."""


class Normalization(Layer, Workspaces[_Work]):
    """y = gain * x_hat + bias, with x_hat = (x - mean) / sqrt(var + 1e-5).

    x and y are `(..., batch, features)`, the learned gain and bias `(..., 1, features)`. A subclass says over what
    mean and variance are taken.

    Args:
        features: columns of x.
    """

    gain: Array
    bias: Array
    gain_grad: Array
    bias_grad: Array
    _work: _Work

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def parameters(self) -> tuple[Spec, ...]:
        """The gain, 1 at first, and the bias, 0 at first: the papers' gamma and beta."""
        return Spec("gain", (self.features,), fill=1.0), Spec("bias", (self.features,))

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Take the views of gain and bias and of their gradients."""
        self.gain, self.gain_grad = params["gain"], grads["gain"]
        self.bias, self.bias_grad = params["bias"], grads["bias"]

    def allocate(self, x: Array) -> _Work:
        """Arrays of the shape of `x`, and rows of its batch size."""
        x_hat, y, dx, product = (aligned_empty(x.shape, x.dtype) for _ in range(4))
        ones = np.ones((1, x.shape[-2]), x.dtype)
        return _Work(x_hat, y, dx, product, ones, average=ones / x.shape[-2])

    def _affine(self, scale: Array) -> Array:
        """The output, from x less its mean in `x_hat` and the reciprocal of its deviation."""
        standardize(self._work.x_hat, scale, self.gain, self.bias, self._work.y)
        return self._work.y

    def _affine_grads(self, grad_output: Array) -> None:
        """dJ/dgain = the sum of g x_hat over the batch, dJ/dbias = the sum of g, g = dJ/dy; `product` keeps g x_hat."""
        work = self._work
        np.multiply(grad_output, work.x_hat, out=work.product)
        np.matmul(work.ones, work.product, out=self.gain_grad)
        np.matmul(work.ones, grad_output, out=self.bias_grad)


class BatchNorm(Normalization):
    """Normalization of each feature over the batch (Ioffe and Szegedy 2015, Algorithms 1 and 2).

    Training uses the biased variance of the batch of m rows (1/m) and updates a running mean and a running UNBIASED
    variance (1/(m-1)); testing uses these two.

    Args:
        features: columns of x.

    Attributes:
        frozen: True stops the updates of the running statistics, for gradient checks.
    """

    running_mean: Array
    running_var: Array

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.frozen = False

    def statistics(self) -> tuple[Spec, ...]:
        """Running mean and unbiased running variance."""
        return Spec("running_mean", (self.features,)), Spec("running_var", (self.features,), fill=1.0)

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Take the views of the parameters and of the running statistics."""
        super().bind(params, grads, state)
        self.running_mean, self.running_var = state["running_mean"], state["running_var"]

    def forward(self, x: Array, training: bool) -> Array:
        """`(..., batch, features)`, normalized by its own statistics in training, by the running ones in testing.

        Raises:
            ValueError: the training batch has one row, so it has no variance.
        """
        work = self._work = self.workspace(x)
        x_hat = work.x_hat
        if not training:
            subtract(x, self.running_mean, x_hat)
            return self._affine(1 / np.sqrt(self.running_var + x.dtype.type(EPS)))
        rows = x.shape[-2]
        if rows < 2:
            raise ValueError("batch norm cannot train on a batch of one row: it has no variance")
        first = x[..., :1, :]
        subtract(x, first, x_hat)
        shift = np.matmul(work.average, x_hat)
        center(x_hat, shift, work.product)
        var = np.matmul(work.average, work.product)
        if not self.frozen:
            self.running_mean += MOMENTUM * (first + shift - self.running_mean)
            self.running_var += MOMENTUM * (var * (rows / (rows - 1)) - self.running_var)
        self._scale = 1 / np.sqrt(var + x.dtype.type(EPS))
        return self._affine(self._scale)

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dx = gain/sqrt(var+eps) (g - mean(g) - x_hat mean(g x_hat)), g = dJ/dy, means over the training batch."""
        x_hat, dx = self._work.x_hat, self._work.dx
        self._affine_grads(grad_output)
        rows = x_hat.shape[-2]
        slope, mean, scale = self.gain_grad / rows, self.bias_grad / rows, self.gain * self._scale
        batch_norm_backward(grad_output, x_hat, slope, mean, scale, dx)
        return dx


class LayerNorm(Normalization):
    """Normalization of each sample over its features (Ba, Kiros and Hinton 2016), alike in training and testing.

    Of a single feature x_hat is exactly 0, and so are the gradients of all layers before.
    """

    def forward(self, x: Array, training: bool) -> Array:
        """`(..., batch, features)`, each row normalized by itself."""
        work = self._work = self.workspace(x)
        x_hat = work.x_hat
        subtract(x, x[..., :1], x_hat)
        center(x_hat, self._mean(x_hat), work.product)
        self._scale = 1 / np.sqrt(self._mean(work.product) + x.dtype.type(EPS))
        return self._affine(self._scale)

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dx = (d - mean(d) - x_hat mean(d x_hat)) / sqrt(var+eps), d = gain dJ/dy, means over the features."""
        x_hat, product, d = self._work.x_hat, self._work.product, self._work.dx
        self._affine_grads(grad_output)
        multiply_both(grad_output, product, self.gain, d)
        layer_norm_backward(d, x_hat, self._mean(d), self._mean(product), self._scale, product)
        return d

    def _mean(self, x: Array) -> Array:
        mean: Array = np.add.reduce(x, axis=-1, keepdims=True)
        mean /= x.dtype.type(self.features)
        return mean


NORMALIZATIONS: dict[str, type[Normalization]] = {"batch": BatchNorm, "layer": LayerNorm}
"""Name to class, built from the number of features."""
