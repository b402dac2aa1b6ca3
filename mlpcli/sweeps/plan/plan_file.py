"""From a sweep file to its plan: each batch of its strategy gone through once, and all its problems in one message."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlpcli.config import RunOptions
from mlpcli.config.rules import conflicts
from mlpcli.sweeps.plan.combinations import Space
from mlpcli.sweeps.plan.sweep_plan import Plan, Round
from mlpcli.sweeps.search.registry import make_strategy
from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Strategy
from mlpcli.sweeps.spec.problems import Problems
from mlpcli.sweeps.spec.strategy_tables import Halving
from mlpcli.sweeps.spec.sweep_file import read_sweep
from mlpcli.wording import counted, quote

__all__ = ["MAX_TRIALS", "plan_sweep"]

MAX_TRIALS = 10_000

_Seeds = dict[int, None]
"""Seeds in order, each once."""


def plan_sweep(
    path: Path,
    document: dict[str, Any] | None = None,
    *,
    settings: Sequence[str] = (),
    seeds: str | None = None,
    name: str | None = None,
    max_trials: int = MAX_TRIALS,
) -> Plan:
    """The plan of a sweep file, or of the `document` it would hold, under --set, --seeds, --name and --max-trials.

    Raises one `UsageError` for all problems of the file and of the combinations in its first batch.
    """
    file, problems = read_sweep(path, document, settings=settings, seeds=seeds, name=name)
    strategy = make_strategy(file)
    trials = strategy.remaining(1 if file.seeds is None else len(file.seeds)) * max(1, file.folds)
    if trials > max_trials:
        problems.add(
            f"{path}",
            f"{trials:,} trials are more than {max_trials:,}. Nothing was written. "
            f"Plan fewer, or allow them with --max-trials {trials}",
        )
        problems.stop()
    return _Planner(Space(file, strategy.names), strategy, problems).plan


class _Planner:
    """Makes rounds of a strategy's batches, and lets the plan grow by them.

    The first batch follows from the file, so a combination in it that breaks a rule is a problem of the file. Nobody
    can foresee those of later batches: there such a combination is left out, and the round says why.
    """

    def __init__(self, space: Space, strategy: Strategy, problems: Problems) -> None:
        self.space, self.file, self.strategy, self.problems = space, space.file, strategy, problems
        self.where = list(self.file.where)
        self.broken: dict[tuple[str, str], list[RunOptions]] = {}
        self.proposed = self.left_out = 0
        self.foreseen = True
        self.plan = Plan(space, self.tell)
        if (batch := strategy.ask()) is not None:
            self.plan.first = self.take(batch)
        self.plan.left_out = self.left_out
        self.plan.duplicates = (self.proposed - self.left_out) * max(1, self.file.folds) - len(self.plan)
        self.plan.coming = self.coming
        self.add_problems()
        problems.stop()
        self.foreseen = False

    @property
    def coming(self) -> int:
        seeds = 1 if self.file.seeds is None else len(self.file.seeds)
        return self.strategy.remaining(seeds) * max(1, self.file.folds)

    def tell(self, outcomes: Sequence[Scored]) -> Round | None:
        """Take the outcomes of the last round; the next one, with its configurations and trials in the plan."""
        self.strategy.tell(outcomes)
        batch = self.strategy.ask()
        following = None if batch is None else self.take(batch)
        self.plan.coming = self.coming
        return following

    def take(self, batch: Batch) -> Round:
        """Go through a batch once; configurations and trials that are new join the plan."""
        listed = self.file.seeds if batch.seeds is None else batch.seeds
        seeds = None if listed is None else dict.fromkeys(listed)
        self.broken = {}
        placed, asked = self.place(batch.proposals, seeds)
        if batch.with_baselines and seeds is not None:
            self.add_baselines(asked, seeds)
        trials = self.join(asked, seeds)
        refused = () if self.foreseen else tuple(self.broken_rules())
        following, later = self.place(batch.following, seeds)
        self.join(later, seeds)
        return Round(trials, placed, batch.epochs, refused, batch.name, following)

    def place(self, proposals: Iterable[Proposal], seeds: _Seeds | None) -> tuple[list[int | None], dict[int, _Seeds]]:
        """The configuration of each proposal, None where it is left out, and the seeds of each configuration."""
        placed: list[int | None] = []
        asked: dict[int, _Seeds] = {}
        for proposal in proposals:
            options = self.file.options(proposal.given)
            wanted = {options.seed: None} if seeds is None else seeds
            kept = self.kept(options, wanted)
            self.proposed += len(wanted)
            self.left_out += len(wanted) - len(kept)
            index = self.plan.find(options) if kept else None
            if kept and index is None and (not self.breaks_rules(options, proposal) or self.foreseen):
                index = self.plan.add_configuration(options)
            placed.append(index)
            if index is not None:
                asked[index] = asked[index] | kept if index in asked else kept
        return placed, asked

    def add_baselines(self, asked: dict[int, _Seeds], seeds: _Seeds) -> None:
        """Ask for the configurations that [compare] makes of these too, so that differences are paired by seed.

        Those that nothing has asked for so far, as of values that were drawn, join the plan here.
        """
        for options in [self.space.baseline(self.plan.options(index)) for index in asked]:
            if options is None or not (kept := self.kept(options, seeds)):
                continue
            index = self.plan.find(options)
            if index is None and not self.breaks_rules(options, Proposal(self.file.compare)):
                index = self.plan.add_configuration(options)
            if index is not None:
                asked.setdefault(index, kept)

    def join(self, asked: Mapping[int, _Seeds], seeds: _Seeds | None) -> dict[int, Sequence[int]]:
        """Let the trials that are new join the plan; the numbers of all trials that are asked for, by configuration."""
        everyones = tuple(seeds or ())  # one tuple for all configurations that have these seeds
        for index, own in asked.items():
            self.plan.add_seeds(index, everyones if own is seeds else tuple(own))
        return {index: self.plan.numbers_with(index, own) for index, own in asked.items()}

    def kept(self, options: RunOptions, seeds: _Seeds) -> _Seeds:
        """The seeds with which a combination stays."""
        if not any("seed" in condition.names for condition in self.where):
            return seeds if self.holds(options) else {}
        return {seed: None for seed in seeds if self.holds(options.model_copy(update={"seed": seed}))}

    def holds(self, options: RunOptions) -> bool:
        for condition in list(self.where):
            try:
                if not condition.holds(options):
                    return False
            except ValueError as error:
                if not self.foreseen:
                    return False
                self.where.remove(condition)  # one message is enough
                at = self.space.described(options) or "the base"
                self.problems.add(f"{self.file.path}: where {quote(condition.text)}", f"{error}, for {at}")
        return True

    def breaks_rules(self, options: RunOptions, proposal: Proposal) -> bool:
        """Whether options contradict each other; the reasons are noted."""
        found = [rule for rule in conflicts(options) if self.problems.refused.isdisjoint(rule.options)]
        for rule in found:
            origins = filter(None, (self.space.origin(name, proposal) for name in rule.options))
            self.broken.setdefault((", ".join(origins), rule.reason), []).append(options)
        return bool(found)

    def add_problems(self) -> None:
        """The rules that the first batch broke, each once, and tables that do not suit its combinations."""
        self.problems.lines += [f"{self.file.path}: {broken}" for broken in self.broken_rules()]
        if not self.plan.configurations:
            conditions = " and ".join(quote(condition.text) for condition in self.file.where)
            count = len(self.plan.first.placed) + len(self.plan.first.following)
            self.problems.add(
                f"{self.file.path}: where", f"{conditions} leaves nothing of {counted(count, 'combination')}"
            )
            return
        if self.file.halving is not None and "epochs" not in self.problems.refused:
            self.check_halving(self.file.halving)
        is_listed = not self.plan.is_searched and self.file.confirm is None  # [confirm] would add what is absent
        if self.file.compare and is_listed and not self.problems.lines and set(self.plan.baselines) == {None}:
            wanted = ", ".join(f"{name} = {quote(value)}" for name, value in self.file.compare.items())
            self.problems.add(f"{self.file.path}: [compare]", f"no configuration has {wanted}")

    def broken_rules(self) -> Iterator[str]:
        """The rules that the last batch broke, each once: which options, why, and for which combinations."""
        for (origins, reason), found in self.broken.items():
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            at = self.space.described(found[0])
            yield f"{origins}: {reason}{at and f' (for {at}{more})'}"

    def check_halving(self, halving: Halving) -> None:
        place = f"{self.file.path}: [halving]"
        epochs = {self.plan.options(index).epochs for index in range(self.plan.configurations)}
        if len(epochs) > 1:
            found = ", ".join(map(str, sorted(epochs)))
            self.problems.add(place, f"needs one number of epochs for all configurations, got {found}")
        elif halving.min_epochs >= max(epochs):
            self.problems.add(
                f"{place} min_epochs", f"{halving.min_epochs} is not below the {max(epochs)} epochs of a run"
            )
