"""The table of derivatives: each operation beside its vector-Jacobian products, one per argument.

For y = f(a, b) inside a loss J, a product takes g = dJ/dy, y, and the arguments and options of f, and returns dJ/da or
dJ/db in the shape to which a or b was broadcast; the tape undoes the broadcasting. A formula written in these
operations computes when it is given arrays, and records a graph when it is given variables of a tape. Names, axes and
options are NumPy's; `matmul` takes stacks.

>>> float(multiply(3.0, 4.0)), [product(1.0, 12.0, 3.0, 4.0) for product in multiply.products]
(12.0, [4.0, 3.0])
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Operation",
    "absolute",
    "add",
    "concatenate",
    "cos",
    "divide",
    "exp",
    "index",
    "log",
    "logaddexp",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "power",
    "relu",
    "reshape",
    "sigmoid",
    "sin",
    "sqrt",
    "subtract",
    "sum",
    "swapaxes",
    "tanh",
    "where",
]

Array = NDArray[np.float64]
Product = Callable[..., Array]


class Operation:
    """A function of arrays with its vector-Jacobian products; None stands for an argument without a derivative."""

    def __init__(self, name: str, forward: Callable[..., Any], *products: Product | None) -> None:
        self.name = name
        self.forward = forward
        self.products = products

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Compute the value; an argument that can record, such as a variable of the tape, does so instead."""
        for argument in arguments:
            if hasattr(argument, "record"):
                return argument.record(self, arguments, options)
        return self.forward(*arguments, **options)

    def __repr__(self) -> str:
        return f"Operation({self.name!r})"


def _power_by_base(g: Array, y: Array, a: Array, b: Array) -> Array:
    """g b a^(b-1); 0 for b = 0, where the formula would be 0 times infinity at a = 0."""
    return g * np.where(b == 0, 0.0, b * np.power(a, np.where(b == 0, 1.0, b - 1)))


def _power_by_exponent(g: Array, y: Array, a: Array, b: Array) -> Array:
    """g a^b log a; for a = 0 and b > 0 its limit, which is 0."""
    return g * y * np.log(np.where((a == 0) & (b > 0), 1.0, a))


def _matmul(a: Array, b: Array) -> Any:
    if np.ndim(a) < 2 or np.ndim(b) < 2:
        raise ValueError(f"matmul takes matrices or stacks of them, got shapes {np.shape(a)} and {np.shape(b)}")
    return np.matmul(a, b)


def _won(a: Array, b: Array) -> Any:
    """The share of the gradient that goes to a in max(a, b): 1 if a > b, 0 if a < b, and half of a tie."""
    return np.heaviside(np.subtract(a, b), 0.5)


def _spread(g: Array, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The gradient of a sum, broadcast to the entries that were summed."""
    return np.broadcast_to(g if keepdims or axis is None else np.expand_dims(g, axis), x.shape)


def _scatter(g: Array, x: Array, key: Any) -> Array:
    """Gradients put where their entries were taken from; an entry that was taken twice gets the sum."""
    out = np.zeros_like(x)
    np.add.at(out, key, g)
    return out


# Arithmetic
add = Operation("+", np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
subtract = Operation("-", np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
multiply = Operation("*", np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
divide = Operation("/", np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
power = Operation("**", np.power, _power_by_base, _power_by_exponent)
negative = Operation("neg", np.negative, lambda g, y, x: -g)
matmul = Operation("@", _matmul, lambda g, y, a, b: g @ b.mT, lambda g, y, a, b: a.mT @ g)

# Smooth functions of one number
exp = Operation("exp", np.exp, lambda g, y, x: g * y)
log = Operation("log", np.log, lambda g, y, x: g / x)
sqrt = Operation("sqrt", np.sqrt, lambda g, y, x: g / (2 * y))
sin = Operation("sin", np.sin, lambda g, y, x: g * np.cos(x))
cos = Operation("cos", np.cos, lambda g, y, x: -g * np.sin(x))
tanh = Operation("tanh", np.tanh, lambda g, y, x: g * (1 - y * y))
sigmoid = Operation("sigmoid", lambda x: np.exp(-np.logaddexp(0.0, np.negative(x))), lambda g, y, x: g * y * (1 - y))
logaddexp = Operation(
    "logaddexp", np.logaddexp, lambda g, y, a, b: g * np.exp(a - y), lambda g, y, a, b: g * np.exp(b - y)
)

# Functions with a kink: relu'(0) = 0 as in the lecture, |.|'(0) = 0
relu = Operation("relu", lambda x: np.maximum(x, 0.0), lambda g, y, x: g * (x > 0))
absolute = Operation("abs", np.abs, lambda g, y, x: g * np.sign(x))
maximum = Operation("max", np.maximum, lambda g, y, a, b: g * _won(a, b), lambda g, y, a, b: g * _won(b, a))
minimum = Operation("min", np.minimum, lambda g, y, a, b: g * _won(b, a), lambda g, y, a, b: g * _won(a, b))
where = Operation(
    "where", np.where, None, lambda g, y, c, a, b: np.where(c, g, 0.0), lambda g, y, c, a, b: np.where(c, 0.0, g)
)

# Reductions
sum = Operation("sum", np.sum, lambda g, y, x, axis=None, keepdims=False: _spread(g, x, axis, keepdims))
mean = Operation(
    "mean",
    np.mean,
    lambda g, y, x, axis=None, keepdims=False: _spread(g, x, axis, keepdims) * (y.size / x.size),
)

# Rearrangements
reshape = Operation("reshape", lambda x, shape: np.reshape(x, shape), lambda g, y, x, shape: g.reshape(x.shape))
swapaxes = Operation("swapaxes", np.swapaxes, lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
index = Operation("index", lambda x, key: x[key], lambda g, y, x, key: _scatter(g, x, key))
concatenate = Operation(
    "concatenate",
    lambda a, b, axis=-1: np.concatenate((a, b), axis),
    lambda g, y, a, b, axis=-1: np.split(g, [a.shape[axis]], axis)[0],
    lambda g, y, a, b, axis=-1: np.split(g, [a.shape[axis]], axis)[1],
)
