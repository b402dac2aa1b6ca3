"""Calls made side by side: by the caller, and by threads that wait for work between one step and the next."""

import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue

from mlpcli.background import Background

__all__ = ["SideBySide"]

Call = tuple[Callable[[], object], "SimpleQueue[BaseException | None]"]
"""A function without arguments, and where to put what it raised, or None, when it has returned."""


class SideBySide:
    """The caller and up to `helpers` threads beside it, which end with this object.

    A thread that the system refuses is done without: the caller then makes more of the calls itself.

    >>> said = []
    >>> SideBySide(1)([lambda: said.append("a"), lambda: said.append("b")])
    >>> sorted(said)
    ['a', 'b']
    """

    def __init__(self, helpers: int) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        with suppress(MemoryError, RuntimeError):
            for _ in range(helpers):
                Background(_help, self._calls)
                weakref.finalize(self, self._calls.put, None).atexit = False

    def __call__(self, functions: Sequence[Callable[[], object]]) -> None:
        """Call all functions in the caller's context, return when all have returned, and raise what one of them raised.

        The caller makes the first call. What calls share is theirs to guard.
        """
        first, *others = functions
        ended: SimpleQueue[BaseException | None] = SimpleQueue()
        for function in others:
            # A copy of this context carries the caller's np.errstate into the other threads.
            self._calls.put((partial(copy_context().run, function), ended))
        errors = [_raised(first)]
        with suppress(Empty):
            while call := self._calls.get_nowait():
                call[1].put(_raised(call[0]))
        errors += (ended.get() for _ in others)
        for error in filter(None, errors):
            raise error


def _help(calls: "SimpleQueue[Call | None]") -> None:
    """Make calls until there is None."""
    while call := calls.get():
        call[1].put(_raised(call[0]))
        del call  # its arrays may go while this thread waits


def _raised(function: Callable[[], object]) -> BaseException | None:
    """What a function raises, for the thread that asked for the call."""
    try:
        function()
    except BaseException as error:
        return error
    return None
