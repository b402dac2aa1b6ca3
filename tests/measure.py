"""Measurements that hold on any machine under any load: memory of one call, apart from what others leave behind."""

import gc
import tracemalloc
from collections.abc import Callable

__all__ = ["peak_memory"]


def peak_memory(function: Callable[[], object], tries: int = 3) -> int:
    """The most bytes that a call holds at a time beyond what was held before, the least of several tries.

    Other threads and finalizers of other tests' garbage may allocate meanwhile, but hardly in each try.
    """
    peaks = []
    for _ in range(tries):
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            function()
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
        finally:
            tracemalloc.stop()
    return min(peaks)
