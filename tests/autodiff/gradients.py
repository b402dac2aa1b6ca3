"""Gradients by the tape in the form that tests compare, and how far two of them are apart."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mlpcli.autodiff import Variable, backward

__all__ = ["directional_difference", "relative_error", "value_and_gradients"]


def value_and_gradients(function: Callable[..., Variable], *arrays: ArrayLike) -> tuple[np.ndarray, list[np.ndarray]]:
    """function(*arrays) and its gradient by each array, zeros for one that it does not use."""
    variables = [Variable(array) for array in arrays]
    output = function(*variables)
    gradients = backward(output)
    return output.value, [gradients.get(v, np.zeros_like(v.value)) for v in variables]


def directional_difference(
    function: Callable[[np.ndarray], float], x: np.ndarray, direction: np.ndarray, step: float = 1e-5
) -> float:
    """The slope of f at x along a direction, to be compared with sum(gradient * direction)."""
    return (function(x + step * direction) - function(x - step * direction)) / (2 * step)


def relative_error(actual: ArrayLike, expected: ArrayLike) -> float:
    """||actual - expected|| / max(||actual||, ||expected||) in the L2 norm; 0 where both are zero."""
    a, b = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert a.shape == b.shape
    scale = max(np.linalg.norm(a), np.linalg.norm(b))
    return float(np.linalg.norm(a - b) / scale) if scale else 0.0
