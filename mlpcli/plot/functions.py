"""Pictures of functions that no run is needed for: activations with their slopes, and losses with theirs.

They are drawn from the layers and losses that train networks, so that a picture shows what is computed.

>>> z, value, slope = activation_curve("relu")
>>> float(value[z < 0].max()), float(slope[z > 0].min())
(0.0, 1.0)
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlpcli.nn import ACTIVATIONS, LOSSES, LogisticLoss, Loss
from mlpcli.plot.style import Drawing, legend, new_figure, series, titled

__all__ = ["activation_curve", "draw_activations", "draw_losses", "loss_curve"]

REACH = 4.0
POINTS = 401
COLUMNS = 3

Numbers = NDArray[np.float64]
Curve = tuple[Numbers, Numbers, Numbers]
"""Arguments, values and slopes, `(points,)` each."""


def activation_curve(name: str) -> Curve:
    """An activation between -4 and 4."""
    layer = ACTIVATIONS[name]()
    z = np.linspace(-REACH, REACH, POINTS)[:, None]
    value = layer.forward(z, training=True).copy()
    slope = layer.backward(np.ones_like(z))
    assert slope is not None  # an activation passes its gradient on
    return z[:, 0], value[:, 0], slope[:, 0].copy()


def loss_curve(loss: Loss, targets: NDArray[np.generic]) -> Curve:
    """A loss of one score between -4 and 4: a batch for each score, all with the same target."""
    scores = np.linspace(-REACH, REACH, POINTS)[:, None, None]
    value = loss(scores, targets).copy()
    return scores[:, 0, 0], value[:, 0], loss.gradient()[:, 0, 0].copy()


def draw_activations() -> Drawing:
    """A panel per activation: its value and its slope."""
    names = list(ACTIVATIONS)
    rows = -(-len(names) // COLUMNS)
    figure, axes = new_figure(6.4, 0.9 + 1.35 * rows, rows, COLUMNS, sharex=True, sharey=True)
    for panel, name in zip(axes, names, strict=False):
        _draw_curve(panel, activation_curve(name))
        panel.set_title(name)
        panel.set_ylim(-1.9, 4)
    for panel in axes[len(names) :]:
        panel.set_visible(False)
    _label(axes[: len(names)], "t", "value, slope")
    legend(figure, axes)
    titled(figure, "Activations and their slopes", "value: sigma(t), slope: sigma'(t), at the pre-activation t")
    return Drawing("activations", figure)


def draw_losses() -> Drawing:
    """A panel per loss: its value and its slope, by the residual for numbers, by the score for classes."""
    lead = (POINTS,)
    zero = np.zeros((POINTS, 1, 1))
    panels = {
        name: (loss_curve(LOSSES[name](lead, np.float64), zero), "residual")
        for name in LOSSES
        if name != "cross-entropy"
    }
    log_loss = LogisticLoss(lead, np.float64)
    for code, sign in ((1, "+"), (0, "-")):
        curve = loss_curve(log_loss, np.full((POINTS, 1), code))
        panels[f"log-loss, class {sign}"] = curve, "score"
    figure, axes = new_figure(6.4, 4.2, 2, COLUMNS, sharey=True)
    for panel, (name, (curve, argument)) in zip(axes, panels.items(), strict=False):
        _draw_curve(panel, curve)
        panel.set_title(name)
        panel.set_xlabel(argument)
        panel.set_ylim(-3, 6)
    for panel in axes[len(panels) :]:
        panel.set_visible(False)
    _label(axes[: len(panels)], "", "loss, slope")
    legend(figure, axes)
    below = "of one row and one output; residual: prediction minus target; backpropagation begins with the slope"
    titled(figure, "Losses and their slopes", below)
    return Drawing("losses", figure)


def _draw_curve(axes: Axes, curve: Curve) -> None:
    arguments, value, slope = curve
    axes.set_xticks([-4, -2, 0, 2, 4])
    for index, (numbers, label) in enumerate(((value, "value"), (slope, "slope"))):
        axes.plot(arguments, numbers, **{**series(index), "marker": ""}, label=label)


def _label(axes: Sequence[Axes], x: str, y: str) -> None:
    """Name the axes of a grid of panels at its left and lower edge."""
    for place, panel in enumerate(axes):
        if x and place + COLUMNS >= len(axes):
            panel.set_xlabel(x)
            panel.tick_params(labelbottom=True)
        if place % COLUMNS == 0:
            panel.set_ylabel(y)
