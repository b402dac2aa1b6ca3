"""What the hidden layers make of the rows: every row as a point, in the inputs and in each layer after them.

For the lecture's XOR network the last panel is its picture of h, where a line separates the classes.
"""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlpcli.plot.labels import wrap
from mlpcli.plot.networks.class_marks import draw_boundaries, draw_rows
from mlpcli.plot.networks.kept import Kept, Networks
from mlpcli.plot.networks.own_units import are_numbers, in_own_units
from mlpcli.plot.points import origin
from mlpcli.plot.style import MOST_CLASSES, Drawing, legend, new_figure, titled

__all__ = ["View", "draw_hidden", "draw_last_layer", "find_view", "has_layers_to_draw"]

MOST_PANELS = 6
MOST_ROWS = 300
GRID = 100
FEW = 12
"""Number of rows up to which each is labelled with its inputs."""

COMPONENT = "component"

Numbers = NDArray[np.float64]


class View(NamedTuple):
    """Points in a plane, `(rows, 2)`, and the names of its axes."""

    points: Numbers
    names: tuple[str, str]


def draw_hidden(networks: Networks) -> list[Drawing]:
    """A panel for the inputs and one per hidden layer, of the best network.

    Nothing without hidden layers, for many classes, or for several labels per row, which no one colour shows.

    Raises:
        MlpcliError: the model file is damaged, or its data have changed or cannot be loaded.
    """
    kept = networks.best
    if kept is None or not has_layers_to_draw(kept):
        return []
    fitted = kept.model.preprocessing
    part, which = kept.some_rows(MOST_ROWS)
    x, y = np.asarray(part.x), np.asarray(part.given)
    depth = len(kept.model.options.sizes)
    layers = range(depth)[-(MOST_PANELS - 1) :]
    inputs = in_own_units(fitted, x) if are_numbers(fitted, 2) else x.astype(np.float64)
    views = [("inputs", find_view(inputs, tuple(fitted.features)))]
    count = kept.model.options.ensemble
    several = f" of {count} networks" if count > 1 else ""
    for layer in layers:
        h = kept.model.representation(x, layer).astype(np.float64)
        views.append((f"hidden layer {layer + 1}: {h.shape[-1]} units{several}", find_view(h, _unit_names(h))))
    rows = -(-len(views) // 2)
    figure, axes = new_figure(6.0, 0.9 + 2.5 * rows, rows, 2)
    for panel in axes[len(views) :]:
        panel.set_visible(False)
    for panel, (title, view) in zip(axes, views, strict=False):
        _draw_view(panel, view, y, kept)
        panel.set_title(title)
        if len(x) <= FEW and are_numbers(fitted, 2):
            _label(panel, view, inputs)
    if kept.model.options.sizes[-1] == 2 and not kept.model.network.lead and fitted.classes is not None:
        _decide(axes[len(views) - 1], kept)
    legend(figure, axes, fitted.targets[0], always=True)
    wide = any(view.names[0].startswith(COMPONENT) for _, view in views)
    below = f"{which}, {origin([kept.trial])}" + (
        "; principal components with their share of the variance" if wide else ""
    )
    titled(figure, f"{networks.heading(kept)}: what the layers make of the rows", below)
    return [Drawing("hidden", figure)]


def has_layers_to_draw(kept: Kept) -> bool:
    """Whether there are hidden layers, and classes or values that colours can show."""
    fitted = kept.model.preprocessing
    can_be_shown = fitted.task != "multilabel" and len(fitted.classes or ()) <= MOST_CLASSES
    return bool(kept.model.options.sizes) and can_be_shown


def draw_last_layer(axes: Axes, kept: Kept, reference: Kept) -> None:
    """The last hidden layer of a classifier, in the plane of the principal components that `reference` has there."""
    part, _ = kept.some_rows(MOST_ROWS)
    x, y = np.asarray(part.x), np.asarray(part.given)
    h, base = (one.model.representation(x).astype(np.float64) for one in (kept, reference))
    _draw_view(axes, find_view(h, _unit_names(h), base), y, kept)
    if h.shape[-1] == 2:
        _decide(axes, kept)


def _unit_names(h: Numbers) -> tuple[str, ...]:
    return tuple(f"h{unit + 1}" for unit in range(h.shape[-1]))


def find_view(h: Numbers, names: tuple[str, ...], base: Numbers | None = None) -> View:
    """Rows of `h: (rows, units)` in a plane: the two units, or two principal components of `base`, by default of `h`.

    The sign of a component is such that its largest weight is positive. A single unit leaves the other axis free.
    """
    if h.shape[-1] == 1:
        return View(np.column_stack([h[:, 0], np.zeros(len(h))]), (names[0], ""))
    if h.shape[-1] == 2:
        return View(h, (names[0], names[1]))
    base = h if base is None else base
    _, s, vt = np.linalg.svd(base - base.mean(axis=0), full_matrices=False)
    signs = np.sign(vt[np.arange(len(vt)), np.abs(vt).argmax(axis=-1)])
    total = (s**2).sum() or 1.0
    shares = [f"{COMPONENT} {place + 1} ({s[place] ** 2 / total:.0%})" for place in (0, 1)]
    return View(((h - base.mean(axis=0)) @ (vt[:2].T * signs[:2])), (shares[0], shares[1]))


def _draw_view(axes: Axes, view: View, targets: NDArray[Any], kept: Kept) -> None:
    fitted = kept.model.preprocessing
    if not view.names[1]:
        own = targets if fitted.classes is not None else targets[:, 0]
        view = View(np.column_stack([view.points[:, 0], own]), (view.names[0], fitted.targets[0]))
        if fitted.classes is not None:
            axes.set_yticks(range(len(fitted.classes)), [wrap(name, 12) for name in fitted.classes])
    if fitted.classes is not None:
        draw_rows(axes, view.points, targets, fitted.classes)
    else:
        shade = targets[:, 0]
        x, y = view.points.T
        marks = axes.scatter(x, y, c=shade, cmap="viridis_r", s=14, edgecolors="#777777", linewidths=0.3)
        axes.figure.colorbar(marks, ax=axes, label=wrap(fitted.targets[0]))
    axes.set_xlabel(wrap(view.names[0]))
    axes.set_ylabel(wrap(view.names[1]))
    axes.margins(0.14)


def _label(axes: Axes, view: View, inputs: Numbers) -> None:
    """Write the inputs beside each point; points that fall together have one label."""
    together: dict[tuple[float, float], list[str]] = {}
    for (x, y), row in zip(view.points, inputs, strict=True):
        text = "(" + ", ".join(f"{number:.3g}" for number in row) + ")"
        together.setdefault((round(float(x), 6), round(float(y), 6)), []).append(text)
    axes.margins(0.3)
    middle = sum(axes.get_xlim()) / 2
    for place, texts in together.items():
        offset, side = ((-7, 4), "right") if place[0] > middle else ((7, 4), "left")
        axes.annotate("\n".join(texts), place, offset, textcoords="offset points", ha=side, fontsize=8)


def _decide(axes: Axes, kept: Kept) -> None:
    """Draw what the output layer decides in the plane of two hidden units."""
    model = kept.model
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    across, up = np.linspace(left, right, GRID), np.linspace(low, high, GRID)
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2).astype(model.network.dtype)
    scores = model.network.layers[-1].forward(plane, training=False).copy()
    decided, probabilities = model.decide(scores), model.probabilities(scores)
    draw_boundaries(axes, (across, up), decided.reshape(GRID, GRID), probabilities.reshape(GRID, GRID, -1))
    axes.grid(visible=False)
