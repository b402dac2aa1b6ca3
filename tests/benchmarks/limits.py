"""Measured ratios beside the limits that they are to keep."""

from itertools import count

__all__ = ["beside"]


def beside(ratio: float, limit: float | None, words: str = "", digits: int = 2) -> str:
    """A ratio in Markdown, with its limit in brackets; bold where that is missed, with the digits that show it.

    >>> beside(0.96, 1.0), beside(1.004, 1.0), beside(0.1704, 0.17, " of it", 3)
    ('0.96 (≤ 1.0)', '**1.004 (≤ 1.0)**', '**0.1704 of it (≤ 0.17)**')
    >>> beside(1.004, None)
    '1.00'
    """
    if limit is None or ratio <= limit:
        return f"{ratio:.{digits}f}{words}" + ("" if limit is None else f" (≤ {limit})")
    shown = next(text for more in count(digits) if float(text := f"{ratio:.{more}f}") > limit)
    return f"**{shown}{words} (≤ {limit})**"
