"""Where a classifier of one or two inputs decides for which class, with the rows that it was trained on."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlpcli.plot.labels import wrap
from mlpcli.plot.networks.class_marks import draw_boundaries, draw_rows, room_of_names
from mlpcli.plot.networks.kept import Kept, Networks
from mlpcli.plot.networks.own_units import are_numbers, in_own_units
from mlpcli.plot.points import origin
from mlpcli.plot.style import MOST_CLASSES, WIDEST, Drawing, legend, new_figure, series, titled

__all__ = ["draw_classes", "draw_regions", "inputs_of"]

MOST_ROWS = 300
"""Training rows that are drawn."""

GRID = 120
"""Points along an axis of the plane."""

LINE = 2000
"""Points along the axis of a single input."""

MARGIN = 0.08
"""Share of the range of the rows that is added on either side."""


def draw_regions(networks: Networks) -> list[Drawing]:
    """A panel per network: regions in the plane of two inputs, or probabilities along one; nothing for other data.

    Raises:
        MlpcliError: a model file is damaged, or its data have changed or cannot be loaded.
    """
    drawn = [kept for kept in networks.shown if inputs_of(kept) in (1, 2)]
    if not drawn:
        return []
    columns = min(len(drawn), 2)
    rows = -(-len(drawn) // columns)
    fitted = drawn[0].model.preprocessing
    width = min(1.2 + 2.5 * columns + room_of_names(fitted), WIDEST)
    figure, axes = new_figure(width, 0.9 + 2.3 * rows, rows, columns)
    for panel, kept in zip(axes, drawn, strict=False):
        draw_classes(panel, kept)
        if kept.title:
            panel.set_title(networks.titled_by(kept, "", columns))
    for panel in axes[len(drawn) :]:
        panel.set_visible(False)
    legend(figure, axes, fitted.targets[0], always=True)
    titled(figure, f"{networks.folder.name}: what the network decides", _caption(networks, drawn))
    return [Drawing("regions", figure)]


def inputs_of(kept: Kept) -> int:
    """Number of inputs of a classifier whose inputs are plain numbers and whose classes can be told apart, else 0."""
    fitted = kept.model.preprocessing
    classes = len(fitted.classes or ())
    return len(fitted.columns) if 2 <= classes <= MOST_CLASSES and are_numbers(fitted, len(fitted.columns)) else 0


def draw_classes(axes: Axes, kept: Kept) -> None:
    """The regions or probabilities of one network with its training rows."""
    fitted = kept.model.preprocessing
    part, _ = kept.some_rows(MOST_ROWS)
    x, codes = np.asarray(part.x), np.asarray(part.y)
    (_draw_plane if len(fitted.columns) == 2 else _draw_line)(axes, kept, x, codes)
    axes.set_xlabel(wrap(fitted.features[0]))


def _draw_plane(axes: Axes, kept: Kept, x: NDArray[np.float32], codes: NDArray[np.int64]) -> None:
    model, fitted = kept.model, kept.model.preprocessing
    across, up = (np.linspace(*_range(x[:, axis]), GRID) for axis in (0, 1))
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2).astype(x.dtype)
    scores = model.scores(plane)
    edges = in_own_units(fitted, np.stack([across, up], axis=-1))
    decided, probabilities = model.decide(scores), model.probabilities(scores)
    draw_boundaries(
        axes, (edges[:, 0], edges[:, 1]), decided.reshape(GRID, GRID), probabilities.reshape(GRID, GRID, -1)
    )
    draw_rows(axes, in_own_units(fitted, x), codes, fitted.classes or ())
    axes.grid(visible=False)
    axes.set_ylabel(wrap(fitted.features[1]))


def _draw_line(axes: Axes, kept: Kept, x: NDArray[np.float32], codes: NDArray[np.int64]) -> None:
    """The probability of each class but the first along the input, and the rows at 1 for their class, 0 for others."""
    model, fitted = kept.model, kept.model.preprocessing
    names = fitted.classes or ()
    line = np.union1d(np.linspace(*_range(x[:, 0]), LINE), x[:, 0]).astype(x.dtype)[:, None]
    probabilities = model.probabilities(model.scores(line))
    own, rows = in_own_units(fitted, line)[:, 0], in_own_units(fitted, x)[:, 0]
    for code in range(1, len(names)):
        look = series(code - 1)
        axes.plot(own, probabilities[:, code], **{**look, "marker": ""}, label=f"network, {names[code]}")
        axes.plot(
            rows, codes == code, **{**look, "linestyle": "none", "fillstyle": "none"}, label=f"row, {names[code]}"
        )
    axes.set_ylabel("probability")


def _range(numbers: NDArray[np.float32]) -> tuple[float, float]:
    low, high = float(numbers.min()), float(numbers.max())
    margin = MARGIN * ((high - low) or 1.0)
    return low - margin, high + margin


def _caption(networks: Networks, drawn: list[Kept]) -> str:
    fitted, (_, which) = drawn[0].model.preprocessing, drawn[0].some_rows(MOST_ROWS)
    if len(fitted.columns) == 1:
        lines = "a row is at 1 for its class and at 0 otherwise"
    elif len(fitted.classes or ()) == 2:
        lines = "line: both classes have probability 0.5; dotted: one has 0.9"
    else:
        lines = "line: where the decision changes"
    return f"{which}, {origin(kept.trial for kept in drawn)}; {lines}{networks.left_out(len(drawn))}"
