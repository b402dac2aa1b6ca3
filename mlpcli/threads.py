"""The number of BLAS threads, which is the only BLAS setting that can change the last bits of a number.

OpenBLAS ends the process with a text of its own, or waits for ever, where it finds no memory or cannot start a thread.
So it starts with one thread, and there is a check for room before it takes any: then Python raises MemoryError.
"""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any

__all__ = ["blas_threads", "claim_blas_memory", "cores", "fastest_threads", "is_memory_bounded", "set_up_blas"]

LIBRARY, BUFFER = 96 << 20, 40 << 20
"""Bytes of address space that loading NumPy or SciPy takes, and that OpenBLAS takes per thread."""

ROOM = {"numpy": LIBRARY, "scipy": LIBRARY, "pydantic_core": 32 << 20, "pandas": 64 << 20, "pyarrow": 160 << 20}
"""Bytes that have to be free before a library is loaded which ends the process where it finds no memory."""

PRODUCTS_WORTH_A_THREAD = 5e7
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
    return cores() if largest >= PRODUCTS_WORTH_A_THREAD else 1


def set_up_blas() -> None:
    """Start OpenBLAS with one thread and check for room first; let its idle threads sleep after half a millisecond.

    Sleeping threads leave the cores to the optimizer's threads, which makes a step at width 1024 9 % shorter, and to
    other processes, such as a sweep's workers, which would otherwise lose 0.15 s while their parent imports NumPy and
    SciPy. Has an effect only before NumPy is loaded; a value that the environment sets is kept.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")  # 2^20 processor cycles, in place of 2^26
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.meta_path.insert(0, _RoomFirst())


class _RoomFirst:
    """Finds no module, but raises MemoryError where there is no room for one that would end the process then."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in ROOM:
            _require(ROOM[name], name)


def is_memory_bounded() -> bool:
    """Whether the system bounds the memory of this process: then only the main thread may load libraries.

    The check for room is good for one thread: of two that load at once, each may find room that the other takes next.
    """
    try:
        import resource
    except ImportError:  # Windows
        return False
    limits = [getattr(resource, name) for name in ("RLIMIT_AS", "RLIMIT_DATA") if hasattr(resource, name)]
    return any(resource.getrlimit(limit)[0] != resource.RLIM_INFINITY for limit in limits)


@cache
def claim_blas_memory(count: int = 1) -> None:
    """Have OpenBLAS take the memory that `count` threads need, which it keeps; MemoryError where there is none."""
    import numpy as np

    _require(count * BUFFER, "OpenBLAS")
    square = np.ones((256, 256), np.float32)
    np.matmul(square, square)


def _require(size: int, who: str) -> None:
    if os.name != "posix":
        return
    import mmap

    try:
        mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        raise MemoryError(f"{who} needs {size >> 20} MB") from None


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """A context in which BLAS uses `count` threads; MemoryError where they find no memory.

    Most libraries have one number for the whole process. Where several Python threads are in such contexts, the one
    that was entered last decides, and the number from before comes back when all have been left: a training that ends
    in one thread does not change the last bits of those in others that have its number. Trainings with different
    numbers at once do change each other's.
    """
    mine = object()
    try:
        with _CHANGE:
            _open[mine] = threading.get_ident(), count
            _set_blas_threads()
        claim_blas_memory(count)
        yield
    finally:
        with _CHANGE:
            _open.pop(mine, None)
            _set_blas_threads()


_CHANGE = threading.Lock()
_open: dict[object, tuple[int, int]] = {}
"""The Python thread and the number of each open context, in the order in which they were entered."""
_before: dict[tuple[str, int], int] = {}
"""The number of each library before the first of its contexts, by its path and, where each has its own, the thread."""


def _set_blas_threads() -> None:
    here = threading.get_ident()
    for library in _controller("scipy.linalg" in sys.modules).lib_controllers:
        shared = getattr(library, "threading_layer", "") != "openmp"
        asked = [count for thread, count in _open.values() if shared or thread == here]
        place, now = (library.filepath, 0 if shared else here), library.num_threads
        before = _before.setdefault(place, now)
        count = asked[-1] if asked else before
        if count != now:
            release = getattr(library, "clear_controlling_thread", lambda force: None)
            release(force=True)  # threadpoolctl 3.8 ignores all threads but the first to ask
            library.set_num_threads(count)
            release(force=True)
        if not asked:
            del _before[place]


@cache
def _controller(with_scipy: bool) -> Any:
    """What sets the threads of the BLAS libraries that are loaded; it takes 4 ms to find them, so they are kept.

    `with_scipy`: whether that of SciPy is among them, which is another one than NumPy's.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
