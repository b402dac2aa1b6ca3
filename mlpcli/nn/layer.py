"""The layer: a forward and a backward function, the parameters it asks for, and the arrays it works in.

Ownership, which the tests enforce: a layer never writes to its arguments; the array it returns is its own and valid
until its next call; gradients are overwritten, not added to.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from mlpcli.nn.types import Array, Shape

__all__ = ["Layer", "Spec", "Workspaces"]

Workspace = TypeVar("Workspace")

MOST_SHAPES = 8
"""Shapes whose workspaces are kept. Training meets fewer; predictions may come in any number of rows."""


@dataclass(frozen=True)
class Spec:
    """One named array that a layer asks the network for: a parameter or a running statistic.

    Args:
        name: its name within the layer.
        shape: the shape for one replica, `(in, out)` for a weight or `(features,)` for a row. The layer receives the
            row as `(..., 1, features)`.
        fill: every entry's value before initialization.
        decay: whether weight decay applies, as it does to weights but not to biases and norms.

    >>> Spec("bias", (10,))
    Spec(name='bias', shape=(10,), fill=0.0, decay=False)
    """

    name: str
    shape: Shape
    fill: float = 0.0
    decay: bool = False


class Workspaces(ABC, Generic[Workspace]):
    """Keeps one workspace, a dataclass of arrays to write into, for each shape of input.

    Training meets a few shapes (a batch, the last batch, the blocks that are scored), so every step after the first few
    allocates nothing. Beyond `MOST_SHAPES` the oldest workspace is given up for the new one.
    """

    _latest_work: Workspace
    """The workspace for `_latest`."""

    def __init__(self) -> None:
        self._workspaces: dict[Shape, Workspace] = {}
        self._latest: Array | None = None

    @abstractmethod
    def allocate(self, x: Array) -> Workspace:
        """A new workspace for inputs of the shape and dtype of `x`."""

    def workspace(self, x: Array) -> Workspace:
        """The workspace for the shape of `x`, allocated when there is none."""
        if x is not self._latest:  # as a rule it is the array of the layer before, the same at every step
            if x.shape not in self._workspaces:
                if len(self._workspaces) == MOST_SHAPES:
                    del self._workspaces[next(iter(self._workspaces))]
                self._workspaces[x.shape] = self.allocate(x)
            self._latest, self._latest_work = x, self._workspaces[x.shape]
        return self._latest_work


class Layer(ABC):
    """A function of `(..., batch, features)`, with its derivative and its parameters."""

    def parameters(self) -> tuple[Spec, ...]:
        """The arrays that are learned; none by default."""
        return ()

    def statistics(self) -> tuple[Spec, ...]:
        """The arrays that are kept but not learned, such as running means; none by default."""
        return ()

    def bind(self, params: Mapping[str, Array], grads: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Receive the arrays that were asked for: views into the network's flat arrays.

        Args:
            params: the parameters by the names of their specs.
            grads: where `backward` writes their gradients, by the same names.
            state: the statistics by the names of their specs.
        """
        return  # nothing to keep where nothing was asked for

    @abstractmethod
    def forward(self, x: Array, training: bool) -> Array:
        """The layer's output for `x: (..., batch, features)`.

        Args:
            x: the output of the layer before it.
            training: whether dropout drops and batch norm uses the statistics of the batch.
        """

    @abstractmethod
    def backward(self, grad_output: Array, input_needed: bool = True) -> Array | None:
        """Fill the parameters' gradients and return dJ/d(input); may be repeated after one forward call.

        Args:
            grad_output: dJ/d(output) of the last forward call, in the shape of the output.
            input_needed: False for the first layer that has parameters, which may then return None.
        """
