"""The activations as formulas of one variable t, in the language of `mlpcli graph`; every export translates these.

They are stable for large |t|: exponentials are taken of non-positive arguments only.

>>> as_numpy("silu", "x")
'x * sigmoid(x)'
>>> from mlpcli.autodiff.parser import parse
>>> [str(step) for step in parse(FORMULAS["softplus"]).steps]
['max(t, 0)', 'abs(t)', '-p', 'exp(r)', '1 + s', 'log(u)', 'q + v']
"""

import re

__all__ = ["FORMULAS", "as_numpy"]

FORMULAS: dict[str, str] = {
    "relu": "max(t, 0)",
    "leaky-relu": "max(t, 0.01 * t)",
    "elu": "max(t, 0) + exp(min(t, 0)) - 1",
    "selu": "1.0507009873554805 * (max(t, 0) + 1.6732632423543772 * (exp(min(t, 0)) - 1))",
    "gelu": "t / 2 * (1 + tanh(0.7978845608028654 * (t + 0.044715 * t * t * t)))",
    "silu": "t * sigmoid(t)",
    "mish": "t * tanh(max(t, 0) + log(1 + exp(-abs(t))))",
    "softplus": "max(t, 0) + log(1 + exp(-abs(t)))",
    "sigmoid": "sigmoid(t)",
    "tanh": "tanh(t)",
    "identity": "t",
}
"""Formula by the name of the activation, as `nn.ACTIVATIONS` has it."""

NUMPY = {
    "abs": "np.abs",
    "cos": "np.cos",
    "exp": "np.exp",
    "log": "np.log",
    "max": "np.maximum",
    "min": "np.minimum",
    "sigmoid": "sigmoid",
    "sin": "np.sin",
    "sqrt": "np.sqrt",
    "tanh": "np.tanh",
}
"""The functions of the formulas as a NumPy file writes them."""


def as_numpy(activation: str, variable: str) -> str:
    """The formula as a line of NumPy; `sigmoid` is a function of the file."""
    words = NUMPY | {"t": variable}
    return re.sub(r"(?<![\w.])[a-z]+", lambda word: words[word[0]], FORMULAS[activation])
