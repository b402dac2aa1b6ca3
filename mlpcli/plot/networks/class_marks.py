"""How classes are drawn: a marker and a colour for the rows of each, and a tint of that colour for its region."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from numpy.typing import NDArray

from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.plot.labels import entry, wrap
from mlpcli.plot.style import series

__all__ = ["draw_boundaries", "draw_rows", "room_of_names"]

LIGHTEST, DARKEST = 0.97, 0.72
"""Lightness of the tints of the first and of the last class, so that regions differ without colour too."""

MANY = 100
"""Rows beyond which markers are small."""

THIN = {"P": 1.25, "X": 1.25, "*": 1.6}
"""Factors of the size of markers of which their white edge leaves little."""


LETTER, LETTERS = 0.075, 8
"""Inches that a letter of the legend takes, and letters for which every figure has room."""


def room_of_names(fitted: Preprocessing) -> float:
    """Inches to add to the width of a figure so that a legend of long names of classes leaves its panels theirs."""
    names = (fitted.targets[0], *(fitted.classes or ()))
    longest = max(len(line) for name in names for line in wrap(name).split("\n"))
    return LETTER * max(0, longest - LETTERS)


def draw_rows(axes: Axes, points: NDArray[np.float64], codes: NDArray[np.int64], names: Sequence[str]) -> None:
    """Draw `points: (rows, 2)` with the marker of the class that `codes: (rows,)` says."""
    size = 4.0 if len(points) > MANY else 7.0
    for code, name in enumerate(names):
        own, look = points[codes == code], series(code, lines=False)
        look |= {"markersize": size * THIN.get(look["marker"], 1), "markeredgecolor": "white", "markeredgewidth": 0.5}
        axes.plot(own[:, 0], own[:, 1], label=entry(name), zorder=3, **look)


def draw_boundaries(
    axes: Axes,
    edges: tuple[NDArray[np.float64], NDArray[np.float64]],
    decided: NDArray[np.int64],
    probabilities: NDArray[np.float64],
) -> None:
    """Draw the region of each class, and a line between regions.

    For two classes the line is where both have probability 0.5, and thin lines are where one has 0.9.

    Args:
        axes: what to draw on.
        edges: coordinates of the grid's columns `(columns,)` and rows `(rows,)`.
        decided: class codes `(rows, columns)`.
        probabilities: `(rows, columns, classes)`.
    """
    classes = probabilities.shape[-1]
    axes.contourf(*edges, decided, levels=np.arange(classes + 1) - 0.5, colors=_tints(classes).colors)
    line: dict[str, Any] = {"colors": "#000000", "linewidths": 1.4}
    if classes == 2:
        axes.contour(*edges, probabilities[..., 1], levels=[0.5], **line)
        axes.contour(*edges, probabilities[..., 1], levels=[0.1, 0.9], colors="#000000", linewidths=0.7, linestyles=":")
        return
    for code in range(classes):
        axes.contour(*edges, (decided == code).astype(float), levels=[0.5], **line)


def _tints(classes: int) -> ListedColormap:
    """A light tint of each class's colour; lightness falls from class to class."""
    tints = []
    for code, lightness in enumerate(np.linspace(LIGHTEST, DARKEST, classes)):
        color = np.array(to_rgb(series(code)["color"]))
        luminance = color @ (0.2126, 0.7152, 0.0722)
        share = (1 - lightness) / (1 - luminance)  # of the colour, mixed into white
        tints.append(tuple(1 - share * (1 - color)))
    return ListedColormap(tints)
