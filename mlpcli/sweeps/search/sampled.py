"""[search]: each batch of configurations is chosen by a sampler after the results of the batches before.

What `where` or a rule leaves out, and what was asked for before, is asked again of the sampler, so that a batch is as
large as the file says. The batches follow from the file and the scores alone; a search with more trials begins with
the batches of one with fewer.
"""

import math
from collections.abc import Generator, Sequence

from mlpcli.config import RunOptions
from mlpcli.config.rules import conflicts
from mlpcli.sweeps.search.samplers import OptunaSampler
from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Steps
from mlpcli.sweeps.spec.option_tables import Table
from mlpcli.sweeps.spec.sweep_file import SweepFile

__all__ = ["Sampled"]

PATIENCE = 50
"""Values in a row that the sampler proposes in vain; then they are drawn at random."""

MOST = 10_000
"""Random draws in vain after which the search ends: the options that `where` allows have all been asked for."""


class Sampled(Steps):
    """Asks for `trials` configurations, batch by batch."""

    def __init__(self, file: SweepFile) -> None:
        super().__init__()
        assert file.search is not None
        self.names = tuple(file.search.options)
        self._file, self._search = file, file.search
        self._asked, self._ended = 0, False
        self._seen: set[str] = set()
        self._where = [condition for condition in file.where if "seed" not in condition.names]

    def remaining(self, seeds: int) -> int:
        """The configurations not yet asked for, each with every seed."""
        return 0 if self._ended else (self._search.trials - self._asked) * seeds

    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        """Batches until all trials are asked for, or nothing is left to ask for."""
        sampler = OptunaSampler(self._search)
        sizes = self._search.batches()
        for number, size in enumerate(sizes, start=1):
            asked: list[tuple[int, Table]] = []
            while len(asked) < size and (found := self._next(sampler)):
                asked.append(found)
            self._asked += len(asked)
            self._ended = len(asked) < size
            if asked:
                name = f"batch {number} of {len(sizes)}"
                outcomes = yield Batch([Proposal(given) for _, given in asked], name=name)
                for (told, _), outcome in zip(asked, outcomes, strict=True):
                    _tell(sampler, told, outcome)
            if self._ended:
                return

    def _next(self, sampler: OptunaSampler) -> tuple[int, Table] | None:
        """The next values that can train and are new; None if there seem to be none."""
        for _ in range(PATIENCE):
            number, given = sampler.ask()
            if self._is_new(given):
                return number, given
            sampler.reject(number)
        from numpy.random import PCG64, Generator, SeedSequence

        stream = Generator(PCG64(SeedSequence(self._search.seed, spawn_key=(len(self._seen),))))
        for _ in range(MOST):
            places = dict(zip(self.names, stream.random(len(self.names)).tolist(), strict=True))
            if self._is_new({name: kind.at(places[name]) for name, kind in self._search.options.items()}):
                return sampler.ask(places)
        return None

    def _is_new(self, given: Table) -> bool:
        """Whether values can train and were not asked for before; from now on they were."""
        if (key := repr(given)) in self._seen or not self._can_train(self._file.options(given)):
            return False
        self._seen.add(key)
        return True

    def _can_train(self, options: RunOptions) -> bool:
        if any(conflicts(options)):
            return False
        try:
            return all(condition.holds(options) for condition in self._where)
        except ValueError:
            return False


def _tell(sampler: OptunaSampler, number: int, outcome: Scored) -> None:
    if outcome.configuration is None:
        sampler.tell_stopped(number, None)
        return
    if not math.isfinite(outcome.mean):
        sampler.tell_stopped(number, None)
    elif outcome.ended:
        sampler.tell(number, outcome.mean)
    else:
        sampler.tell_stopped(number, outcome.mean)
