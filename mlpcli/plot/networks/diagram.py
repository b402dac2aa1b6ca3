"""The network itself: units and weights where it is small, else its layers with their shapes and parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.patches import FancyBboxPatch

from mlpcli.nn import Layer, Linear, QuadraticLift
from mlpcli.plot.labels import wrap
from mlpcli.plot.networks.kept import Kept, Networks
from mlpcli.plot.points import origin
from mlpcli.plot.style import Drawing, new_figure, titled
from mlpcli.training.model import Model
from mlpcli.wording import counted

__all__ = ["draw_network"]

MOST_UNITS = 10
MOST_LAYERS = 5
"""Most units per layer, and most linear layers, of a network that is drawn unit by unit."""

MOST_NUMBERS = 14
"""Number of weights up to which they are written on their edges."""

POSITIVE: dict[str, Any] = {"linestyle": "-", "color": "#000000"}
NEGATIVE: dict[str, Any] = {"linestyle": "--", "color": "#d55e00"}

MOST_BOXES = 26
"""Number of layers up to which each has a box."""


def draw_network(networks: Networks) -> list[Drawing]:
    """The best network; nothing without a model file.

    Raises:
        DataError, FileError: the model file is damaged, or cannot be read.
    """
    kept = networks.best
    if kept is None:
        return []
    kept, which = kept.first_network
    linears = kept.model.network.linears
    sizes = [linears[0].in_features, *(layer.out_features for layer in linears)]
    small = len(linears) <= MOST_LAYERS and max(sizes) <= MOST_UNITS
    return [_draw_units(networks, kept, which, sizes) if small else _draw_layers(networks, kept, which)]


def _draw_units(networks: Networks, kept: Kept, which: str, sizes: Sequence[int]) -> Drawing:
    """Circles and edges: the width of an edge is its weight's size, dashes mean that it is negative."""
    model = kept.model
    figure, (axes,) = new_figure(min(1.2 + 1.6 * (len(sizes) - 1), 6.4), 1.5 + 0.62 * max(sizes))
    axes.set_axis_off()
    weights = [linear.weight for linear in model.network.linears]
    most = max(float(np.abs(weight).max()) for weight in weights) or 1.0
    written = sum(weight.size for weight in weights) <= MOST_NUMBERS
    for layer, weight in enumerate(weights):
        for (start, stop), number in np.ndenumerate(weight):
            ends = _place(layer, start, sizes[layer]), _place(layer + 1, stop, sizes[layer + 1])
            look = POSITIVE if number >= 0 else NEGATIVE
            axes.plot(*zip(*ends, strict=True), linewidth=0.3 + 2.2 * abs(number) / most, zorder=1, **look)
            if written:
                at = 0.3 if start % 2 == 0 else 0.62
                x, y = (a + at * (b - a) for a, b in zip(*ends, strict=True))
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
                axes.text(x, y, f"{number:.3g}", ha="center", va="center", fontsize=8, zorder=2, bbox=box)
    for layer, size in enumerate(sizes):
        for unit, text in enumerate(_unit_texts(model, layer, size)):
            x, y = _place(layer, unit, size)
            axes.plot(x, y, marker="o", markersize=28, color="white", markeredgecolor="black", zorder=3)
            axes.text(x, y, text, ha="center", va="center", fontsize=7.5, zorder=4)
    for layer in range(len(sizes)):
        axes.text(layer, max(sizes) / 2 + 0.15, _layer_text(model, layer), ha="center", va="bottom", fontsize=8)
    axes.set_xlim(-0.4, len(sizes) - 0.6)
    axes.set_ylim(-max(sizes) / 2 - 0.1, max(sizes) / 2 + 0.9)
    below = f"solid: positive weight, dashed: negative, thicker: larger; in the circles: biases; {origin([kept.trial])}"
    titled(figure, f"{networks.heading(kept)}: the network", f"{below}; {model.network.size:,} parameters{which}")
    return Drawing("network", figure)


