"""Functions called in threads of their own, where starting one never waits for ever.

A new thread that finds no memory for its first frame ends unnoticed, and `threading.Thread.start` then waits for it
without end (https://github.com/python/cpython/issues/140746).
"""

import time
import weakref
from _thread import start_new_thread
from collections.abc import Callable
from functools import partial
from threading import Event

__all__ = ["Background"]

LOOK = 0.05
"""Seconds between two looks for a thread that may have ended before its function began."""

REPORT = 1.0
"""Seconds that the report of an error may take; a hook that keeps the report keeps the thread's call for longer."""


class Background:
    """A thread that calls `function(*args)` and does not keep the process alive.

    >>> said = []
    >>> Background(said.append, "done").join()
    >>> said
    ['done']

    Raises:
        MemoryError: there is no memory for the thread.
        RuntimeError: the system has no more threads to give.
    """

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        begun, ended = Event(), Event()

        def run() -> None:
            begun.set()
            try:
                function(*args)
            finally:
                ended.set()

        call = partial(run)  # Python 3.11 leaks a function that it has no memory to call, but no partial
        self._ended, self._call = ended, weakref.ref(call)  # from here on the thread alone keeps the call alive
        start_new_thread(call, ())
        del call
        while not begun.wait(LOOK):
            if self._call() is None and not begun.is_set():
                raise MemoryError("no memory for another thread")

    def join(self) -> None:
        """Wait until the function has returned, and what it raised is reported: the process may end right after."""
        while not self._ended.wait(LOOK) and self._call() is not None:
            pass
        end = time.monotonic() + REPORT
        while self._call() is not None and time.monotonic() < end:
            time.sleep(0.001)
