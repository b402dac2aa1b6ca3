"""[race]: seeds are added one at a time, and a configuration that falls behind the best gets no more.

It is behind when the 95% t-interval of its mean lies wholly below that of the best. With many configurations and many
looks the best may be stopped by chance: results/reference/luck.md has the measured rate, 1.2% at most.
"""

import math
from collections.abc import Generator, Mapping, Sequence

from mlpcli.results.statistics import Estimate, estimate
from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Steps, Strategy, named
from mlpcli.sweeps.spec.strategy_tables import Race

__all__ = ["Racing", "in_the_race"]


class Racing(Steps):
    """Races the configurations of every batch of `inner`, over the seeds of the file in their order."""

    def __init__(self, inner: Strategy, race: Race, seeds: Sequence[int], overlap: float = 0.0) -> None:
        super().__init__()
        self.names = inner.names
        self._inner, self._race, self._seeds = inner, race, tuple(seeds)
        self._overlap = overlap
        self._open = 0  # most seeds that the running batch may still ask for, over its configurations

    def remaining(self, seeds: int) -> int:
        """All seeds of the configurations to come, and those of the running batch that are still to come."""
        return self._inner.remaining(seeds) + self._open

    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        """The rounds of every batch."""
        while (batch := self._inner.ask()) is not None:
            proposals, first = list(batch.proposals), self._race.min_seeds
            self._open = len(proposals) * (len(self._seeds) - first)
            latest = list((yield self._round(batch, proposals, first)))
            places: Sequence[int] = range(len(proposals))
            for count in range(first + 1, len(self._seeds) + 1):
                places = _abreast(latest, places, self._overlap)
                self._open = len(places) * (len(self._seeds) - count)
                if not places:
                    break
                outcomes = yield self._round(batch, [proposals[place] for place in places], count)
                for place, outcome in zip(places, outcomes, strict=True):
                    latest[place] = outcome
            self._open = 0
            self._inner.tell(latest)

    def _round(self, batch: Batch, proposals: Sequence[Proposal], count: int) -> Batch:
        """These configurations with the first `count` seeds."""
        name = named(batch.name, f"{count} of {len(self._seeds)} seeds")
        return Batch(proposals, self._seeds[:count], name=name)


def _abreast(latest: Sequence[Scored], places: Sequence[int], overlap: float) -> list[int]:
    """Those of the places whose configurations get another seed."""
    running = {latest[place].configuration: latest[place].scores.values() for place in places}
    living = in_the_race({number: list(scores) for number, scores in running.items() if number is not None}, overlap)
    return [place for place in places if latest[place].configuration in living]


def in_the_race(scores: Mapping[int, Sequence[float]], overlap: float = 0.0) -> set[int]:
    """The configurations whose interval is not wholly below that of the best; none with a seed that failed.

    `overlap` is that of `results.statistics`.

    >>> sorted(in_the_race({0: [0.9, 0.91, 0.92], 1: [0.8, 0.9, 1.0], 2: [0.5, 0.51, 0.52], 3: [0.9, math.nan, 0.9]}))
    [0, 1]
    """
    found = {number: estimate(values, overlap) for number, values in scores.items() if all(map(math.isfinite, values))}
    if not found:
        return set()
    best = max(found.values(), key=lambda one: one.mean)
    return {number for number, one in found.items() if _reaches(one, best)}


def _reaches(one: Estimate, best: Estimate) -> bool:
    return one.ci_high is None or best.ci_low is None or one.ci_high >= best.ci_low
