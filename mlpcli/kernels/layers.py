"""Passes of the layers around the matrix products: bias, dropout's mask, normalization.

Arrays are `(..., batch, features)`. A row is `(..., 1, features)`, a column `(..., batch, 1)`; a statistic is either.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.kernels.compiled import twin

__all__ = [
    "add_row",
    "batch_norm_backward",
    "center",
    "draw_mask",
    "layer_norm_backward",
    "multiply_both",
    "standardize",
    "subtract",
]

Array = NDArray[Any]


@twin
def add_row(z: Array, row: Array, /) -> None:
    """z + row, in place."""
    np.add(z, row, out=z)


@twin
def draw_mask(bits: Array, threshold: Array, scale: Array, x: Array, mask: Array, out: Array, /) -> None:
    """The scale where the bits reach the threshold, else 0, and x times that; threshold and scale are `(..., 1, 1)`."""
    np.greater_equal(bits, threshold, out=mask)
    np.multiply(mask, scale, out=mask)
    np.multiply(x, mask, out=out)


@twin
def subtract(x: Array, statistic: Array, out: Array, /) -> None:
    """x - statistic."""
    np.subtract(x, statistic, out=out)


@twin
def center(x: Array, statistic: Array, square: Array, /) -> None:
    """x - statistic in place, and its square."""
    np.subtract(x, statistic, out=x)
    np.multiply(x, x, out=square)


@twin
def standardize(x: Array, statistic: Array, gain: Array, bias: Array, out: Array, /) -> None:
    """x * statistic in place, and of that the affine map x * gain + bias; gain and bias are rows."""
    np.multiply(x, statistic, out=x)
    np.multiply(x, gain, out=out)
    np.add(out, bias, out=out)


@twin
def batch_norm_backward(g: Array, x_hat: Array, slope: Array, mean: Array, scale: Array, out: Array, /) -> None:
    """(g - x_hat * slope - mean) * scale, of which slope, mean and scale are rows."""
    np.multiply(x_hat, slope, out=out)
    np.subtract(g, out, out=out)
    np.subtract(out, mean, out=out)
    np.multiply(out, scale, out=out)


@twin
def multiply_both(g: Array, product: Array, gain: Array, out: Array, /) -> None:
    """g * gain, and product * gain in place; gain is a row."""
    np.multiply(g, gain, out=out)
    np.multiply(product, gain, out=product)


@twin
def layer_norm_backward(d: Array, x_hat: Array, mean: Array, slope: Array, scale: Array, scratch: Array, /) -> None:
    """(d - mean - x_hat * slope) * scale in place, of which mean, slope and scale are columns."""
    np.subtract(d, mean, out=d)
    np.multiply(x_hat, slope, out=scratch)
    np.subtract(d, scratch, out=d)
    np.multiply(d, scale, out=d)
