"""The axis convention of the whole core, stated once.

An array of activations is `(..., batch, features)`: the batch is axis -2, the features are axis -1, and every
axis before them is a stack of independent replicas of one network. A weight is `(..., in, out)`, a bias a row
`(..., 1, out)`. The rank law: f(stack)[i] == f(stack[i]), bit for bit. Nothing reduces a leading axis, and a
single network is the case of no leading axis at all.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Array", "Shape", "per_replica", "transpose"]

Array = NDArray[Any]
Shape = tuple[int, ...]


def transpose(x: Array) -> Array:
    """The matrices of a stack transposed: axes -1 and -2 change places, as a view."""
    return x.swapaxes(-1, -2)


def per_replica(value: float | Array, lead: Shape, dtype: DTypeLike) -> Array:
    """A hyperparameter as `(..., 1, 1)`, ready to meet activations: one number for all or one a replica `(...,)`."""
    numbers = np.broadcast_to(np.asarray(value, np.float64), lead)
    return numbers.astype(dtype)[..., None, None]
