"""Two constraints that need more than one entry at a time: the norm of a gradient, and of a unit's incoming weights."""

import numpy as np

from mlpcli.optim.block import Array

__all__ = ["gradient_norm", "project_columns"]


def gradient_norm(grads: Array) -> Array:
    """The L2 norm over the flat axis, `(..., size)` to float64 `(...)`; right where float32 squares overflow."""
    norm = np.asarray(np.sqrt(np.vecdot(grads, grads), dtype=np.float64))
    finite = np.isfinite(norm)
    if np.count_nonzero(finite) < finite.size:
        wide = grads[~finite].astype(np.float64)
        norm[~finite] = np.sqrt(np.vecdot(wide, wide))
    return norm


def project_columns(weight: Array, bound: float | Array) -> None:
    """Scale every column of `weight: (..., in, out)` whose L2 norm exceeds `bound` down to it, in place: max-norm.

    A column, axis -2, holds the incoming weights of one unit (Srivastava 2014). `bound` is a number or `(..., 1, 1)`;
    0 or infinity is none. Columns within it keep their bits.

    >>> weight = np.array([[3.0, 0.0], [4.0, 1.0]])
    >>> project_columns(weight, 1.0)
    >>> weight
    array([[0.6, 0. ],
           [0.8, 1. ]])
    """
    norm = np.sqrt(np.einsum("...io,...io->...o", weight, weight)[..., None, :])
    bound = np.asarray(bound, weight.dtype)
    exceeds = (norm > bound) & (bound > 0)
    if exceeds.any():
        np.multiply(weight, np.divide(bound, norm, out=np.ones_like(norm), where=exceeds), out=weight)
