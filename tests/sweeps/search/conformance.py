"""What every search strategy must do, whatever it searches by; a test of a strategy calls `conforms`.

A pretended sweep stands for the engine: it numbers configurations, gives equal ones equal outcomes, and scores a trial
by a function of its options, seed and epochs.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from mlpcli.sweeps.search.strategy import Batch, Scored, Strategy

Make = Callable[[], Strategy]
Score = Callable[[Mapping[str, Any], int, int], float]
Asked = list[tuple[list[dict[str, Any]], Any, int | None]]

EPOCHS, SEEDS, MOST_BATCHES = 12, (0, 1, 2), 1000


class Pretended:
    """Runs a strategy without training; `asked` has its batches, `names` their names, `told` the outcomes of each."""

    def __init__(self, strategy: Strategy, score: Score, seeds: Sequence[int] = SEEDS) -> None:
        self.strategy, self.score, self.seeds = strategy, score, tuple(seeds)
        self.numbers: dict[Hashable, int] = {}
        self.trials: set[tuple[int | None, int]] = set()
        self.promised: set[tuple[int | None, int]] = set()  # named as what follows, and not yet asked for
        self.asked: Asked = []
        self.names: list[str] = []
        self.told: list[list[Scored]] = []

    def step(self, told: Sequence[Scored] | None = None) -> bool:
        """Ask for a batch and tell its outcomes, or those given; False when there is none."""
        before = self.strategy.remaining(len(self.seeds))
        batch = self.strategy.ask()
        if batch is None:
            return False
        proposals = [dict(proposal.given) for proposal in batch.proposals]
        assert proposals, "an empty batch is no batch"
        assert len(self.asked) < MOST_BATCHES, "a search has an end"
        self.asked.append((proposals, batch.seeds, batch.epochs))
        self.names.append(batch.name)
        outcomes = [self.outcome(given, batch) for given in proposals]
        later = [self.outcome(dict(proposal.given), batch) for proposal in batch.following]
        self.promised |= {(found.configuration, seed) for found in later for seed in found.scores}
        self.promised -= {(found.configuration, seed) for found in outcomes for seed in found.scores}
        new = self.count({(found.configuration, seed) for found in (*outcomes, *later) for seed in found.scores})
        assert new <= before - self.strategy.remaining(len(self.seeds)), "more trials than were counted"
        assert {name for given in proposals for name in given} <= set(self.strategy.names)
        self.told.append(list(outcomes if told is None else told))
        self.strategy.tell(self.told[-1])
        return True

    def count(self, trials: set[Any]) -> int:
        new = trials - self.trials
        self.trials |= trials
        return len(new)

    def outcome(self, given: dict[str, Any], batch: Batch) -> Scored:
        seeds = self.seeds if batch.seeds is None else tuple(batch.seeds)
        number = self.numbers.setdefault(repr(sorted(given.items())), len(self.numbers))
        epochs = EPOCHS if batch.epochs is None else min(batch.epochs, EPOCHS)
        return Scored(number, {seed: self.score(given, seed, epochs) for seed in seeds}, epochs == EPOCHS)


def run_through(make: Make, score: Score, seeds: Sequence[int] = SEEDS) -> Pretended:
    """A strategy asked and told to its end."""
    sweep = Pretended(make(), score, seeds)
    while sweep.step():
        pass
    return sweep


def conforms(make: Make, *scores: Score) -> None:
    """Whether the strategies that `make` makes are deterministic, resumable and countable, under each of the scores."""
    for score in scores:
        whole = run_through(make, score)
        assert whole.asked, "a strategy asks for something"
        assert not whole.promised, "what was to follow was not asked for"
        assert whole.strategy.ask() is None and whole.strategy.remaining(len(SEEDS)) == 0
        assert len(whole.trials) <= make().remaining(len(SEEDS))
        assert run_through(make, score).asked == whole.asked, "not deterministic"
        assert tuple(make().names) == tuple(whole.strategy.names)
        for prefix in range(len(whole.asked)):
            resumed = Pretended(make(), score)
            for told in whole.told[:prefix]:  # what an earlier run recorded
                assert resumed.step(told)
            while resumed.step():
                pass
            assert resumed.asked == whole.asked, f"another search after {prefix} batches"
        side = Pretended(make(), score), Pretended(make(), score)
        going = [True, True]
        while any(going):  # two at once: nothing is shared between them
            going = [sweep.step() for sweep in side]
        assert side[0].asked == side[1].asked == whole.asked, "a state outside the strategy"
