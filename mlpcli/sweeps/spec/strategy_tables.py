"""The tables [halving], [search], [race] and [confirm]: how many configurations are asked for, and which go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from mlpcli.sweeps.spec.random_draws import Choices, Range

__all__ = ["Confirm", "Halving", "Race", "Rung", "Search"]

SHARE, LEAST = 5, 5


@dataclass(frozen=True)
class Rung:
    """A barrier: after `epochs` epochs the best `keep` configurations go on and the others are pruned."""

    epochs: int
    keep: int


@dataclass(frozen=True)
class Halving:
    """Rungs at min_epochs, min_epochs * factor, min_epochs * factor^2 and so on, below the epochs of a full run.

    Several `brackets` divide the configurations: each starts with `factor` times the epochs of the one before.
    """

    min_epochs: int = 1
    factor: int = 3
    brackets: int = 1

    def rungs(self, configurations: int, epochs: int) -> tuple[Rung, ...]:
        """The rungs for this many configurations: the i-th keeps floor(configurations / factor^i), at least one.

        No rung follows one that keeps a single configuration.

        >>> [(rung.epochs, rung.keep) for rung in Halving(min_epochs=3, factor=3).rungs(81, epochs=30)]
        [(3, 27), (9, 9), (27, 3)]
        """
        rungs = []
        at, keep = self.min_epochs, configurations
        while at < epochs and keep > 1:
            keep = self.kept(keep)
            rungs.append(Rung(at, keep))
            at *= self.factor
        return tuple(rungs)

    def bracketed(self, configurations: int) -> list[tuple[int, "Halving"]]:
        """How many configurations each bracket has, in order, and its own halving.

        The shares fall as the first epochs grow, so that each bracket trains for about as many epochs in all.

        >>> [(count, bracket.min_epochs) for count, bracket in Halving(3, 3, brackets=3).bracketed(26)]
        [(18, 3), (6, 9), (2, 27)]
        """
        weights = [self.factor ** (self.brackets - 1 - place) for place in range(self.brackets)]
        ends = [configurations * total // sum(weights) for total in accumulate(weights, initial=0)]
        return [
            (end - start, Halving(self.min_epochs * self.factor**place, self.factor))
            for place, (start, end) in enumerate(pairwise(ends))
        ]

    def share(self, configurations: int, epochs: int) -> float:
        """The fraction of all epochs of all configurations that is left to run.

        >>> Halving().share(9, 9)  # 9 * 1 + 3 * 2 + 1 * 6 epochs of 81
        0.25925925925925924
        """
        parts = [(count, part.rungs(count, epochs)) for count, part in self.bracketed(configurations) if count]
        return sum(count * _share(rungs, count, epochs) for count, rungs in parts) / configurations

    def kept(self, configurations: int) -> int:
        """How many of these configurations go on after a rung."""
        return max(configurations // self.factor, 1)


@dataclass(frozen=True)
class Search:
    """`trials` configurations, chosen from `options` by one of Optuna's samplers in batches."""

    sampler: str
    trials: int
    batch: int | None
    seed: int
    options: Mapping[str, Range | Choices]

    def batches(self) -> list[int]:
        """The configurations of each batch.

        By default a batch grows with those asked for before it, and does not depend on `trials`: a search that is
        extended has asked for the same batches before, but for the last.

        >>> Search("tpe", 60, None, 0, {}).batches()
        [5, 5, 5, 5, 5, 5, 6, 7, 8, 9]
        """
        sizes: list[int] = []
        while asked := self.trials - sum(sizes):
            sizes.append(min(self.batch or max(sum(sizes) // SHARE, LEAST), asked))
        return sizes


@dataclass(frozen=True)
class Race:
    """Every configuration has `min_seeds` seeds; then one seed at a time, those far behind the best drop out."""

    min_seeds: int


@dataclass(frozen=True)
class Confirm:
    """The `top` best configurations get `seeds` fresh seeds, by which alone they are ranked."""

    top: int
    seeds: int


def _share(rungs: Sequence[Rung], configurations: int, epochs: int) -> float:
    if not rungs:
        return 1.0
    run, living, at = 0, configurations, 0
    for rung in rungs:
        run, living, at = run + living * (rung.epochs - at), rung.keep, rung.epochs
    return (run + living * (epochs - at)) / (configurations * epochs)
