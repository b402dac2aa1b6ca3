"""Spans of time as people type them: 90, 90s, 10m, 1.5h, 2d."""

import math
import re

from mlpcli.errors import UsageError
from mlpcli.wording import quote

__all__ = ["seconds_of"]

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(span: str | float) -> float:
    """The seconds of a span of time: a number of them, or a text of a number with s, m, h or d.

    Raises:
        UsageError: anything else.

    >>> seconds_of("10m"), seconds_of("1.5h"), seconds_of("90"), seconds_of(1e-3)
    (600.0, 5400.0, 90.0, 0.001)
    """
    if not isinstance(span, str) and 0 < span < math.inf:
        return float(span)
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhd]?)", str(span).strip(), re.ASCII)
    if found is None or not float(found[1]):
        raise UsageError(f"--time-limit: got {quote(str(span))}, expected a span of time such as 90s, 10m or 1.5h")
    return float(found[1]) * _UNITS[found[2]]
