"""Warnings to Python programs, each at the line of the program that called us, however deep in our code it arises.

>>> import warnings
>>> with warnings.catch_warnings(record=True, action="always") as given:
...     warn_caller("the rows are matched by position")
>>> given[0].filename, str(given[0].message)
('<doctest mlpcli.notices[1]>', 'the rows are matched by position')
"""

import os
import sys
import warnings

__all__ = ["warn_caller"]

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of the innermost line outside of this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
