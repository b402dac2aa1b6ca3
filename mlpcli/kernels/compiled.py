"""The choice between a NumPy function of this room and its compiled twin, made once, at import.

A library of other sources than those beside it is not used.
"""

import os
from collections.abc import Callable
from typing import TypeVar

from mlpcli.kernels.sources import checksum

__all__ = ["KERNELS", "twin"]

Function = TypeVar("Function", bound=Callable[..., None])


def _choose() -> Callable[[Function], Function] | None:
    if os.environ.get("MLPCLI_KERNELS") == "0":
        return None
    try:
        from mlpcli.kernels import _compiled
    except ImportError:
        return None
    here = checksum()
    return _compiled.twin if here in (None, getattr(_compiled, "SOURCES", 0)) else None


_twin = _choose()

KERNELS = "numpy" if _twin is None else "compiled"
"""Whether the compiled passes run or the NumPy lines; both give the same bits."""


def twin(function: Function) -> Function:
    """The compiled twin of a function, which falls back on it for arrays it was not made for, or the function itself.

    Arguments are positional. A function and its twin write their results into arrays and return None.
    """
    return function if _twin is None else _twin(function)
