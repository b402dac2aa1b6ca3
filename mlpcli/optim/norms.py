"""Two norms: of a whole gradient, for clipping, and of each unit's incoming weights, for max-norm."""

import numpy as np

from mlpcli.optim.block import Array

__all__ = ["gradient_norm", "project_columns"]

PIECE = 1 << 17
"""Entries whose squares are added in the gradient's own dtype; the pieces are added in float64. One sum over 20 million
float32 entries would be 1e-4 low, pieces of this size are within 1e-7 for entries of ordinary spread."""


def gradient_norm(grads: Array) -> Array:
    """The L2 norm over the flat axis, `(..., size)` to float64 `(...)`, also where float32 squares overflow.

    >>> gradient_norm(np.array([[3.0, 4.0], [6.0, 8.0]]))
    array([ 5., 10.])
    """
    first = grads[..., :PIECE]
    squares = np.asarray(np.vecdot(first, first), np.float64)
    for start in range(PIECE, grads.shape[-1], PIECE):
        piece = grads[..., start : start + PIECE]
        squares = squares + np.vecdot(piece, piece)
    norm = np.asarray(np.sqrt(squares))
    finite = np.isfinite(norm)
    if np.count_nonzero(finite) < finite.size:
        wide = grads[~finite].astype(np.float64)
        norm[~finite] = np.sqrt(np.vecdot(wide, wide))
    return norm


def project_columns(weight: Array, bound: float | Array) -> None:
    """Max-norm: scale every column whose L2 norm exceeds `bound` down to that norm, in place.

    A column is the incoming weights of one unit (Srivastava et al. 2014). Columns within the bound keep their bits.

    Args:
        weight: `(..., in, out)`.
        bound: a number, or one per replica `(..., 1, 1)`; 0 and infinity mean no bound.

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
