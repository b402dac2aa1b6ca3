"""The plan of a sweep: its configurations and their trials, numbered, before anything is prepared or trained.

A plan follows from the sweep file and, where a strategy chooses by scores, from the batches before. It grows while the
sweep runs: configurations, and further seeds of known ones, join at its end, so that no number ever changes. Of each
configuration it keeps the values that tell it apart, and makes `RunOptions` of them when they are asked for: a hundred
thousand trials take a few tens of megabytes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, compress

from mlpcli.config import RunOptions
from mlpcli.sweeps.plan.combinations import Space
from mlpcli.sweeps.search.registry import REFINEMENTS, SOURCES
from mlpcli.sweeps.search.strategy import Scored

__all__ = ["Plan", "Repeat", "Round"]


Repeat = tuple[int, int | None]
"""The seed of a trial, and the fold that validates in it; None without cross-validation."""


@dataclass(frozen=True)
class Round:
    """A batch of a strategy as it is planned: the numbers of the trials to train, by configuration.

    `placed` has the configuration of each proposal, None where it was left out. Training stops after `epochs` epochs,
    at the end of a full run where it is None. `refused` says, in a sentence each, why proposals of a later batch cannot
    train. `name` is that of the batch. `following` are the configurations that the next batches ask for, as `placed`.
    """

    trials: Mapping[int, Sequence[int]]
    placed: Sequence[int | None]
    epochs: int | None
    refused: tuple[str, ...] = ()
    name: str = ""
    following: Sequence[int | None] = ()


class Plan:
    """The configurations of a sweep in the order they were asked for, and a trial for each seed of each.

    `varied` are the options that tell configurations apart: the columns of trials.csv. `first` is the round that the
    file alone decides: `left_out` counts the trials that `where` left out of it, `duplicates` those that it has more
    than once. `coming` is how many trials later rounds can add at most. `tell` takes the outcomes of the last round and
    returns the next, None when the search is over.
    """

    def __init__(self, space: Space, tell: Callable[[Sequence[Scored]], Round | None]) -> None:
        self.file, self.varied, self.tell = space.file, space.varied, tell
        self.first = Round({}, (), None)
        self.left_out = self.duplicates = self.coming = 0
        self._space = space
        self._folds = max(1, space.file.folds)  # trials of each seed
        self._found: dict[Hashable, int] = {}
        self._values: list[tuple[object, ...]] = []
        self._blocks: list[tuple[int, tuple[int, ...]]] = []  # a configuration, and the seeds that joined together
        self._starts: list[int] = []  # the number of the first trial of each block
        self._blocks_of: list[list[int]] = []  # by configuration
        self._trials = 0

    def __len__(self) -> int:
        """The number of trials."""
        return self._trials

    @property
    def configurations(self) -> int:
        """The number of configurations."""
        return len(self._values)

    @property
    def repeats(self) -> str:
        """What tables call the trials of a configuration: seeds, or trials where each seed has several folds."""
        return "trials" if self.file.folds else "seeds"

    @property
    def is_searched(self) -> bool:
        """Whether later rounds may bring configurations that nobody can foresee."""
        return not self.file.document.keys().isdisjoint(SOURCES)

    @property
    def epochs_share(self) -> float:
        """The fraction of all epochs that successive halving leaves to run, 1 without it."""
        if self.file.halving is None:
            return 1.0
        halved = {*self.first.placed, *self.first.following} - {None}
        return self.file.halving.share(len(halved), self.options(0).epochs)

    @property
    def baselines(self) -> list[int | None]:
        """For each configuration the one that [compare] makes of it, by default the first; None where there is none.

        Without [compare] there is none where the first configuration is no natural reference: one that was drawn, asked
        for by a search, or pruned.
        """
        if not self.file.compare:
            arbitrary = not self.file.document.keys().isdisjoint(("random", *SOURCES, *REFINEMENTS))
            return [None if arbitrary else 0] * self.configurations
        return [self.baseline(index) for index in range(self.configurations)]

    def baseline(self, configuration: int) -> int | None:
        """The configuration that [compare] makes of this one; None where there is none."""
        options = self._space.baseline(self.options(configuration))
        return None if options is None else self.find(options)

    def find(self, options: RunOptions) -> int | None:
        """The number of the configuration that is the same run as these options, whatever the seed."""
        return self._found.get(self._space.key(options))

    def add_configuration(self, options: RunOptions) -> int:
        """Add a configuration, still without trials; returns its number."""
        self._found[self._space.key(options)] = len(self._values)
        self._values.append(self._space.values(options))
        self._blocks_of.append([])
        return len(self._values) - 1

    def add_seeds(self, configuration: int, seeds: tuple[int, ...]) -> None:
        """Add a trial for each of these seeds that the configuration lacks."""
        if self._blocks_of[configuration]:
            present = set(self.seeds(configuration))
            seeds = tuple(seed for seed in seeds if seed not in present)
        if seeds:
            self._blocks_of[configuration].append(len(self._blocks))
            self._blocks.append((configuration, seeds))
            self._starts.append(self._trials)
            self._trials += len(seeds) * self._folds

    def revise(
        self, asked: Round, start: int, changes: Mapping[int, int | None]
    ) -> tuple[Round, Mapping[int, int | None]]:
        """Take configurations back that joined with the trials from number `start` on.

        `changes` has for each the earlier configuration that is the same run, which takes over its seeds, or None where
        it cannot train. The configurations and trials after them move up: none of their numbers may be in use yet.
        Returns what is left of the round, and the number that each configuration has now.
        """
        first = bisect_left(self._starts, start)
        known = 1 + max((configuration for configuration, _ in self._blocks[:first]), default=-1)
        wanted = {index: tuple(map(self.seed, numbers)) for index, numbers in asked.trials.items()}
        blocks, values = self._blocks[first:], self._values[known:]
        del self._blocks[first:], self._starts[first:], self._values[known:], self._blocks_of[known:]
        self._blocks_of = [[block for block in mine if block < first] for mine in self._blocks_of]
        self._trials = start
        places: dict[int, int | None] = {index: index for index in range(known)}
        for index, configuration in enumerate(values, known):
            if index in changes:
                same = changes[index]
                places[index] = None if same is None else places[same]
            else:
                places[index] = len(self._values)
                self._values.append(configuration)
                self._blocks_of.append([])
        moved = {key: places[index] for key, index in self._found.items()}
        self._found = {key: place for key, place in moved.items() if place is not None}
        for index, seeds in blocks:
            if (place := places[index]) is not None:
                self.add_seeds(place, seeds)
        seeds_of: dict[int, dict[int, None]] = {}
        for index, seeds in wanted.items():
            if (place := places[index]) is not None:
                seeds_of.setdefault(place, {}).update(dict.fromkeys(seeds))
        trials = {place: self.numbers_with(place, seeds) for place, seeds in seeds_of.items()}
        found = {None: None} | places
        placed, following = ([found[index] for index in indices] for indices in (asked.placed, asked.following))
        return replace(asked, trials=trials, placed=placed, following=following), places

    def options(self, configuration: int) -> RunOptions:
        """The options of a configuration, not yet resolved, without its seeds."""
        return self._space.rebuilt(self._values[configuration])

    def seeds(self, configuration: int) -> Sequence[int]:
        """The seeds of a configuration, one per trial or, with cross-validation, per round of its folds."""
        blocks = [self._blocks[block][1] for block in self._blocks_of[configuration]]
        return blocks[0] if len(blocks) == 1 else tuple(chain.from_iterable(blocks))

    def numbers(self, configuration: int) -> Sequence[int]:
        """The numbers of a configuration's trials, in the order of its seeds."""
        starts = (
            (self._starts[block], len(self._blocks[block][1]) * self._folds) for block in self._blocks_of[configuration]
        )
        blocks = [range(start, start + size) for start, size in starts]
        return blocks[0] if len(blocks) == 1 else tuple(chain.from_iterable(blocks))

    def numbers_with(self, configuration: int, seeds: Collection[int]) -> Sequence[int]:
        """The numbers of those trials of a configuration that have one of these seeds."""
        numbers, present = self.numbers(configuration), self.seeds(configuration)
        if len(seeds) == len(present):  # as many of its own seeds as it has
            return numbers
        wanted = (seed in seeds for seed in present for _ in range(self._folds))
        return tuple(compress(numbers, wanted))

    def configuration_of(self, trial: int) -> int:
        """The configuration that the trial of this number belongs to."""
        return self._blocks[self._block(trial)][0]

    def seed(self, trial: int) -> int:
        """The seed of the trial of this number."""
        block = self._block(trial)
        return self._blocks[block][1][(trial - self._starts[block]) // self._folds]

    def fold(self, trial: int) -> int | None:
        """The fold that validates in the trial of this number; None without cross-validation."""
        return (trial - self._starts[self._block(trial)]) % self._folds if self.file.folds else None

    def shown(self, configuration: int) -> tuple[object, ...]:
        """The values of `varied`; None stands for what does not apply, width and depth beside `hidden`."""
        return self._space.shown(self.options(configuration))

    def described(self, configuration: int) -> str:
        """The configuration in words: `dropout = 0.5, norm = 'batch'`."""
        return self._space.described(self.options(configuration))

    def joined(self, start: int) -> Iterator[tuple[int, list[Repeat]]]:
        """The trials that joined from this number on, in order: a configuration, and what tells its trials apart."""
        folds = range(self._folds) if self.file.folds else (None,)
        for configuration, seeds in self._blocks[bisect_left(self._starts, start) :]:
            yield configuration, [(seed, fold) for seed in seeds for fold in folds]

    def repeat(self, trial: int) -> Repeat:
        """What tells the trial of this number from the others of its configuration."""
        return self.seed(trial), self.fold(trial)

    def repeated(self, options: RunOptions, repeat: Repeat) -> RunOptions:
        """The options of a configuration in one of its trials."""
        seed, fold = repeat
        return options.model_copy(
            update={"seed": seed, **({} if fold is None else {"folds": self._folds, "fold": fold})}
        )

    def _block(self, trial: int) -> int:
        return bisect_right(self._starts, trial) - 1
