"""The axis convention of the whole core, stated once.

An array of activations is `(..., batch, features)`: the batch is axis -2, the features are axis -1, and every axis
before them is a stack of independent replicas of one network. A weight is `(..., in, out)`, a bias is a row
`(..., 1, out)`. The rank law: f(stack)[i] == f(stack[i]), bit for bit. Nothing reduces a leading axis, and a single
network is the case without leading axes.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["Array", "Shape", "per_replica", "transpose"]

Array = NDArray[Any]
Shape = tuple[int, ...]


def transpose(x: Array) -> Array:
    """Every matrix of a stack transposed, `(..., m, n)` to `(..., n, m)`, as a view.

    >>> transpose(np.zeros((5, 2, 3))).shape
    (5, 3, 2)
    """
    return x.swapaxes(-1, -2)


def per_replica(value: ArrayLike, lead: Shape, dtype: DTypeLike) -> Array:
    """A hyperparameter as `(*lead, 1, 1)`, the shape that broadcasts against activations.

    Args:
        value: one number for all replicas, or one per replica, of shape `lead`.
        lead: the leading axes of the stack; () for a single network.
        dtype: what the numbers are rounded to, once.

    >>> per_replica([0.1, 0.5], lead=(2,), dtype="float64").shape
    (2, 1, 1)
    """
    numbers = np.broadcast_to(np.asarray(value, np.float64), lead)
    return numbers.astype(dtype)[..., None, None]
