"""What a job says while it runs: a few integers on their way to the process that waits for its outcome.

A job calls `report`; executors that can hear it pass the numbers on to their `listener`. At most `RATE` reports per
second leave a thread, so that a job of ten thousand short epochs costs nobody anything.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["decode", "encode", "report", "reported_by"]

RATE = 2.0

Send = Callable[[bytes], object]


class _Line(threading.local):
    """The way to the waiting process, None where there is none, and the time of the last report.

    A worker of a cluster runs a job in each of its threads.
    """

    send: Send | None = None
    latest = float("-inf")


_line = _Line()


def report(*numbers: int) -> None:
    """Say how far the job has come, unless the last report was less than half a second ago."""
    if _line.send is not None and (now := time.monotonic()) - _line.latest >= 1 / RATE:
        _line.latest = now
        _line.send(encode(numbers))


@contextmanager
def reported_by(send: Send) -> Iterator[None]:
    """Inside the block, reports of this thread are sent so."""
    before, _line.send = _line.send, send
    try:
        yield
    finally:
        _line.send = before


def encode(numbers: tuple[int, ...]) -> bytes:
    """The numbers as bytes, never empty.

    >>> decode(encode((12, 3)))
    (12, 3)
    """
    return ",".join(map(str, numbers)).encode()


def decode(message: bytes) -> tuple[int, ...]:
    """The numbers of a report."""
    return tuple(map(int, message.split(b",")))
