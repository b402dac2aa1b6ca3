"""Ctrl-C and SIGTERM kept waiting while a trial is recorded, so that what is on disk is what the sweep knows of."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["signals_held"]


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals that come meanwhile are answered at the end of the block, by whoever answers them otherwise."""
    if threading.current_thread() is not threading.main_thread():  # there are none to hold
        yield
        return
    received: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        received.append(number)

    previous = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for late in received:
            signal.raise_signal(late)
