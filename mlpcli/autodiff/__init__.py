"""Reverse-mode differentiation that owes nothing to the layers it checks."""

from mlpcli.autodiff import ops
from mlpcli.autodiff.expression import Expression, parse
from mlpcli.autodiff.numeric import Differences, central_differences, directional_difference, relative_error
from mlpcli.autodiff.tape import Variable, backward, value_and_gradients

__all__ = [
    "Differences",
    "Expression",
    "Variable",
    "backward",
    "central_differences",
    "directional_difference",
    "ops",
    "parse",
    "relative_error",
    "value_and_gradients",
]
