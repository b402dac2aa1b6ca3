"""The network: layers in a row over three flat arrays.

`params`, `grads` and `state` are `(*lead, size)`, and every layer works on named views of them. An optimizer, weight
decay, clipping, a checkpoint, a snapshot of the best epoch and a gradient check are therefore one line each, and a
stack of replicas is the same code as a single network.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import DTypeLike

from mlpcli.kernels.aligned import aligned_zeros
from mlpcli.nn.layer import Layer, Spec
from mlpcli.nn.linear import Linear
from mlpcli.nn.types import Array, Shape

__all__ = ["Network"]


class Network:
    """Layers in a row, their parameters called `<layer>.<parameter>`.

    Args:
        layers: pairs (name, layer) in forward order; at least one has parameters.
        lead: the leading axes of the stack; () for a single network.
        dtype: the dtype of all arithmetic.

    Attributes:
        params, grads, state: parameters, their gradients and running statistics, `(*lead, size)`.
        parameters, gradients, statistics: views of these by name: matrices `(*lead, in, out)`, rows `(*lead, 1, out)`.
        linears: the linear layers, in forward order.

    >>> network = Network([("output", Linear(2, 1))], dtype=np.float64)
    >>> network.parameters["output.weight"][:] = [[3.0], [4.0]]
    >>> network.forward(np.array([[1.0, 1.0]]))
    array([[7.]])
    """

    def __init__(self, layers: Sequence[tuple[str, Layer]], lead: Shape = (), dtype: DTypeLike = np.float32) -> None:
        self.layers = [layer for _, layer in layers]
        self.names = [name for name, _ in layers]
        self.lead = lead
        self.dtype = np.dtype(dtype)
        self.params, self.parameters = self._allocate(lambda layer: layer.parameters())
        self.grads, self.gradients = self._allocate(lambda layer: layer.parameters())
        self.state, self.statistics = self._allocate(lambda layer: layer.statistics())
        for name, layer in layers:
            layer.bind(*(_of(name, views) for views in (self.parameters, self.gradients, self.statistics)))
        self.linears = [layer for layer in self.layers if isinstance(layer, Linear)]
        first = next(i for i, layer in enumerate(self.layers) if layer.parameters())
        self._backwards = [(layer, layer is not self.layers[first]) for layer in reversed(self.layers[first:])]

    @property
    def size(self) -> int:
        """Number of parameters of one replica."""
        return int(self.params.shape[-1])

    def tensors(self) -> dict[str, Array]:
        """Parameters and running statistics by name: views `(*lead, *shape)` with the shape that the layer declares."""
        views = {**self.parameters, **self.statistics}
        return {
            f"{name}.{spec.name}": views[f"{name}.{spec.name}"].reshape(*self.lead, *spec.shape)
            for name, layer in zip(self.names, self.layers, strict=True)
            for spec in (*layer.parameters(), *layer.statistics())
        }

    @property
    def decayed(self) -> list[slice]:
        """The pieces of the flat axis that weight decay applies to: weights, never biases or norm parameters."""
        specs = [spec for layer in self.layers for spec in layer.parameters()]
        return [span for span, spec in zip(self.spans.values(), specs, strict=True) if spec.decay]

    @property
    def spans(self) -> dict[str, slice]:
        """The piece of the flat axis that each parameter occupies, by its name."""
        spans, start = {}, 0
        for name, layer in zip(self.names, self.layers, strict=True):
            for spec in layer.parameters():
                stop = start + int(np.prod(spec.shape))
                spans[f"{name}.{spec.name}"] = slice(start, stop)
                start = stop
        return spans

    def forward(self, x: Array, training: bool = False) -> Array:
        """Scores `(*lead, batch, outputs)` of a batch.

        Args:
            x: inputs `(*lead, batch, features)`, or `(batch, features)` for all replicas.
            training: whether dropout drops and batch norm uses the statistics of the batch.

        Raises:
            ValueError: the leading axes of `x` are not those of the network.
        """
        if x.ndim < 2 or x.shape[:-2] not in ((), self.lead):
            raise ValueError(f"inputs of shape {x.shape}: need (batch, features), or {self.lead} before these axes")
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, grad_output: Array) -> None:
        """Fill `grads` by the chain rule, from dJ/d(scores) `(*lead, batch, outputs)` of the last forward call."""
        grad: Array | None = grad_output
        for layer, input_needed in self._backwards:
            assert grad is not None
            grad = layer.backward(grad, input_needed)

    def _allocate(self, wanted: Callable[[Layer], Sequence[Spec]]) -> tuple[Array, dict[str, Array]]:
        specs = [
            (f"{name}.{spec.name}", spec)
            for name, layer in zip(self.names, self.layers, strict=True)
            for spec in wanted(layer)
        ]
        flat = aligned_zeros((*self.lead, sum(int(np.prod(spec.shape)) for _, spec in specs)), self.dtype)
        views, start = {}, 0
        for name, spec in specs:
            stop = start + int(np.prod(spec.shape))
            row = (1,) if len(spec.shape) == 1 else ()
            views[name] = flat[..., start:stop].reshape(*self.lead, *row, *spec.shape)
            views[name][...] = spec.fill
            start = stop
        return flat, views


def _of(name: str, views: dict[str, Array]) -> dict[str, Array]:
    """The views of one layer by the names that it gave them."""
    split = ((key.rpartition("."), view) for key, view in views.items())
    return {short: view for (layer, _, short), view in split if layer == name}
