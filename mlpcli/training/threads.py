"""How many threads BLAS may use; its only setting that can change the last bits of a number."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

__all__ = ["blas_threads", "cores", "fastest_threads"]

WORTH_A_THREAD = 4e6
"""Multiply-adds of the largest matrix product of a step, from which a second thread pays (measured with
tests/benchmarks/step.py: below it, waking the threads costs more than they save)."""


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fastest_threads(sizes: Sequence[int], batch: int) -> int:
    """The number of threads that trains layers of these sizes (inputs and outputs included) fastest."""
    largest = max(a * b for a, b in pairwise(sizes)) * batch
    return cores() if largest >= WORTH_A_THREAD else 1


def blas_threads(count: int) -> AbstractContextManager[object]:
    """While it is entered, BLAS uses `count` threads."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(count, user_api="blas")
    return limits
