"""The number of BLAS threads, which is the only BLAS setting that can change the last bits of a number."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

__all__ = ["blas_threads", "cores", "fastest_threads", "let_threads_rest"]

WORTH_A_THREAD = 5e7
"""Multiply-adds of a step's largest matrix product from which more threads pay. Measured on an idle machine with 784
inputs, depth 3, momentum and batches of 128, a step takes with one and with two threads: 0.45 and 0.46 ms at width 64
(6.4 million), 1.97 and 1.65 ms at 256 (26 million), 5.6 and 4.2 ms at 512 (51 million), 17.3 and 11.2 ms at 1024 (134
million). The gain of a sixth at 256 is not worth the risk: when another program takes a core, threads that wait for
each other at every product need ten times as long or more."""


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fastest_threads(sizes: Sequence[int], batch: int) -> int:
    """The number of threads that trains layers of these sizes (inputs and outputs included) fastest."""
    largest = max(a * b for a, b in pairwise(sizes)) * batch
    return cores() if largest >= WORTH_A_THREAD else 1


def let_threads_rest() -> None:
    """Let OpenBLAS's idle threads sleep after 2^20 cycles (half a millisecond) instead of spinning for 2^26.

    Sleeping threads leave the cores to the optimizer's threads, which makes a step at width 1024 9 % shorter, and to
    other processes, such as a sweep's workers, which would otherwise lose 0.15 s while their parent imports NumPy and
    SciPy. Has an effect only before NumPy is loaded; a value that the environment sets is kept.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")


def blas_threads(count: int) -> AbstractContextManager[object]:
    """A context in which BLAS uses `count` threads."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(count, user_api="blas")
    return limits
