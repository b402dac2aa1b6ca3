"""Ctrl-C and SIGTERM, answered by the part of the program that knows how.

One handler stays in place; what changes is the answer, the last one in a list, so there is no moment without one. A
command answers from its first line to its last (`mlpcli.cli.interruption`); elsewhere the handler is in place only
while an answer is. Python calls handlers in the main thread, so in other threads the contexts here do nothing.
"""

import signal
import threading
import time
from _thread import interrupt_main
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from mlpcli.background import Background
from mlpcli.errors import ExitCode

__all__ = ["Answer", "Interruption", "answered_by", "check", "handle", "held", "repeat"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)

Answer = Callable[[int, bool], object]
"""Called with the signal's number, and whether an earlier signal is being answered; it may raise Interruption."""

_answers: list[Answer] = []
_received: list[int] = []
_repeated: list[int] = []
"""The signal that `repeat` sends in a moment."""


class Interruption(KeyboardInterrupt):
    """Ctrl-C or SIGTERM, on its way out of the work that it ends.

    >>> stop = Interruption(signal.SIGTERM)
    >>> stop.word, int(stop.code)
    ('terminated', 143)
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        terminated = number == signal.SIGTERM
        self.word = "terminated" if terminated else "interrupted"
        self.code = ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED


def handle(answer: Answer) -> None:
    """Answer signals for the rest of the process's life; a signal that it was started with as ignored stays ignored."""
    _answers.append(answer)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handler)


@contextmanager
def answered_by(answer: Answer) -> Iterator[None]:
    """Answer signals in another way inside the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    alone = not _answers
    previous = {number: signal.getsignal(number) for number in SIGNALS} if alone else {}
    _answers.append(answer)
    try:
        for number in previous:
            signal.signal(number, _handler)
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        _answers.remove(answer)
        if alone:
            _received.clear()
            _repeated.clear()


@contextmanager
def held() -> Iterator[None]:
    """Answer signals that arrive inside the block at its end."""
    late: list[int] = []
    try:
        with answered_by(lambda number, again: late.append(number)):
            yield
    finally:
        del _received[len(_received) - len(late) :]
        for number in late:
            signal.raise_signal(number)


def check() -> None:
    """Raise Interruption if a signal was received: the first one may have been caught by a library."""
    if not _received:
        _received.extend(_repeated)
    if _received:
        raise Interruption(_received[-1])


def repeat(number: int) -> None:
    """Have a signal answered once more, in a moment: what is raised here and now would be lost again.

    Without memory for a thread, `check` answers it.
    """
    _received.clear()
    _repeated[:] = [number]
    try:
        Background(_send, number)
    except (MemoryError, RuntimeError):
        _received.append(number)


def _send(number: int) -> None:
    time.sleep(0.01)
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        interrupt_main(signal.Signals(number))  # does not end a wait


def _handler(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    _repeated.clear()
    _answers[-1](number, len(_received) > 1)
