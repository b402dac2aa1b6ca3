"""Reverse-mode differentiation that shares no code with the layers it checks."""

from mlpcli.autodiff import ops
from mlpcli.autodiff.expression import Expression
from mlpcli.autodiff.numeric import Differences, central_differences
from mlpcli.autodiff.parser import parse
from mlpcli.autodiff.tape import Variable, backward

__all__ = [
    "Differences",
    "Expression",
    "Variable",
    "backward",
    "central_differences",
    "ops",
    "parse",
]
