"""Slopes by central differences: a third opinion on gradients, which knows nothing of graphs or chain rules.

In float64 a step of 1e-5 gives about ten correct digits for functions and arguments of ordinary size: it is near the
cube root of the rounding unit, where the errors of truncation and rounding balance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["STEP", "Differences", "central_differences"]

Array = NDArray[np.float64]

STEP = 1e-5
"""Absolute step to either side."""


@dataclass(frozen=True)
class Differences:
    """Result of `central_differences`.

    Attributes:
        entries: flat indices into x.
        slopes: df/dx at each of them.
        smooth: False where a kink lies between the two sides, so that the slope means nothing.
    """

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
    """(f(x + step) - f(x - step)) / (2 step) for one entry of x at a time.

    Args:
        function: f. It receives one float64 copy of x that changes in place between calls.
        x: the point, an array of any shape.
        entries: flat indices of the entries to move; all by default.
        step: the distance to either side.
        pattern: asked after each call on which side of every kink that call was, such as the signs of the ReLUs;
            where the answers for the two sides differ, `smooth` is False.

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
        # x + step is rounded, so the distance between the sides is not exactly 2 step.
        slopes[i] = (f_above - f_below) / (above - below)
        smooth[i] = np.array_equal(side_above, side_below)
    return Differences(chosen, slopes, smooth)
