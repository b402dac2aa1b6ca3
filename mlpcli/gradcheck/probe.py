"""A training step's objective as a function of the parameters, with everything random held fixed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlpcli.autodiff import Differences, central_differences
from mlpcli.config import RunOptions
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.gradcheck.oracle import target_rows
from mlpcli.nn import Activation, Array, BatchNorm, Dropout, Loss, Network
from mlpcli.nn.losses import ResidualLoss

__all__ = ["Probe", "Subject", "kinks"]


@dataclass(frozen=True)
class Subject:
    """A float64 network at one point of its parameters, with its loss, a batch and resolved options.

    `class_weights` has one weight per class, `(classes,)`, `row_weights` one per row, `(rows,)`.
    """

    options: RunOptions
    network: Network
    loss: Loss
    x: Array
    y: Array
    class_weights: Array | None = None
    row_weights: Array | None = None

    @cached_property
    def targets(self) -> Array:
        """The target rows that the scores are compared with, `(rows, outputs)`."""
        return target_rows(self.options, self.y, self.network.linears[-1].out_features)

    @property
    def weights(self) -> Array | None:
        """The weight of each row times that of its class, `(rows,)`."""
        by_class = None if self.class_weights is None else self.class_weights[self.y]
        given = [weights for weights in (by_class, self.row_weights) if weights is not None]
        return np.prod(given, axis=0) if given else None

    @property
    def decay(self) -> float:
        """The weight decay that is part of the gradient; adamw's is not."""
        return 0.0 if OPTIMIZERS[self.options.optimizer].decoupled else self.options.weight_decay


class Probe:
    """The objective J of a subject as a function of one tensor at a time, with the dropout masks drawn once."""

    def __init__(self, subject: Subject) -> None:
        self._subject, self._layers = subject, subject.network.layers
        self._inputs: list[Array] = [subject.x] * (len(self._layers) + 1)
        subject.network.forward(subject.x, training=True)  # draws the masks
        for layer in self._layers:
            if isinstance(layer, BatchNorm | Dropout):
                layer.frozen = True
        self._kinks = {
            index: kinks(_slope_of(type(layer)))
            for index, layer in enumerate(self._layers)
            if isinstance(layer, Activation)
        }
        loss = subject.loss
        self._loss_kinks = kinks(_slope_of_loss(loss)) if isinstance(loss, ResidualLoss) else np.empty(0)

    def objective(self, first: int = 0) -> float:
        """J, computed from layer `first` on; the outputs of the layers before it are still in their arrays."""
        for index in range(first, len(self._layers)):
            self._inputs[index + 1] = self._layers[index].forward(self._inputs[index], True)
        subject = self._subject
        subject.loss(self._inputs[-1], subject.y, subject.row_weights)
        value = float(subject.loss.objective())
        if subject.decay:
            value += 0.5 * subject.decay * sum(float(np.vdot(w.weight, w.weight)) for w in subject.network.linears)
        return value

    def masks(self) -> dict[str, Array]:
        """The units that each dropout layer keeps, by the layer's name."""
        named = zip(self._subject.network.names, self._layers, self._inputs, strict=False)
        return {
            name: layer.forward(np.ones(x.shape), True) != 0 for name, layer, x in named if isinstance(layer, Dropout)
        }

    def differences(self, name: str, entries: Array) -> Differences:
        """dJ/d(tensor) at flat `entries` by central differences; only the layers from the tensor's own on are run."""
        view = self._subject.network.parameters[name]
        first = self._subject.network.names.index(name.rpartition(".")[0])
        here = view.copy()

        def moved(values: Array) -> float:
            view[...] = values
            return self.objective(first)

        self.objective()
        found = central_differences(moved, here, entries=entries, pattern=lambda: self._sides(first))
        view[...] = here
        return found

    def _sides(self, first: int) -> Array:
        """On which side of every kink the last call was, for the layers from `first` on and the loss."""
        met = [(self._inputs[index], found) for index, found in self._kinks.items() if index >= first]
        if len(self._loss_kinks):
            met.append((self._inputs[-1] - self._subject.targets, self._loss_kinks))
        sides = [(values > kink).ravel() for values, found in met for kink in found]
        return np.concatenate([np.empty(0, np.bool_), *sides])


def kinks(slope: Callable[[Array], Array]) -> Array:
    """The points where a function of one number, given by its slope, has no second derivative.

    These are found by trying the quarters from -8 to 8 and not declared, so that a new function's kinks are known too:
    at a kink an off-centre second difference of the slope has the order of its step, elsewhere of the step's square.
    ELU's jump of the second derivative counts, since across it a central difference is wrong to the order of its step.

    >>> kinks(np.sign)  # of |t|
    array([0.])
    """
    grid, side = np.arange(-32, 33) / 4, 1e-3
    below, above, beyond = (slope(grid + offset * side).copy() for offset in (-0.5, 0.5, 1.5))
    found: Array = grid[abs(beyond - 2 * above + below) > side / 10]
    return found


def _slope_of(kind: type[Activation]) -> Callable[[Array], Array]:
    def slope(t: Array) -> Array:
        layer = kind()
        layer.forward(t, training=True)
        found = layer.backward(np.ones_like(t))
        assert found is not None
        return found

    return slope


def _slope_of_loss(loss: ResidualLoss) -> Callable[[Array], Array]:
    def slope(r: Array) -> Array:
        out = np.empty_like(r)
        loss.slope(r, out)
        return out

    return slope
