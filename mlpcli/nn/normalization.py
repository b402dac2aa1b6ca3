"""Batch and layer normalization: one formula, over the batch or over the features.

Both centre in two passes and first subtract one entry of the group: a constant group then gives exactly 0,
and data far from 0 lose no digits (E[x^2] - E[x]^2 would).
"""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer, Spec
from mlpcli.nn.types import Array

__all__ = ["NORMALIZATIONS", "BatchNorm", "LayerNorm", "Normalization"]

EPS = 1e-5
MOMENTUM = 0.1  # the share of the new batch in a running statistic


class Normalization(Layer):
    """y = gain * x_hat + bias, with x_hat = (x - mean) / sqrt(var + eps); gain and bias are learned rows."""

    gain: Array
    bias: Array
    gain_grad: Array
    bias_grad: Array

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def parameters(self) -> tuple[Spec, ...]:
        """The gain gamma, 1 at first, and the bias beta, 0 at first."""
        return Spec("gain", (self.features,), fill=1.0), Spec("bias", (self.features,))

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Take the views of gain and bias and of their gradients."""
        self.gain, self.gain_grad = params["gain"], grads["gain"]
        self.bias, self.bias_grad = params["bias"], grads["bias"]

    def allocate(self, x: Array) -> SimpleNamespace:
        """x_hat, the result, the gradient of the input, a product, and rows that sum and average over the batch."""
        arrays = {name: aligned_empty(x.shape, x.dtype) for name in ("x_hat", "y", "dx", "product")}
        ones = np.ones((1, x.shape[-2]), x.dtype)
        return SimpleNamespace(**arrays, ones=ones, average=ones / x.shape[-2])

    def _affine(self) -> Array:
        y: Array = self._memory.y
        np.multiply(self._memory.x_hat, self.gain, out=y)
        return np.add(y, self.bias, out=y)

    def _affine_grads(self, grad_output: Array) -> None:
        """dJ/dgain = sum g x_hat and dJ/dbias = sum g over the batch; leaves g x_hat in `product`."""
        memory = self._memory
        np.multiply(grad_output, memory.x_hat, out=memory.product)
        np.matmul(memory.ones, memory.product, out=self.gain_grad)
        np.matmul(memory.ones, grad_output, out=self.bias_grad)


class BatchNorm(Normalization):
    """Normalization of each feature over the batch (Ioffe and Szegedy 2015, Algorithms 1 and 2).

    Training uses the biased variance of the batch (1/m) and keeps a running mean and the running UNBIASED
    variance (m/(m-1)), which take their place at test time. `frozen` stops the running statistics, for
    gradient checks. A training batch of one row has no variance: ValueError.
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
        """`(..., batch, features)`, normalized by the batch in training and by the running statistics else."""
        memory = self._memory = self.memory(x)
        x_hat = memory.x_hat
        if not training:
            np.subtract(x, self.running_mean, out=x_hat)
            np.multiply(x_hat, 1 / np.sqrt(self.running_var + x.dtype.type(EPS)), out=x_hat)
            return self._affine()
        rows = x.shape[-2]
        if rows < 2:
            raise ValueError("batch norm cannot train on a batch of one row: it has no variance")
        first = x[..., :1, :]
        np.subtract(x, first, out=x_hat)
        shift = np.matmul(memory.average, x_hat)
        np.subtract(x_hat, shift, out=x_hat)
        var = np.matmul(memory.average, np.multiply(x_hat, x_hat, out=memory.product))
        if not self.frozen:
            self.running_mean += MOMENTUM * (first + shift - self.running_mean)
            self.running_var += MOMENTUM * (var * (rows / (rows - 1)) - self.running_var)
        self._scale = 1 / np.sqrt(var + x.dtype.type(EPS))
        np.multiply(x_hat, self._scale, out=x_hat)
        return self._affine()

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dx = gain/sqrt(var+eps) (g - mean(g) - x_hat mean(g x_hat)), means over the batch (training mode)."""
        x_hat: Array = self._memory.x_hat
        dx: Array = self._memory.dx
        self._affine_grads(grad_output)
        rows = x_hat.shape[-2]
        np.multiply(x_hat, self.gain_grad / rows, out=dx)
        np.subtract(grad_output, dx, out=dx)
        np.subtract(dx, self.bias_grad / rows, out=dx)
        np.multiply(dx, self.gain * self._scale, out=dx)
        return dx


class LayerNorm(Normalization):
    """Normalization of each sample over its features (Ba, Kiros and Hinton 2016); the same in training and test.

    Over a single feature x_hat is exactly 0, and so is every gradient before it.
    """

    def forward(self, x: Array, training: bool) -> Array:
        """`(..., batch, features)`, each row normalized by itself."""
        memory = self._memory = self.memory(x)
        x_hat = memory.x_hat
        np.subtract(x, x[..., :1], out=x_hat)
        np.subtract(x_hat, self._mean(x_hat), out=x_hat)
        var = self._mean(np.multiply(x_hat, x_hat, out=memory.product))
        self._scale = 1 / np.sqrt(var + x.dtype.type(EPS))
        np.multiply(x_hat, self._scale, out=x_hat)
        return self._affine()

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """With d = g gain: dJ/dx = (d - mean(d) - x_hat mean(d x_hat)) / sqrt(var+eps), means over the features."""
        x_hat, product = self._memory.x_hat, self._memory.product
        d: Array = self._memory.dx
        self._affine_grads(grad_output)
        np.multiply(grad_output, self.gain, out=d)
        np.multiply(product, self.gain, out=product)
        projection = self._mean(product)
        np.subtract(d, self._mean(d), out=d)
        np.subtract(d, np.multiply(x_hat, projection, out=product), out=d)
        np.multiply(d, self._scale, out=d)
        return d

    def _mean(self, x: Array) -> Array:
        mean: Array = np.add.reduce(x, axis=-1, keepdims=True)
        mean /= x.dtype.type(self.features)
        return mean


NORMALIZATIONS: dict[str, type[Normalization]] = {"batch": BatchNorm, "layer": LayerNorm}
