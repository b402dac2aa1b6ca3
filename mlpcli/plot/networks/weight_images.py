"""Weights of the first layer as images, where the inputs are the pixels of one."""

import re
from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.plot.networks.kept import Networks
from mlpcli.plot.points import origin
from mlpcli.plot.style import Drawing, new_figure, titled

__all__ = ["draw_weights", "image_shape", "tiled"]

SIDE = 6
"""Images along a side of the picture, at most."""

BRIGHT = 99.5
"""Percentile of the absolute weights that is black or white; a few larger ones would leave the rest grey."""


def draw_weights(networks: Networks) -> list[Drawing]:
    """One image per unit of the first layer, those with the largest weights first; nothing for other inputs.

    Raises:
        DataError, FileError: the model file is damaged, or cannot be read.
    """
    kept = networks.best
    if kept is None or (shape := image_shape(kept.model.preprocessing.features)) is None:
        return []
    kept, network = kept.first_network
    weight = kept.model.network.linears[0].weight  # (pixels, units)
    if len(weight) != shape[0] * shape[1]:  # a lift stands before it
        return []
    norms = np.linalg.norm(weight, axis=0)
    units = np.argsort(-norms, kind="stable")[: SIDE * SIDE]
    columns = min(SIDE, int(np.ceil(np.sqrt(len(units)))))
    images = tiled(weight[:, units].T.reshape(-1, *shape), columns)
    most = float(np.percentile(np.abs(weight[:, units]), BRIGHT)) or 1.0
    figure, (axes,) = new_figure(4.8, 1.2 + 3.6 * images.shape[0] / images.shape[1])
    axes.set_axis_off()
    shown = axes.imshow(images, cmap="gray", vmin=-most, vmax=most)
    figure.colorbar(shown, label="weight", shrink=0.8, extend="both")
    total = weight.shape[-1]
    which = (
        f"the {len(units)} of {total} units with the largest weights" if len(units) < total else f"all {total} units"
    )
    below = f"{which}, by norm; black inhibits, white excites; {origin([kept.trial])}{network}"
    titled(figure, f"{networks.heading(kept)}: weights of the first layer", below)
    return [Drawing("weights", figure)]


def tiled(images: NDArray[Any], columns: int) -> NDArray[np.float64]:
    """Images `(images, rows, columns)` side by side in one, row by row, with gaps of nan between them.

    >>> tiled(np.ones((3, 1, 1)), columns=2)
    array([[ 1., nan,  1.],
           [nan, nan, nan],
           [ 1., nan, nan]])
    """
    count, height, width = images.shape
    gap = max(1, width // 8)
    rows = -(-count // columns)
    canvas = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def image_shape(features: Sequence[str]) -> tuple[int, int] | None:
    """Rows and columns of the image whose pixels the features are; None if they are no pixels.

    >>> image_shape(["pixel_0_0", "pixel_0_1", "pixel_0_2", "pixel_1_0", "pixel_1_1", "pixel_1_2"])
    (2, 3)
    >>> image_shape([f"pixel{number}" for number in range(1, 785)]), image_shape(["age", "height"])
    ((28, 28), None)
    """
    names = [re.fullmatch(r"pixel_?(\d+)(?:_(\d+))?", feature) for feature in features]
    if not names or not all(names):
        return None
    places = [tuple(int(part) for part in name.groups() if part is not None) for name in names if name]
    if len(places[0]) == 1:
        side = isqrt(len(places))
        return (side, side) if side * side == len(places) else None
    rows, columns = (len(set(axis)) for axis in zip(*places, strict=True))
    return (rows, columns) if rows * columns == len(places) else None
