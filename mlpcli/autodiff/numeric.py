"""Slopes found by trying: the third opinion, which knows nothing of graphs or chain rules.

Central differences in float64 with an absolute step of 1e-5 are right to about 1e-10 for functions and arguments of
ordinary size: the step is near the cube root of the rounding unit, where truncation and rounding balance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["STEP", "Differences", "central_differences", "directional_difference", "relative_error"]

Array = NDArray[np.float64]

STEP = 1e-5


@dataclass(frozen=True)
class Differences:
    """df/dx at chosen flat entries of x; `smooth` is False where a kink lies between the two sides."""

    entries: NDArray[np.int64]
    slopes: Array
    smooth: NDArray[np.bool_]


def central_differences(
    function: Callable[[Array], float],
    x: ArrayLike,
    *,
    entries: ArrayLike | None = None,
    step: float = STEP,
    pattern: Callable[[], ArrayLike] | None = None,
) -> Differences:
    """(f(x + step) - f(x - step)) / (2 step), moving one entry of x at a time.

    `entries` are flat indices, all of them by default. `function` is given one float64 copy of x, changed in place
    between calls, so that a large x is not copied for each entry. `pattern` is asked after each call which side of
    every kink the call stood on (the signs of the ReLUs); where the two sides differ the slope means nothing.

    >>> central_differences(lambda x: float(x @ x), [1.0, 2.0]).slopes.round(9).tolist()
    [2.0, 4.0]
    """
    point = np.array(x, dtype=np.float64, order="C")  # so that `flat` is a view
    flat = point.reshape(-1)
    chosen = np.arange(flat.size) if entries is None else np.asarray(entries, dtype=np.int64)
    slopes = np.empty(chosen.size)
    smooth = np.empty(chosen.size, dtype=np.bool_)

    def probe(entry: np.int64, value: np.float64) -> tuple[float, NDArray[Any]]:
        flat[entry] = value
        return function(point), np.array(pattern() if pattern else ())

    for i, entry in enumerate(chosen):
        here = flat[entry]
        above, below = here + step, here - step
        f_above, side_above = probe(entry, above)
        f_below, side_below = probe(entry, below)
        flat[entry] = here
        # Divided by the distance that float64 really left between the two sides, not by the one asked for.
        slopes[i] = (f_above - f_below) / (above - below)
        smooth[i] = np.array_equal(side_above, side_below)
    return Differences(chosen, slopes, smooth)


def directional_difference(
    function: Callable[[Array], float], x: ArrayLike, direction: ArrayLike, *, step: float = STEP
) -> float:
    """The slope of f at x along a direction, two calls whatever x's size; compare it with sum(gradient * direction)."""
    point, along = np.asarray(x, dtype=np.float64), np.asarray(direction, dtype=np.float64)
    return (function(point + step * along) - function(point - step * along)) / (2 * step)


def relative_error(actual: ArrayLike, expected: ArrayLike) -> float:
    """||actual - expected|| / max(||actual||, ||expected||) in the L2 norm; 0 when both are zero."""
    a, b = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"gradients of shapes {a.shape} and {b.shape} cannot be compared")
    scale = max(np.linalg.norm(a), np.linalg.norm(b))
    return float(np.linalg.norm(a - b) / scale) if scale else 0.0
