"""Formulas of one variable t, in the language of `mlpcli graph`, as lines of NumPy.

>>> as_numpy("t * sigmoid(t)", "x"), as_numpy("relu(t) / 2", "x")
('x * sigmoid(x)', 'np.maximum(0, x) / 2')
"""

import re

__all__ = ["as_numpy"]

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


def as_numpy(formula: str, variable: str) -> str:
    """The formula as a line of NumPy; `sigmoid` is a function of the file."""
    words = NUMPY | {"t": variable}
    formula = re.sub(r"\brelu *\(", "max(0, ", formula)
    return re.sub(r"(?<![\w.])[a-z]+", lambda word: words[word[0]], formula)
