"""What something costs, as a multiple of work done in the same process: the same on any machine, under any load."""

import time
from collections.abc import Callable

__all__ = ["cpu_loops"]


def cpu_loops(work: Callable[[], object]) -> float:
    """The processor time of `work`, by that of a million turns of a plain loop (about 0.05 s on a machine of 2025)."""
    before = _loop()
    start = time.process_time()
    work()
    spent = time.process_time() - start
    return spent / max(before, _loop())


def _loop() -> float:
    start, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number * number
    return time.process_time() - start
