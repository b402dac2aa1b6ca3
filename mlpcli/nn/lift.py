"""The lecture's richer representation: with the products of its inputs a linear classifier separates XOR."""

from types import SimpleNamespace

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer
from mlpcli.nn.types import Array

__all__ = ["LIFTS", "QuadraticLift", "lifted_features"]


def lifted_features(features: int) -> int:
    """How many features the quadratic lift makes of d: d + d (d + 1) / 2."""
    return features + features * (features + 1) // 2


class QuadraticLift(Layer):
    """(x_1, ..., x_d) and all x_i x_j with i <= j, appended batch by batch."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self._first, self._second = np.triu_indices(features)

    def allocate(self, x: Array) -> SimpleNamespace:
        """The lifted rows."""
        return SimpleNamespace(out=aligned_empty((*x.shape[:-1], lifted_features(self.features)), x.dtype))

    def forward(self, x: Array, training: bool) -> Array:
        """`(..., batch, d)` to `(..., batch, d + d (d + 1) / 2)`."""
        self._x = x
        out: Array = self.memory(x).out
        out[..., : self.features] = x
        np.multiply(x[..., self._first], x[..., self._second], out=out[..., self.features :])
        return out

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dx_i = g_i + the sum over products: g_ij x_j for each (i, j), and g_ij x_i for j."""
        if not input_needed:
            return None
        dx = grad_output[..., : self.features].copy()
        products = grad_output[..., self.features :]
        for k, (i, j) in enumerate(zip(self._first, self._second, strict=True)):
            dx[..., i] += products[..., k] * self._x[..., j]
            dx[..., j] += products[..., k] * self._x[..., i]
        return dx


LIFTS: dict[str, type[QuadraticLift]] = {"quadratic": QuadraticLift}
