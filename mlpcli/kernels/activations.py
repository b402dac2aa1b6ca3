"""The nonlinearities' passes that need no exponential, and what comes before and after one.

`z` is the input, `h` the value, `g` the gradient of the value; `out` takes the result. Each is
`(..., batch, features)`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.kernels.compiled import twin

__all__ = [
    "gelu",
    "gelu_backward",
    "gelu_inner",
    "leaky_relu",
    "leaky_relu_backward",
    "logistic",
    "relu",
    "relu_backward",
    "sigmoid_backward",
    "silu_backward",
    "tanh_backward",
]

Array = NDArray[Any]


@twin
def relu(z: Array, out: Array, /) -> None:
    """max(z, 0)."""
    np.maximum(z, 0, out=out)


@twin
def relu_backward(z: Array, g: Array, out: Array, /) -> None:
    """g times 1 where z > 0, else 0."""
    np.greater(z, 0, out=out)
    np.multiply(g, out, out=out)


@twin
def leaky_relu(z: Array, out: Array, slope: float, /) -> None:
    """max(z, slope * z), for a slope between 0 and 1."""
    np.multiply(z, slope, out=out)
    np.maximum(z, out, out=out)


@twin
def leaky_relu_backward(z: Array, g: Array, out: Array, slope: float, /) -> None:
    """g times 1 where z > 0, else the slope."""
    np.copyto(out, np.where(z > 0, 1, slope))
    np.multiply(g, out, out=out)


@twin
def logistic(e: Array, /) -> None:
    """1 / (1 + e) in place, where e = exp(-z)."""
    np.add(e, 1, out=e)
    np.reciprocal(e, out=e)


@twin
def sigmoid_backward(h: Array, g: Array, out: Array, /) -> None:
    """g h (1 - h)."""
    np.subtract(1, h, out=out)
    np.multiply(out, h, out=out)
    np.multiply(g, out, out=out)


@twin
def tanh_backward(h: Array, g: Array, out: Array, /) -> None:
    """g (1 - h^2)."""
    np.multiply(h, h, out=out)
    np.subtract(1, out, out=out)
    np.multiply(g, out, out=out)


@twin
def silu_backward(sigmoid: Array, h: Array, g: Array, out: Array, /) -> None:
    """g (s + h (1 - s)), where s is the sigmoid of z."""
    np.subtract(1, sigmoid, out=out)
    np.multiply(out, h, out=out)
    np.add(out, sigmoid, out=out)
    np.multiply(g, out, out=out)


@twin
def gelu_inner(z: Array, out: Array, cubic: float, rate: float, /) -> None:
    """(cubic z^2 + rate) z: what GELU takes the tanh of."""
    np.multiply(z, z, out=out)
    np.multiply(out, cubic, out=out)
    np.add(out, rate, out=out)
    np.multiply(out, z, out=out)


@twin
def gelu(z: Array, tanh: Array, out: Array, /) -> None:
    """z (1 + tanh) / 2."""
    np.add(tanh, 1, out=out)
    np.multiply(out, z, out=out)
    np.multiply(out, 0.5, out=out)


@twin
def gelu_backward(z: Array, tanh: Array, g: Array, out: Array, cubic: float, rate: float, /) -> None:
    """g ((1 - tanh^2) (cubic z^2 + rate) z + tanh + 1) / 2; `cubic` is three times that of the value."""
    inner = z * z
    np.multiply(inner, cubic, out=inner)
    np.add(inner, rate, out=inner)
    np.multiply(inner, z, out=inner)
    np.multiply(tanh, tanh, out=out)
    np.subtract(1, out, out=out)
    np.multiply(out, inner, out=out)
    np.add(out, tanh, out=out)
    np.add(out, 1, out=out)
    np.multiply(out, 0.5, out=out)
    np.multiply(g, out, out=out)
