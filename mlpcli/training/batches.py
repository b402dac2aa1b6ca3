"""Which rows make a batch."""

from typing import Literal

__all__ = ["batch_bounds"]


def batch_bounds(rows: int, batch_size: int | Literal["full"], smallest: int = 1) -> list[tuple[int, int]]:
    """Where each batch of an epoch begins and ends; the last may be short, but never below `smallest` rows.

    A remainder below `smallest` joins the batch before it: batch norm cannot train on a single row.

    >>> batch_bounds(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    >>> batch_bounds(5, 2, smallest=2)
    [(0, 2), (2, 5)]
    """
    size = rows if batch_size == "full" else min(batch_size, rows)
    starts = list(range(0, rows, size))
    if len(starts) > 1 and rows - starts[-1] < smallest:
        starts.pop()
    return list(zip(starts, [*starts[1:], rows], strict=True))
