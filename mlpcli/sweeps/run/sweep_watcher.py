"""The role of a view: what a running sweep tells it."""

from collections.abc import Sequence
from typing import Protocol

from mlpcli.results.trial import Trial
from mlpcli.sweeps.run.course import Course

__all__ = ["Watcher"]


class Watcher(Protocol):
    """Receives the events of a running sweep."""

    def begin(self, course: Course) -> None:
        """Training begins; `course` says at any time how far it has come."""

    def grown(self) -> None:
        """Trials have joined the plan, or no more will."""

    def round(self, name: str) -> None:
        """A round begins: `batch 3 of 7, rung 2`; the name is empty where the file alone decides what trains."""

    def running(self, trials: Sequence[int]) -> None:
        """These are in training now, and no others."""

    def trial(self, trial: Trial, *, known: bool = False) -> None:
        """A trial ended now or, if `known`, in an earlier run of the sweep; the latest event of a trial counts."""

    def note(self, text: str) -> None:
        """A message to show."""
