"""How many threads BLAS may use; its only setting that can change the last bits of a number."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

__all__ = ["blas_threads", "cores", "fastest_threads", "let_threads_rest"]

WORTH_A_THREAD = 2e7
"""Multiply-adds of the largest matrix product of a step, from which a second thread pays. Below it, waking the threads
costs more than they save: a step of 784-64-64-64-10 and 128 rows, 6.4 million, takes 0.59 ms with one and 0.66 ms with
two, at width 128 1.10 and 1.46 ms; and while other programs want the cores, threads that wait for each other take many
times as long."""


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fastest_threads(sizes: Sequence[int], batch: int) -> int:
    """The number of threads that trains layers of these sizes (inputs and outputs included) fastest."""
    largest = max(a * b for a, b in pairwise(sizes)) * batch
    return cores() if largest >= WORTH_A_THREAD else 1


def let_threads_rest() -> None:
    """Have OpenBLAS's idle threads sleep after 2^20 cycles, half a millisecond, and not spin for 2^26.

    So they leave the cores to the optimizer's threads, which makes a step of width 1024 9 % shorter, and to other
    programs, beside which it makes all sizes faster. Only before NumPy is loaded; what the environment says stands.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")


def blas_threads(count: int) -> AbstractContextManager[object]:
    """While it is entered, BLAS uses `count` threads."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(count, user_api="blas")
    return limits
