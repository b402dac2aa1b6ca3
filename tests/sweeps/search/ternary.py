"""A small adaptive strategy: the best learning rate between the ends of [grid] lr, by ternary search of its logarithm.

It shows what a strategy has to bring, and that the engine runs one it has never heard of.
"""

from collections.abc import Generator, Sequence
from math import exp, fsum, isfinite, log

from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Steps
from mlpcli.sweeps.spec.sweep_file import SweepFile

BATCHES = 4


class TernarySearch(Steps):
    """Asks for the two inner thirds of an interval, and goes on in the part around the better one."""

    names = ("lr",)

    def __init__(self, file: SweepFile) -> None:
        super().__init__()
        self.low, self.high = (log(float(str(end))) for end in (file.grids[0]["lr"][0], file.grids[0]["lr"][-1]))
        self.batches = 0

    def remaining(self, seeds: int) -> int:
        return 2 * (BATCHES - self.batches) * seeds

    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        while self.batches < BATCHES:
            self.batches += 1
            third = (self.high - self.low) / 3
            inner = (self.low + third, self.high - third)
            left, right = yield Batch([Proposal({"lr": float(f"{exp(end):.6g}")}) for end in inner])
            if mean(left) < mean(right):
                self.low = inner[0]
            else:
                self.high = inner[1]


def mean(outcome: Scored) -> float:
    """The mean over seeds; what failed, or was left out, is worse than anything."""
    values = outcome.scores.values()
    found = fsum(values) / len(values) if values else -float("inf")
    return found if isfinite(found) else -float("inf")
