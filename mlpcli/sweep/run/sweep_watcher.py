"""What a sweep tells while it runs, to whoever shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["TrialSeen", "Watcher"]


@dataclass(frozen=True)
class TrialSeen:
    """A trial that has come to its end, as whoever watches is told."""

    trial: int
    configuration: int
    seed: int
    state: str
    value: float | None
    error: str | None


class Watcher(Protocol):
    """Is told what happens."""

    def expect(self, seconds: float) -> None:
        """What is missing takes about so long, counted from the first that is in training."""

    def grown(self) -> None:
        """Trials have joined the plan, or the last of them did."""

    def running(self, trials: Sequence[int]) -> None:
        """These are in training now, and no others."""

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """A trial ended now or, if `known`, in an earlier run of the sweep; the last word on a trial counts."""

    def note(self, text: str) -> None:
        """Something worth a line."""
