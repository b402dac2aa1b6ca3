"""Measurements that hold on any machine under any load: processor time by a yardstick, and memory of one call."""

import gc
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

__all__ = ["assert_memory_below", "cpu_loops", "peak_megabytes"]


def assert_memory_below(limit: float, function: Callable[[], object]) -> None:
    """A call never holds this many bytes beyond what was held before, in one of three tries.

    Other threads and finalizers of other tests' garbage may allocate meanwhile, but hardly in each try.
    """
    peaks: list[int] = []
    while len(peaks) < 3:
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            function()
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
        finally:
            tracemalloc.stop()
        if peaks[-1] < limit:
            return
        gc.collect()
    raise AssertionError(f"{min(peaks):,} bytes, and not less than {limit:,.0f}")


def cpu_loops(work: Callable[[], object]) -> float:
    """The processor time of `work`, by that of a million turns of a plain loop (about 0.05 s on a machine of 2025).

    A quarter of the turns is measured, before and after.
    """
    before = _loop()
    start = time.process_time()
    work()
    spent = time.process_time() - start
    return spent / max(before, _loop())


def peak_megabytes() -> float:
    """The most memory that this program held, on Linux; getrusage counts what it was started by too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def _loop() -> float:
    start, total = time.process_time(), 0
    for number in range(250_000):
        total += number * number
    return 4 * (time.process_time() - start)
