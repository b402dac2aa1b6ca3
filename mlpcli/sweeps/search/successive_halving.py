"""Successive halving: every batch of another strategy trains rung by rung, and only the best of a rung go on.

Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization"; with several
brackets Hyperband, Li et al. 2018.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace

from mlpcli.sweeps.search.strategy import Batch, Scored, Steps, Strategy, named
from mlpcli.sweeps.spec.strategy_tables import Halving

__all__ = ["SuccessiveHalving", "survivors"]


class SuccessiveHalving(Steps):
    """Halves every batch of `inner`, and tells it the last scores that each configuration reached."""

    def __init__(self, inner: Strategy, halving: Halving) -> None:
        super().__init__()
        self.names = inner.names
        self._inner, self._halving = inner, halving

    def remaining(self, seeds: int) -> int:
        """The trials that the other strategy can add; neither a rung nor a later bracket adds any."""
        return self._inner.remaining(seeds)

    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        """The rungs of every batch."""
        while (batch := self._inner.ask()) is not None:
            self._inner.tell((yield from self._halved(batch)))

    def _halved(self, batch: Batch) -> Generator[Batch, Sequence[Scored], Sequence[Scored]]:
        """The brackets of one batch, one after the other; returns the last outcome of each of its proposals."""
        proposals, outcomes = list(batch.proposals), list[Scored]()
        brackets = self._halving.bracketed(len(proposals))
        for number, (count, bracket) in enumerate(brackets, start=1):
            start, end = len(outcomes), len(outcomes) + count
            if part := proposals[start:end]:
                following = () if start else proposals[end:]
                name = named(batch.name, f"bracket {number} of {len(brackets)}") if len(brackets) > 1 else batch.name
                outcomes += yield from _rungs(replace(batch, proposals=part, following=following, name=name), bracket)
        return outcomes


def _rungs(batch: Batch, halving: Halving) -> Generator[Batch, Sequence[Scored], Sequence[Scored]]:
    """The rungs of one bracket; returns the last outcome of each of its proposals."""
    proposals, epochs = list(batch.proposals), halving.min_epochs
    rung = 1
    latest = list((yield replace(batch, proposals=proposals, epochs=epochs, name=named(batch.name, "rung 1"))))
    running = _by_configuration(latest)
    keep = len(running)
    while any(not found.ended for found in running.values()):
        keep = halving.kept(keep)
        living = set(survivors(running, keep))
        places = [place for place, found in enumerate(latest) if found.configuration in living]
        epochs, rung = epochs * halving.factor, rung + 1
        again, name = [proposals[place] for place in places], named(batch.name, f"rung {rung}")
        outcomes = yield Batch(again, batch.seeds, epochs if keep > 1 else None, name)
        for place, found in zip(places, outcomes, strict=True):
            latest[place] = found
        running = _by_configuration(outcomes)
    return latest


def _by_configuration(outcomes: Sequence[Scored]) -> dict[int, Scored]:
    return {found.configuration: found for found in outcomes if found.configuration is not None}


def survivors(outcomes: Mapping[int, Scored], keep: int) -> list[int]:
    """The `keep` best configurations by the mean of their scores over seeds, larger is better.

    Ties go by the order of `outcomes`. Configurations with a seed that failed (a score that is not finite) rank last.

    >>> scores = {7: {0: 0.2, 1: 0.4}, 8: {0: 0.9, 1: math.nan}, 9: {0: 0.5, 1: 0.5}, 4: {0: 0.4, 1: 0.2}}
    >>> survivors({number: Scored(number, found, ended=False) for number, found in scores.items()}, 2)
    [9, 7]
    """

    def rank(configuration: int) -> tuple[bool, float]:
        mean = outcomes[configuration].mean
        return (False, -mean) if math.isfinite(mean) else (True, 0.0)

    return sorted(outcomes, key=rank)[:keep]
