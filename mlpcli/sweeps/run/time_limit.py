"""The time limit of a sweep: no job begins that should end later; what trains is finished."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from typing import TYPE_CHECKING, Self

from mlpcli.errors import UsageError
from mlpcli.wording import quote

if TYPE_CHECKING:
    from mlpcli.sweeps.run.train_stack import Job

__all__ = ["TimeLimit"]

LONGEST = 1e12
"""Seconds of a limit that a number may give, more than any machine lives."""

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class TimeLimit:
    """Counts from when it is made. `is_over` once a job was held back; without `seconds` none is.

    The time of a job is its estimate, corrected by how long the jobs before took.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_over = False
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds
        self._began: dict[int, float] = {}
        self._spent = self._estimated = 0.0

    @classmethod
    def of(cls, span: str | float | None) -> Self:
        """The limit of a span of time as people type it: seconds, or a number with s, m, h or d; None is no limit.

        Raises:
            UsageError: anything else.
        """
        return cls(None if span is None else _seconds_of(span))

    @property
    def is_set(self) -> bool:
        """Whether there is a limit."""
        return self._end is not None

    def allowed(self, jobs: "Iterable[Job]") -> "Iterator[Job]":
        """The jobs that should end in time, each judged when its turn comes."""
        for job in jobs:
            now = self._clock()
            pace = self._spent / self._estimated if self._estimated else 1.0
            if self._end is not None and now + pace * _estimate(job) > self._end:
                self.is_over = True
            else:
                self._began[job.trials[0]] = now
                yield job

    def learn(self, job: "Job") -> None:
        """Take that a job is done."""
        began = self._began.pop(job.trials[0], None)
        if began is not None:  # a part of a job that was lost has no beginning
            self._spent += self._clock() - began
            self._estimated += _estimate(job)


def _estimate(job: "Job") -> float:
    """Seconds up to the epoch that the job is to reach, for those of its trials that still train."""
    share = min(1.0, job.until / max(1, job.runs[0].epochs))
    return job.seconds * share * (len(job.trials) - len(job.pruned)) / len(job.trials)


def _seconds_of(span: str | float) -> float:
    """The seconds of a span of time: a number of them, or a text of a number with s, m, h or d.

    Raises:
        UsageError: anything else.

    >>> [_seconds_of(span) for span in ("10m", "1.5h", "90", 1e-3)]
    [600.0, 5400.0, 90.0, 0.001]
    """
    if isinstance(span, Real) and 0 < span < LONGEST:
        return float(span)
    text = span.strip() if isinstance(span, str) else ""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhd]?)", text, re.ASCII)
    if found is None or not float(found[1]):
        raise UsageError(f"--time-limit: got {quote(span)}, expected a span of time such as 90s, 10m or 1.5h")
    return float(found[1]) * _UNITS[found[2]]
