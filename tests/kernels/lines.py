"""The NumPy lines behind a pass, whichever of the two forms the package runs."""

import inspect
from collections.abc import Callable


def numpy_lines(function: Callable[..., None]) -> Callable[..., None]:
    """The function that a compiled one stands for and falls back on; a NumPy function itself."""
    return function.__self__[1] if inspect.isbuiltin(function) else function
