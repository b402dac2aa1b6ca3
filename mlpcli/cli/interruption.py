"""Answers of a command to Ctrl-C and SIGTERM, from its first line to its last: one line on stderr, and 130 or 143.

As long as nothing needs to be put in order the process leaves at once; so it does while a module is imported, since
libraries turn an exception in there into errors of their own. Inside `raised` the signal is an exception. After that a
second SIGTERM changes nothing, and a second Ctrl-C leaves at once: whatever is on disk survives that.

Imported before anything else, so it imports little.
"""

import atexit
import os
import signal
import sys
from contextlib import AbstractContextManager, suppress
from typing import Any

from mlpcli.signals import SIGNALS, Interruption, answered_by, handle, repeat

__all__ = ["NOTHING", "decide", "ignored", "kept", "promise", "raised", "watch"]

NOTHING = "No results were changed"

_kept = [NOTHING]
"""What the line says of the files: the last of these sentences."""

_decided: list[int] = []
"""The exit code, once the last line is printed or is about to be."""


def watch() -> None:
    """Answer signals for the rest of the process's life."""
    handle(_leave)
    atexit.register(_ignore)
    report = sys.unraisablehook

    def keep_interruption(unraisable: Any) -> None:
        """An exception in a destructor is printed and lost. A signal must not be lost, nor lack of memory printed."""
        if isinstance(unraisable.exc_value, Interruption):
            _pass_on(unraisable.exc_value)
        elif unraisable.exc_type is not MemoryError:
            report(unraisable)

    sys.unraisablehook = keep_interruption


def _pass_on(stop: Interruption) -> None:
    """Have a signal answered that would be lost; another one may come in here, where it would be lost as well."""
    while True:
        try:
            return repeat(stop.number)
        except Interruption as another:
            stop = another


def raised() -> AbstractContextManager[None]:
    """Inside the block a signal raises Interruption."""
    return answered_by(_raise)


def promise(text: str) -> None:
    """Say this of the files from now on: `NOTHING`, or what is kept and how to go on."""
    _kept.append(text)


def kept() -> str:
    """What was said last of the files."""
    return _kept[-1]


def ignored() -> AbstractContextManager[None]:
    """Inside the block a signal changes nothing: the last line is being printed."""
    return answered_by(lambda number, again: None)


def decide(code: int) -> None:
    """Let a signal from now on end the process with the exit code that it has anyway, and in silence."""
    _decided.append(code)


def _leave(number: int, again: bool) -> None:
    if _decided:
        os._exit(_decided[0])
    stop = Interruption(number)
    with ignored(), suppress(OSError):  # stderr may be closed
        decide(stop.code)
        os.write(2, f"mlpcli: error: {stop.word}. {kept()}\n".encode())
    os._exit(stop.code)


def _raise(number: int, again: bool) -> None:
    if again and number == signal.SIGTERM:
        return
    if again or _importing():
        _leave(number, again)
    raise Interruption(number)


def _importing() -> bool:
    """Whether the main thread is inside an import statement."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
    return False


def _ignore() -> None:
    """Python would end with the signals' default action while it takes itself apart."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
