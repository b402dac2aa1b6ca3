"""What a layer is: a pair of functions, forward and backward, and a list of the arrays it needs.

Ownership, which the tests enforce: a layer never writes to its arguments; what it returns is its own and lives
until its next call; gradients are overwritten, not added to.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

from mlpcli.nn.types import Array, Shape

__all__ = ["Layer", "Spec", "Workspace"]


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


class Workspace(ABC):
    """Arrays that layers and losses work in, kept for each shape of input."""

    _memory: SimpleNamespace
    """Of the last call."""

    def __init__(self) -> None:
        self._memories: dict[Shape, SimpleNamespace] = {}

    def allocate(self, x: Array) -> SimpleNamespace:
        """New arrays to work in, for inputs of the shape and dtype of x."""
        return SimpleNamespace()

    def memory(self, x: Array) -> SimpleNamespace:
        """What `allocate` made at the first call for the shape of x: one look-up a step for all of them."""
        found = self._memories.get(x.shape)
        if found is None:
            found = self._memories[x.shape] = self.allocate(x)
        return found


class Layer(Workspace):
    """A function of `(..., batch, features)` with parameters; the base class is the bookkeeping they share."""

    def parameters(self) -> tuple[Spec, ...]:
        """The parameters this layer needs."""
        return ()

    def statistics(self) -> tuple[Spec, ...]:
        """The arrays it keeps that are not learned, such as running means."""
        return ()

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Receive matrices and rows, views into the network's flat arrays, by the names of the specs."""

    @abstractmethod
    def forward(self, x: Array, training: bool) -> Array:
        """The layer's value at `x: (..., batch, features)`."""

    @abstractmethod
    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """From dJ/d(output) of the last forward call: fill the gradients, return dJ/d(input) if it is needed."""
