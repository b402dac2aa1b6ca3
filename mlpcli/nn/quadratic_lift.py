"""The lecture's richer representation: with the products of its inputs a linear classifier separates XOR."""

import numpy as np

from mlpcli.kernels.aligned import aligned_empty
from mlpcli.nn.layer import Layer, Workspaces
from mlpcli.nn.types import Array

__all__ = ["LIFTS", "QuadraticLift", "lifted_features"]


def lifted_features(features: int) -> int:
    """The number of features that the quadratic lift makes of d: d + d (d + 1) / 2.

    >>> lifted_features(3)
    9
    """
    return features + features * (features + 1) // 2


class QuadraticLift(Layer, Workspaces[Array]):
    """(x_1, ..., x_d) followed by all products x_i x_j with i <= j, made batch by batch.

    Args:
        features: d, the columns of x.

    >>> layer = QuadraticLift(2)
    >>> layer.forward(np.array([[3.0, 5.0]]), training=True)
    array([[ 3.,  5.,  9., 15., 25.]])
    >>> layer.backward(np.ones((1, 5)))  # d(x1 + x2 + x1^2 + x1 x2 + x2^2)
    array([[12., 14.]])
    >>> layer.pairs
    [(0, 0), (0, 1), (1, 1)]
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self._first, self._second = np.triu_indices(features)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The i and j of each product, in the order of the features that they become."""
        return [*zip(self._first.tolist(), self._second.tolist(), strict=True)]

    def allocate(self, x: Array) -> Array:
        """The lifted rows."""
        return aligned_empty((*x.shape[:-1], lifted_features(self.features)), x.dtype)

    def forward(self, x: Array, training: bool) -> Array:
        """`(..., batch, d)` to `(..., batch, d + d (d + 1) / 2)`."""
        self._x, lifted = x, self.workspace(x)
        lifted[..., : self.features] = x
        np.multiply(x[..., self._first], x[..., self._second], out=lifted[..., self.features :])
        return lifted

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """dJ/dx_i = g_i + the sum over j of g_ij x_j, in which the square's own product counts twice."""
        if not input_needed:
            return None
        dx = grad_output[..., : self.features].copy()
        products = grad_output[..., self.features :]
        for k, (i, j) in enumerate(zip(self._first, self._second, strict=True)):
            dx[..., i] += products[..., k] * self._x[..., j]
            dx[..., j] += products[..., k] * self._x[..., i]
        return dx


LIFTS: dict[str, type[QuadraticLift]] = {"quadratic": QuadraticLift}
"""Name to layer, built from the number of features."""
