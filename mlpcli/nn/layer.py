"""What a layer is: a pair of functions, forward and backward, and a list of the arrays it needs.

Ownership, which the tests enforce: a layer never writes to its arguments; what it returns is its own and lives
until its next call; gradients are overwritten, not added to.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from mlpcli.nn.types import Array, Shape

__all__ = ["Layer", "Spec"]


@dataclass(frozen=True)
class Spec:
    """One named array that a layer asks the network for: a parameter, or a running statistic.

    `shape` is that of one replica: `(in, out)` for a weight, `(features,)` for a row, which the layer is given as
    `(..., 1, features)`. `fill` is its value before initialization; `decay` says whether weight decay applies.
    """

    name: str
    shape: Shape
    fill: float = 0.0
    decay: bool = False


class Layer:
    """A function of `(..., batch, features)` with parameters; the base class is the bookkeeping they share."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, Shape], Array] = {}

    def parameters(self) -> tuple[Spec, ...]:
        """The parameters this layer needs."""
        return ()

    def statistics(self) -> tuple[Spec, ...]:
        """The arrays it keeps that are not learned, such as running means."""
        return ()

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Receive matrices and rows, views into the network's flat arrays, by the names of the specs."""

    def forward(self, x: Array, training: bool) -> Array:
        """The layer's value at `x: (..., batch, features)`."""
        raise NotImplementedError

    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """From dJ/d(output) of the last forward call: fill the gradients, return dJ/d(input) if it is needed."""
        raise NotImplementedError

    def array(self, name: str, shape: Shape, dtype: DTypeLike, fill: float = 0) -> Array:
        """Working memory of this layer, made and filled at the first call for a name and a shape and then reused."""
        found = self._arrays.get((name, shape))
        if found is None:
            found = self._arrays[name, shape] = np.full(shape, fill, dtype)
        return found
