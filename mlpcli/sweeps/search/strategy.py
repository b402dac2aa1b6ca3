"""The role of a search strategy: asked for a batch of configurations, told their scores, asked for the next batch.

A strategy knows the sweep file, the configurations it asked for, and their scores over seeds. It knows no executor,
folder or trial number, and draws random numbers from a seed in the file alone. Scores arrive a whole batch at a time,
in the order of the batch, so what it asks for depends on neither jobs nor executor nor the order of completion. A
resumed sweep asks and tells from the first batch on, with recorded scores in place of training, so what it asks for
depends on no interruption either. `tests/sweeps/search/conformance.py` holds every strategy to this.
"""

import math
from abc import abstractmethod
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mlpcli.sweeps.spec.option_tables import Table

__all__ = ["Batch", "Proposal", "Scored", "Steps", "Strategy", "named"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration to train: its options over those of [base].

    `place` is where the file lists this very configuration, `[[points]] 2`, for messages; None if tables generate it.
    """

    given: Table
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Configurations to train side by side, each with every seed; `proposals` are read once, in order.

    `seeds` are those of the file unless given: a strategy that adds seeds by rounds, or confirms the best with fresh
    seeds, names them. Training stops after `epochs` epochs, by default after those of a full run. A configuration that
    was stopped goes on if the very next batch asks for it again; otherwise its trials are recorded as pruned. `name`
    says where the search stands, `batch 3 of 7, rung 2`; it is empty for a batch that the file alone decides.
    `following` is what the next batches are certain to ask for, with the same seeds: it joins the plan at once. With
    `with_baselines` the configurations that [compare] makes of the proposals train too.
    """

    proposals: Iterable[Proposal]
    seeds: Sequence[int] | None = None
    epochs: int | None = None
    name: str = ""
    following: Sequence[Proposal] = ()
    with_baselines: bool = False


def named(*parts: str) -> str:
    """The name of a batch that is a part of another.

    >>> named("batch 3 of 7", "rung 2"), named("", "rung 2")
    ('batch 3 of 7, rung 2', 'rung 2')
    """
    return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Scored:
    """The outcome of a proposal: the number of its configuration, and a score per seed (and fold), larger is better.

    A score is the ranking metric, negated where smaller is better; nan for a trial that failed or diverged. Equal
    proposals have one number and equal scores. A configuration that `where` or a rule leaves out has None and no
    scores. `ended` says that no trial would train any longer; otherwise a score is the best epoch's so far.
    """

    configuration: int | None
    scores: Mapping[Any, float]
    ended: bool

    @property
    def mean(self) -> float:
        """The mean score of a configuration; nan if a trial failed or diverged.

        >>> Scored(0, {0: 0.25, 1: 0.75}, ended=True).mean
        0.5
        """
        return math.fsum(self.scores.values()) / len(self.scores)


class Strategy(Protocol):
    """Chooses the configurations of a sweep, batch by batch."""

    @property
    def names(self) -> Sequence[str]:
        """The options that vary, in the order of the columns of trials.csv; known before the first batch."""

    def remaining(self, seeds: int) -> int:
        """The most trials that batches not yet asked for can add to the plan, if the file has this many seeds.

        Those of proposals that the `following` of a batch has named are in the plan already.

        Computed without building them, so 10^9 are refused in milliseconds.
        """

    def ask(self) -> Batch | None:
        """The next batch; None when the search is over. Every batch is followed by `tell`."""

    def tell(self, outcomes: Sequence[Scored]) -> None:
        """Take the outcomes of the last batch, one per proposal, in its order."""


class Steps:
    """Ask and tell for a strategy written as a generator, which yields batches and receives their outcomes."""

    def __init__(self) -> None:
        self._generator = self.steps()
        self._outcomes: Sequence[Scored] | None = None  # between `tell` and `ask`

    @abstractmethod
    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        """The course of the search."""

    def ask(self) -> Batch | None:
        """Run up to the next batch."""
        outcomes, self._outcomes = self._outcomes, None  # the scores of a large batch need not stay in memory
        try:
            return next(self._generator) if outcomes is None else self._generator.send(outcomes)
        except StopIteration:
            return None

    def tell(self, outcomes: Sequence[Scored]) -> None:
        """Keep the outcomes for when the next batch is asked for."""
        self._outcomes = outcomes
