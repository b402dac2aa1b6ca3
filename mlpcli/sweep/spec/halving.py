"""Successive halving over epochs: after each rung only the best configurations go on, a fraction 1/factor of them.

Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization". Everything
here is a function of the sweep file and of the metrics, so what is pruned depends on nothing else.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Halving", "Rung", "best_so_far", "epochs_share", "survivors"]


@dataclass(frozen=True)
class Rung:
    """A barrier: after `epochs` epochs the best `keep` configurations go on, the others are pruned."""

    epochs: int
    keep: int


@dataclass(frozen=True)
class Halving:
    """Rungs at min_epochs, min_epochs * factor, min_epochs * factor^2 and so on, below the epochs of a full run."""

    min_epochs: int = 1
    factor: int = 3

    def rungs(self, configurations: int, epochs: int) -> tuple[Rung, ...]:
        """The rungs for that many configurations: the i-th keeps floor(configurations / factor^i), at least one.

        There is none after the one that keeps a single configuration.

        >>> [(rung.epochs, rung.keep) for rung in Halving(min_epochs=3, factor=3).rungs(81, epochs=30)]
        [(3, 27), (9, 9), (27, 3)]
        """
        rungs = []
        at, keep = self.min_epochs, configurations
        while at < epochs and keep > 1:
            keep = max(keep // self.factor, 1)
            rungs.append(Rung(at, keep))
            at *= self.factor
        return tuple(rungs)


def epochs_share(rungs: Sequence[Rung], configurations: int, epochs: int) -> float:
    """The part of the epochs of all configurations that these rungs leave to run, 1 if there are none.

    >>> epochs_share([Rung(1, 3), Rung(3, 1)], 9, 9)  # 9 * 1 + 3 * 2 + 1 * 6 epochs of 81
    0.25925925925925924
    """
    if not rungs:
        return 1.0
    run, living, at = 0, configurations, 0
    for rung in rungs:
        run, living, at = run + living * (rung.epochs - at), rung.keep, rung.epochs
    return (run + living * (epochs - at)) / (configurations * epochs)


def best_so_far(values: Iterable[float], *, larger_is_better: bool) -> float:
    """The best of one trial's values, an epoch each; nan if none is finite."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return math.nan
    return max(finite) if larger_is_better else min(finite)


def survivors(scores: Sequence[Sequence[float]], keep: int, *, larger_is_better: bool) -> tuple[int, ...]:
    """Which `keep` configurations go on, in their own order; `scores[i]` has the best of each seed so far.

    They rank by the mean over seeds, ties by their order. Those with a seed that failed (a score that is not finite)
    rank last.

    >>> survivors([[0.2, 0.4], [0.9, math.nan], [0.5, 0.5], [0.4, 0.2]], 2, larger_is_better=True)
    (0, 2)
    """

    def rank(index: int) -> tuple[bool, float, int]:
        mean = math.fsum(scores[index]) / len(scores[index])
        if not math.isfinite(mean):
            return True, 0.0, index
        return False, -mean if larger_is_better else mean, index

    return tuple(sorted(sorted(range(len(scores)), key=rank)[:keep]))
