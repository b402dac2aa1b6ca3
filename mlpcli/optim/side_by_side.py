"""Calls made side by side: by the caller, and by threads that wait for work between one step and the next."""

import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Lock

from mlpcli.background import Background

__all__ = ["SideBySide"]


class SideBySide:
    """The caller and up to `helpers` threads beside it, which end with this object.

    A thread that the system refuses is done without: the caller then makes more of the calls itself.

    >>> said = []
    >>> SideBySide(1)([lambda: said.append("a"), lambda: said.append("b")])
    >>> sorted(said)
    ['a', 'b']
    """

    def __init__(self, helpers: int) -> None:
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._is_helped = False
        with suppress(MemoryError, RuntimeError):
            for _ in range(helpers):
                Background(_help, self._calls)
                weakref.finalize(self, self._calls.put, None).atexit = False
                self._is_helped = True

    def __call__(self, functions: Sequence[Callable[[], object]]) -> None:
        """Call all functions in the caller's context, return when all have returned, and raise what one of them raised.

        The caller makes the first call. What calls share is theirs to guard. After an interrupt no call still runs, and
        those that were not begun never are.
        """
        first, *others = functions
        # A copy of this context carries the caller's np.errstate into the other threads.
        calls = [_Call(first), *(_Call(partial(copy_context().run, function)) for function in others)]
        try:
            for call in calls[1:] if self._is_helped else ():
                self._calls.put(call)
            # Helpers take calls from the front: the caller, from the end, waits only when all of them are begun.
            for call in (calls[0], *reversed(calls[1:])):
                call.make()
        except BaseException:
            for call in reversed(calls):
                call.drop()
            raise
        for call in calls:
            if call.error:
                raise call.error


class _Call:
    """A call that is made once, by the thread that comes first; `error` is what it raised."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function: Callable[[], object] | None = function
        self._turn = Lock()
        self.error: BaseException | None = None

    def make(self) -> None:
        """Make the call, unless it has been made; return when it has ended."""
        with self._turn:
            function, self._function = self._function, None
            if function:
                self.error = _raised(function)

    def drop(self) -> None:
        """Return when the call has ended, or will never begin."""
        with self._turn:
            self._function = None


def _help(calls: "SimpleQueue[_Call | None]") -> None:
    """Make calls until there is None."""
    while call := calls.get():
        call.make()
        del call  # its error may go while this thread waits


def _raised(function: Callable[[], object]) -> BaseException | None:
    """What a function raises, for the thread that asked for the call."""
    try:
        function()
    except BaseException as error:
        return error
    return None
