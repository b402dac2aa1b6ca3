"""A line search: the length of a step along a direction that satisfies the Wolfe conditions.

With phi(a) the loss after a step of length a, they are

    phi(a) <= phi(0) + c1 a phi'(0)   and   phi'(a) >= c2 phi'(0)

(Nocedal and Wright 2006, equation 3.6): the loss falls enough, and the slope is less steep. The strong form bounds
|phi'(a)| instead, which no step may satisfy where phi has a kink, as with ReLU; this form is satisfied beyond the kink
(Lewis and Overton 2013), and suffices for a positive curvature.

>>> def parabola(a):
...     return Trial(a, (a - 3.0) ** 2, 2 * (a - 3.0), None)
>>> found = line_search(parabola, parabola(0.0), first=1e-2)
>>> found.length, found.slope
(1.0, -4.0)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["CURVATURE", "DECREASE", "Trial", "line_search"]

DECREASE, CURVATURE = 1e-4, 0.9
"""The constants c1 and c2 that Nocedal and Wright recommend for quasi-Newton methods."""

MOST = 25
"""Evaluations of one search."""

GROWTH = 10.0
"""Factor of a step that is too short. A parabola whose slope is still above 0.9 of the first one has its minimum beyond
10 such steps."""

MARGIN = 0.1
"""Share of a bracket at either end in which no trial is made, so that every trial makes the bracket smaller by it."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Trial(Generic[Found]):
    """A point on the line: the length of the step, phi and phi' there, and what the evaluation found.

    A loss that is not finite must be given as infinity, which is higher than every other.
    """

    length: float
    loss: float
    slope: float
    found: Found


def line_search(
    along: Callable[[float], Trial[Found]], origin: Trial[Found], first: float, slack: float = 0.0
) -> Trial[Found] | None:
    """A step that satisfies the Wolfe conditions, found by bracketing it between one too short and one too long.

    Args:
        along: evaluates a step of this length.
        origin: the point of length 0, whose slope is below 0.
        first: the first length to try.
        slack: difference of two losses that may be rounding.

    Returns:
        The step; after too many evaluations the longest one too short, if it lowers the loss, or None.
    """
    short, length = origin, first
    long: Trial[Found] | None = None
    for _ in range(MOST):
        trial = along(length)
        if trial.loss > origin.loss + DECREASE * length * origin.slope + slack:
            long = trial
        elif trial.slope < CURVATURE * origin.slope:
            short = trial
        else:
            return trial
        length = GROWTH * length if long is None else _between(short, long)
    return short if short.loss < origin.loss else None


def _between(short: Trial[Found], long: Trial[Found]) -> float:
    """The minimum of the cubic through two points and their slopes, kept away from both; near `short` without one."""
    width = long.length - short.length
    share = _minimum(short, long, width)
    return short.length + width * (min(max(share, MARGIN), 1 - MARGIN) if math.isfinite(share) else MARGIN)


def _minimum(short: Trial[Found], long: Trial[Found], width: float) -> float:
    """The place of the cubic's minimum, from 0 at `short` to 1 at `long` (Nocedal and Wright 3.59); nan without one."""
    mean = short.slope + long.slope + 3 * (short.loss - long.loss) / width if width else math.nan
    square = mean * mean - short.slope * long.slope
    if not 0 <= square < math.inf:
        return math.nan
    root = math.sqrt(square)
    below = long.slope - short.slope + 2 * root
    return 1 - (long.slope + root - mean) / below if below else math.nan
