"""The function that a network of one input has learned, against its target."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mlpcli.data import Prepared
from mlpcli.plot.labels import wrap
from mlpcli.plot.networks.kept import Networks
from mlpcli.plot.networks.own_units import are_numbers, in_own_units
from mlpcli.plot.points import origin
from mlpcli.plot.style import Drawing, legend, new_figure, titled
from mlpcli.training.model import Model

__all__ = ["draw_fit", "draw_function", "is_a_function"]

LINE = 500
"""Points of the network's line, where the rows are no grid."""

MOST_COLUMNS = 2
FEW = 60
"""Number of training rows up to which they are drawn one by one."""


def draw_fit(networks: Networks) -> list[Drawing]:
    """Target and network over the one input, the difference below; nothing for other data or without a model.

    Drawn on the validation rows, for generated functions a dense even grid, or else on the training rows.

    Raises:
        MlpcliError: a model file is damaged, or its data have changed or cannot be loaded.
    """
    fitted = [kept for kept in networks.shown if is_a_function(kept.model)]
    if not fitted:
        return []
    columns = min(len(fitted), MOST_COLUMNS)
    rows = -(-len(fitted) // columns)
    figure, axes = new_figure(
        1.4 + (3.4 if columns == 1 else 2.4) * columns,
        4.0 * rows,
        2 * rows,
        columns,
        gridspec_kw={"height_ratios": [3, 1] * rows},
    )
    tops = [2 * columns * row + column for row in range(rows) for column in range(columns)]
    for top in tops[len(fitted) :]:
        axes[top].set_visible(False)
        axes[top + columns].set_visible(False)
    for top, kept in zip(tops, fitted, strict=False):
        axes[top + columns].sharex(axes[top])
        worst = draw_function(axes[top], axes[top + columns], kept.model, kept.data)
        axes[top].set_title(networks.titled_by(kept, f"largest error {worst:.3g}", columns))
    legend(figure, axes)
    part = "validation" if fitted[-1].data.val else "training"
    meaning = f"on the {part} rows, {origin(kept.trial for kept in fitted)}{networks.left_out(len(fitted))}"
    titled(figure, f"{networks.folder.name}: the fitted function and its target", meaning)
    return [Drawing("fit", figure)]


def draw_function(above: Axes, below: Axes, model: Model, data: Prepared) -> float:
    """Target and network above, their difference below, all in the data's own units; returns the largest difference.

    On an even grid the target is a line. Rows of a table are points, which nothing joins, and the network is drawn
    between them too.
    """
    fitted, part = model.preprocessing, data.val or data.train
    circles: dict[str, Any] = {"color": "#000000", "linestyle": "none", "marker": "o", "fillstyle": "none"}
    order = np.argsort(part.x[:, 0], kind="stable")
    x = in_own_units(fitted, part.x[order])[:, 0]
    target = part.given[order, 0]
    found = fitted.inverse_target(model.scores(part.x[order]))[:, 0]
    steps, grey = np.diff(x), "#b0b0b0"
    is_grid = len(x) > 2 and np.ptp(steps) < 0.1 * steps.mean()  # float32 rounds the steps of a fine grid
    points: dict[str, Any] = {} if is_grid else {"linestyle": "none", "marker": "o", "markersize": 3}
    above.plot(x, target, color=grey, linewidth=4, label="target", **points)
    line = part.x[order] if is_grid else np.linspace(part.x.min(), part.x.max(), LINE, dtype=part.x.dtype)[:, None]
    network = in_own_units(fitted, line)[:, 0], fitted.inverse_target(model.scores(line))[:, 0]
    above.plot(*network, color="#000000", linewidth=1.2, linestyle="--", label="network")
    if len(data.train) <= FEW:
        rows = in_own_units(fitted, data.train.x)[:, 0], data.train.given[:, 0]
        above.plot(*rows, label="training row", **circles)
    above.tick_params(labelbottom=False)
    below.plot(x, found - target, color="#000000", linewidth=1.0, **points)
    above.set_ylabel(wrap(fitted.targets[0]))
    below.set_ylabel("difference")
    below.set_xlabel(wrap(fitted.features[0]))
    return float(np.abs(found - target).max())


def is_a_function(model: Model) -> bool:
    """Whether it takes one number to one number; the axis of a clipped one could not be told from its inputs."""
    fitted = model.preprocessing
    return fitted.task == "regression" and len(fitted.targets) == 1 and are_numbers(fitted, 1)
