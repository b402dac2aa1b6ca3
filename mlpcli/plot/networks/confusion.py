"""Which classes a network takes for each other, on the rows that judge it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.metrics import PARTS
from mlpcli.plot.labels import upright, wrap
from mlpcli.plot.networks.kept import Networks
from mlpcli.plot.points import origin
from mlpcli.plot.style import Drawing, new_figure, titled

__all__ = ["count", "draw_confusion"]

MOST_CLASSES = 60
WRITTEN = 16
"""Number of classes up to which the counts are written into the cells."""


def draw_confusion(networks: Networks) -> list[Drawing]:
    """Rows of each class, by weight, and what they are taken for, of the best network; nothing for a regression.

    Raises:
        MlpcliError: the model file is damaged, or its data have changed or cannot be loaded.
    """
    kept = networks.best
    if kept is None or not (names := kept.model.preprocessing.classes) or len(names) > MOST_CLASSES:
        return []
    name, part = kept.held_out
    codes, y = kept.model.decide(kept.model.scores(part.x)), np.asarray(part.y)
    if y.ndim != 1:
        return []
    counts, form = count(y, codes, len(names), part.weights), "d" if part.weights is None else ".4g"
    sums = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(sums > 0, sums, 1)
    side = max(2.4, min(0.42 * len(names), 6.0))
    figure, (axes,) = new_figure(side + 1.9, side + 1.3)
    image = axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    if len(names) <= WRITTEN:
        for (row, column), number in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column, row, f"{number:{form}}" if number else "·", ha="center", va="center", fontsize=8, color=color
            )
    every = -(-len(names) // 24)
    places = range(0, len(names), every)
    labels = [wrap(names[place], 14) for place in places]
    long = max(map(len, labels)) > 3
    axes.set_xticks(places, labels, rotation=90 if long else 0)
    axes.set_yticks(places, labels)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.grid(visible=False)
    figure.colorbar(image, label=upright("share of the true class", side), shrink=0.85)
    by_weight = "" if part.weights is None else ", counted by weight"
    right = np.trace(counts) / counts.sum()
    below = f"{len(part)} {PARTS[name]} rows{by_weight}, accuracy {right:.3f}; {origin([kept.trial])}"
    titled(figure, f"{networks.heading(kept)}: classes taken for each other", below)
    return [Drawing("confusion", figure)]


def count(
    y: NDArray[np.int64], codes: NDArray[np.int64], classes: int, weights: NDArray[np.float64] | None = None
) -> NDArray[Any]:
    """Number of rows, or the sum of their weights, by true class (rows) and predicted class (columns).

    >>> count(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    counts: NDArray[Any] = np.bincount(y * classes + codes, weights, minlength=classes * classes)
    return counts.reshape(classes, classes)