def _place(layer: int, unit: int, size: int) -> tuple[float, float]:
    return float(layer), (size - 1) / 2 - unit


def _unit_texts(model: Model, layer: int, size: int) -> list[str]:
    """Text in the circles of a layer: names of inputs, or biases of units."""
    if layer == 0:
        return _input_texts(model.network.layers, size)
    linear = model.network.linears[layer - 1]
    return [f"{number:.2g}" for number in linear.bias[0]] if linear.has_bias else [""] * size


def _input_texts(layers: Sequence[Layer], size: int) -> list[str]:
    """Names of the numbers that the first weights multiply: inputs, and what the lift makes of them."""
    lift = next((layer for layer in layers if isinstance(layer, QuadraticLift)), None)
    inputs = [f"x{unit + 1}" for unit in range(size if lift is None else lift.features)]
    products = [] if lift is None else lift.pairs
    return inputs + [f"{inputs[i]}²" if i == j else f"{inputs[i]} {inputs[j]}" for i, j in products]


def _layer_text(model: Model, layer: int) -> str:
    if layer == 0:
        return "inputs"
    return "output" if layer == len(model.network.linears) else wrap(model.options.activation, 12)


def _draw_layers(networks: Networks, kept: Kept, which: str) -> Drawing:
    """A column of boxes from the inputs down to the output, with the shape of what each gives and its parameters."""
    model = kept.model
    inputs = len(model.preprocessing.features)
    boxes = [(counted(inputs, "input"), "", False), *_boxes(model)]
    if len(boxes) > MOST_BOXES:
        half = MOST_BOXES // 2
        boxes = [*boxes[:half], (f"… {len(boxes) - 2 * half} more layers …", "", False), *boxes[-half:]]
    figure, (axes,) = new_figure(4.6, 1.0 + 0.3 * len(boxes))
    axes.set_axis_off()
    for place, (text, parameters, is_linear) in enumerate(boxes):
        y = -float(place)
        face = "#dddddd" if is_linear else "white"
        axes.add_patch(FancyBboxPatch((0.0, y - 0.32), 3.0, 0.64, "round,pad=0,rounding_size=0.12", facecolor=face))
        axes.text(1.5, y, text, ha="center", va="center", fontsize=8.5)
        axes.text(3.15, y, parameters, ha="left", va="center", fontsize=8)
        if place:
            axes.annotate(
                "", (1.5, y + 0.32), (1.5, y + 0.68), arrowprops={"arrowstyle": "-|>", "lw": 0.8, "color": "#000000"}
            )
    axes.set_xlim(-0.1, 4.6)
    axes.set_ylim(0.5 - len(boxes), 0.5)
    below = f"parameters of each layer on the right, {model.network.size:,} in all; weights in grey{which}"
    titled(figure, f"{networks.heading(kept)}: the network", below)
    return Drawing("network", figure)


def _boxes(model: Model) -> list[tuple[str, str, bool]]:
    """Text, parameters and whether it is a linear layer, of each layer in forward order."""
    return [
        (_named(name, layer, model), f"{count:,}" if (count := _size(layer)) else "", isinstance(layer, Linear))
        for name, layer in zip(model.network.names, model.network.layers, strict=True)
    ]


def _size(layer: Layer) -> int:
    return sum(int(np.prod(spec.shape)) for spec in layer.parameters())


def _named(name: str, layer: Layer, model: Model) -> str:
    """`linear, 64 to 32`, `batch norm`, `relu`, `dropout 0.2`."""
    options, kind = model.options, name.rpartition(".")[2]
    if isinstance(layer, Linear):
        return f"linear, {layer.in_features} to {layer.out_features}" + (" (output)" if name == "output" else "")
    rate = options.input_dropout if name == "input.dropout" else options.dropout
    words = {"activation": options.activation, "norm": f"{options.norm} norm", "dropout": f"dropout {rate:g}"}
    return words.get(kind, {"input": "gain per input", "lift": f"{options.lift} lift"}.get(name, name))
