"""L-BFGS: a quasi-Newton method, which learns curvature from its last steps, for losses without noise.

Each iteration evaluates the loss and its gradient on all rows, takes the direction of the two-loop recursion (Nocedal
1980; Nocedal and Wright 2006, algorithm 7.4) and searches along it for a step with the Wolfe conditions.

>>> from typing import NamedTuple
>>> class Value(NamedTuple):
...     loss: float
...     gradient: Array
>>> scales = np.array([1.0, 100.0])
>>> def bowl(point):
...     return Value(float(scales @ point**2) / 2, scales * point)
>>> point, method = np.array([5.0, 3.0]), LBFGS(2)
>>> value = bowl(point)
>>> for _ in range(12):
...     moved = method.step(point, value, bowl, lr=1.0)
...     point, value = moved or (point, value)
>>> bool(np.abs(point).max() < 1e-8)
True
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import numpy as np

from mlpcli.optim.block import Array
from mlpcli.optim.line_search import Trial, line_search

__all__ = ["HISTORY", "LBFGS", "Evaluated"]

HISTORY = 10
"""Pairs of steps and changes that are kept, as in SciPy; together 20 times the memory of the parameters in float64."""


class Evaluated(Protocol):
    """The objective at a point, whatever else its evaluation found."""

    @property
    def loss(self) -> float:
        """The value that is minimized."""

    @property
    def gradient(self) -> Array:
        """Its derivative by each parameter, float64 `(size,)`."""


Value = TypeVar("Value", bound=Evaluated)


class LBFGS:
    """The minimizer of a function of `size` parameters, one iteration per call of `step`.

    With s = x' - x the step from one point to the next and y = g' - g the change of the gradient, a pair is kept where
    its curvature s.y is positive beyond rounding, so that the approximated Hessian stays positive definite.

    Args:
        size: number of parameters.
    """

    def __init__(self, size: int) -> None:
        self._count = np.zeros((), np.int64)
        self._stuck = np.zeros((), np.bool_)
        self._steps, self._changes = np.zeros((HISTORY, size)), np.zeros((HISTORY, size))

    @property
    def stuck(self) -> bool:
        """Whether the last call of `step` found no lower loss, neither in its direction nor down the gradient."""
        return bool(self._stuck)

    @property
    def state(self) -> dict[str, Array]:
        """State for a checkpoint: live arrays by name. The pairs form a ring, in which `count` were stored."""
        return {"count": self._count, "stuck": self._stuck, "steps": self._steps, "changes": self._changes}

    def load(self, state: Mapping[str, Array]) -> None:
        """Go on from the `state` of a minimizer of as many parameters."""
        for name, array in self.state.items():
            array[...] = state[name]

    def step(
        self, point: Array, value: Value, evaluate: Callable[[Array], Value], lr: float
    ) -> tuple[Array, Value] | None:
        """Take one iteration.

        Where the search fails, the pairs are forgotten, and a second search goes down the gradient. With no pairs the
        first trial of the first search moves by a distance of lr at most, since nothing is known of the curvature; that
        of the second search by 1 at most.

        Args:
            point: the parameters, `(size,)`, which are only read; new points have their dtype.
            value: the objective there.
            evaluate: the objective at another point; what is not finite counts as higher than everything else.
            lr: factor of the first trial of the first search.

        Returns:
            The next point and the objective there; None if no step lowers the loss.
        """
        downhill = np.negative(value.gradient)
        cautious = 1.0 / max(1.0, _norm(downhill))
        moved = self._search(point, value, evaluate, self._direction(downhill), lr if self._count else lr * cautious)
        if moved is None:
            self._count[...] = 0
            moved = self._search(point, value, evaluate, downhill, cautious)
        self._stuck[...] = moved is None
        if moved is not None:
            self._remember(moved[0].astype(np.float64) - point, moved[1].gradient - value.gradient)
        return moved

    def _search(
        self, point: Array, value: Value, evaluate: Callable[[Array], Value], direction: Array, first: float
    ) -> tuple[Array, Value] | None:
        slope = float(value.gradient @ direction)
        if not slope < 0 or not np.isfinite(slope + value.loss):
            return None

        def moved(length: float) -> Array:
            return (point + length * direction).astype(point.dtype)

        def along(length: float) -> Trial[Value]:
            there = evaluate(moved(length))
            tilt = float(there.gradient @ direction)
            finite = np.isfinite(there.loss) and np.isfinite(tilt)
            return Trial(length, there.loss if finite else np.inf, tilt, there)

        slack = float(np.finfo(point.dtype).eps) * abs(value.loss)
        found = line_search(along, Trial(0.0, value.loss, slope, value), first, slack)
        if found is None:
            return None
        # Within the slack a step counts only if the gradient falls; otherwise rounding errors would go on for ever.
        if found.loss >= value.loss and _norm(found.found.gradient) >= _norm(value.gradient):
            return None
        return moved(found.length), found.found

    def _direction(self, downhill: Array) -> Array:
        """H times the negative gradient: H is the inverse Hessian of the pairs, from s.y / y.y times the identity."""
        kept = [(int(self._count) - 1 - age) % HISTORY for age in range(min(int(self._count), HISTORY))]
        pairs = [(self._steps[index], self._changes[index]) for index in kept]
        direction, factors = downhill.copy(), []
        for s, y in pairs:
            factors.append((s @ direction) / (s @ y))
            direction -= factors[-1] * y
        if pairs:
            s, y = pairs[0]
            direction *= (s @ y) / (y @ y)
        for (s, y), factor in zip(reversed(pairs), reversed(factors), strict=True):
            direction += (factor - (y @ direction) / (s @ y)) * s
        return direction

    def _remember(self, s: Array, y: Array) -> None:
        if s @ y > np.finfo(np.float64).eps * (y @ y):
            index = int(self._count) % HISTORY
            self._steps[index], self._changes[index] = s, y
            self._count += 1


def _norm(gradient: Array) -> float:
    return float(np.linalg.norm(gradient))
