"""How many threads BLAS may use; its only setting that can change the last bits of a number."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

__all__ = ["blas_threads", "cores", "fastest_threads", "let_threads_rest"]

WORTH_A_THREAD = 5e7
"""Multiply-adds of the largest matrix product of a step, where further threads pay. Milliseconds of a step with one
thread and with two, while nothing else ran, of 784 inputs, depth 3, momentum, batches of 128: at width 64 (6.4 million)
0.45 and 0.46, at 256 (26 million) 1.97 and 1.65, at 512 (51 million) 5.6 and 4.2, at 1024 (134 million) 17.3 and 11.2.
A sixth is not worth it at 256: where another program wants a core, threads that wait for each other at every product
take ten times as long and more."""


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
    programs, beside which it makes all sizes faster: a sweep's workers among them, from which the mere import of NumPy
    and SciPy would take 0.15 s. Only before NumPy is loaded; what the environment says stands.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")


def blas_threads(count: int) -> AbstractContextManager[object]:
    """While it is entered, BLAS uses `count` threads."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(count, user_api="blas")
    return limits
