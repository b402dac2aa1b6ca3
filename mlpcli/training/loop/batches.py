"""The division of an epoch's rows into batches."""

from typing import Literal

__all__ = ["batch_bounds"]


def batch_bounds(rows: int, batch_size: int | Literal["full"], smallest: int = 1) -> list[tuple[int, int]]:
    """The (start, stop) of every batch of an epoch; the last batch may be short.

    Args:
        rows: rows of the epoch.
        batch_size: rows of a batch, or full for all of them.
        smallest: a remainder of fewer rows joins the batch before it, since batch norm cannot train on one row.

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
