"""[confirm]: when a search is over, its best configurations train with fresh seeds, by which alone they are ranked.

The best of many is chosen for its luck too, so the seeds that chose it overstate it; fresh ones do not.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import replace

from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Steps, Strategy
from mlpcli.sweeps.spec.sweep_file import SweepFile

__all__ = ["Confirmation"]


class Confirmation(Steps):
    """Passes the batches of `inner` on, and adds one for the best of its configurations.

    The configurations that [compare] makes of them train with the same seeds, so that differences are paired.
    """

    def __init__(self, inner: Strategy, file: SweepFile) -> None:
        super().__init__()
        self.names = inner.names
        self._inner, self._file = inner, file
        self._is_confirmed = False

    def remaining(self, seeds: int) -> int:
        """The trials that the other strategy can add, and those with fresh seeds."""
        if self._is_confirmed or self._file.confirm is None:
            return 0
        configurations = self._file.confirm.top * (2 if self._file.compare else 1)
        return self._inner.remaining(seeds) + configurations * self._file.confirm.seeds

    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        """The batches of the other strategy, then one of the best with fresh seeds."""
        candidates: dict[int, tuple[Scored, Proposal]] = {}
        while (batch := self._inner.ask()) is not None:
            proposals = list(batch.proposals)
            outcomes = yield replace(batch, proposals=proposals)
            for proposal, outcome in zip(proposals, outcomes, strict=True):
                if outcome.configuration is not None:
                    candidates[outcome.configuration] = (outcome, proposal)
            self._inner.tell(outcomes)
        self._is_confirmed = True
        if best := self._best(candidates):
            yield Batch(best, self._file.fresh_seeds, name="confirmation by fresh seeds", with_baselines=True)

    def _best(self, candidates: dict[int, tuple[Scored, Proposal]]) -> list[Proposal]:
        """The configurations to confirm, the best first; those with most seeds, which no race has stopped, come first.

        Configurations that were pruned, or that have a seed that failed, are none of them.
        """
        ranked = []
        for number, (outcome, _) in candidates.items():
            if outcome.ended and math.isfinite(outcome.mean):
                ranked.append((-len(outcome.scores), -outcome.mean, number))
        assert self._file.confirm is not None
        return [candidates[number][1] for *_, number in sorted(ranked)[: self._file.confirm.top]]
