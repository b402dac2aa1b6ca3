"""The plan of a sweep: its configurations and their trials, numbered, before anything is prepared or trained.

A plan follows from the sweep file alone. It keeps of each configuration the values that tell it apart, and makes
`RunOptions` of them when they are asked for, so that a hundred thousand trials take a few tens of megabytes.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mlpcli.config import RunOptions
from mlpcli.sweep.plan.space import Space
from mlpcli.sweep.spec.halving import Rung, epochs_share

__all__ = ["Plan", "Trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a sweep: `number` is its row of trials.csv, `configuration` counts from 0, `options` has its seed."""

    number: int
    configuration: int
    options: RunOptions


class Plan:
    """The configurations of a sweep in the order of its file, and for each seed of each a trial.

    `varied` are the options that tell configurations apart, in the order of the file: the columns of trials.csv.
    `baselines` has for each configuration the one that its differences are given against, None where there is none.
    `left_out` counts the trials that `where` left out, `duplicates` those that were planned twice.
    """

    def __init__(
        self,
        space: Space,
        values: Sequence[tuple[object, ...]],
        seeds: Sequence[tuple[int, ...]],
        baselines: Sequence[int | None],
        left_out: int,
    ) -> None:
        self.file, self.varied = space.file, space.varied
        self.baselines, self.left_out = baselines, left_out
        self._space, self._values, self._seeds = space, values, seeds
        self._starts = [0, *accumulate(map(len, seeds))]

    def __len__(self) -> int:
        """The number of trials."""
        return self._starts[-1]

    @property
    def configurations(self) -> int:
        """The number of configurations."""
        return len(self._values)

    @property
    def duplicates(self) -> int:
        """How many trials the file plans more than once."""
        return self._space.trials - self.left_out - len(self)

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The barriers of successive halving, if the file asks for it."""
        if self.file.halving is None:
            return ()
        return self.file.halving.rungs(self.configurations, self.options(0).epochs)

    @property
    def epochs_share(self) -> float:
        """The part of all epochs that successive halving leaves to run, 1 without it."""
        return epochs_share(self.rungs, self.configurations, self.options(0).epochs)

    def options(self, configuration: int) -> RunOptions:
        """The options of a configuration, not yet resolved; the seed is not its own."""
        return self._space.rebuilt(self._values[configuration])

    def seeds(self, configuration: int) -> tuple[int, ...]:
        """The seeds of a configuration, one a trial."""
        return self._seeds[configuration]

    def shown(self, configuration: int) -> tuple[object, ...]:
        """The values of `varied`; None stands for what does not apply, width and depth beside `hidden`."""
        return self._space.shown(self.options(configuration))

    def described(self, configuration: int) -> str:
        """The configuration in words: `dropout = 0.5, norm = 'batch'`."""
        return self._space.described(self.options(configuration))

    def numbers(self, configuration: int) -> range:
        """The numbers of a configuration's trials."""
        return range(*self._starts[configuration : configuration + 2])

    def configuration_of(self, trial: int) -> int:
        """The configuration that the trial of this number belongs to."""
        return bisect_right(self._starts, trial) - 1

    def trials(self) -> Iterator[Trial]:
        """All trials in order: configuration by configuration, the seeds of each."""
        for configuration, seeds in enumerate(self._seeds):
            options = self.options(configuration)
            for number, seed in zip(self.numbers(configuration), seeds, strict=True):
                yield Trial(number, configuration, options.model_copy(update={"seed": seed}))
