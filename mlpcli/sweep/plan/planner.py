"""From a sweep file to its plan: all combinations gone through once, and everything wrong with them in one message."""

from collections.abc import Hashable, Sequence
from itertools import chain
from pathlib import Path

from mlpcli.config import RunOptions
from mlpcli.config.rules import conflicts, task_conflicts
from mlpcli.sweep.plan.plan import Plan
from mlpcli.sweep.plan.space import Space
from mlpcli.sweep.spec.file import read_sweep
from mlpcli.sweep.spec.halving import Halving
from mlpcli.sweep.spec.problems import Problems
from mlpcli.wording import quote

__all__ = ["MAX_TRIALS", "plan_sweep"]

MAX_TRIALS = 10_000


def plan_sweep(
    path: Path,
    *,
    settings: Sequence[str] = (),
    seeds: str | None = None,
    name: str | None = None,
    max_trials: int = MAX_TRIALS,
) -> Plan:
    """The plan of a sweep file under the flags --set, --seeds, --name and --max-trials.

    Raises one `UsageError` for all problems of the file and of the combinations it plans.
    """
    file, problems = read_sweep(path, settings=settings, seeds=seeds, name=name)
    space = Space(file)
    if space.trials > max_trials:
        problems.add(
            f"{path}",
            f"{space.trials:,} trials are more than {max_trials:,}. Nothing was written. "
            f"Plan fewer, or allow them with --max-trials {space.trials}",
        )
        problems.stop()
    return _Planner(space, problems).plan()


class _Planner:
    """Goes through all combinations once; what is wrong with them joins the problems of the file."""

    def __init__(self, space: Space, problems: Problems) -> None:
        self.space, self.file, self.problems = space, space.file, problems
        self.where = list(self.file.where)
        self.seeds = None if self.file.seeds is None else dict.fromkeys(self.file.seeds)
        self.found: dict[Hashable, int] = {}
        self.broken: dict[tuple[str, str], list[RunOptions]] = {}

    def plan(self) -> Plan:
        """The plan; raises `UsageError` where there are problems."""
        values: list[tuple[object, ...]] = []
        seeds: list[dict[int, None]] = []
        left_out = 0
        for given, point in self.space.combinations():
            options = self.space.options(given)
            wanted = {options.seed: None} if self.seeds is None else self.seeds
            kept = self.kept(options, wanted)
            left_out += len(wanted) - len(kept)
            if not kept:
                continue
            index = self.found.setdefault(self.space.key(options), len(values))
            if index < len(values):
                seeds[index] |= kept
                continue
            self.check_rules(options, point)
            values.append(self.space.values(options))
            seeds.append(kept)
        self.add_problems(values)
        self.problems.stop()
        baselines = self.baselines(values)
        self.problems.stop()
        all_seeds = tuple(self.seeds or ())  # one tuple for all configurations that have them
        of_each = [all_seeds if some is self.seeds else tuple(some) for some in seeds]
        return Plan(self.space, values, of_each, baselines, left_out)

    def kept(self, options: RunOptions, seeds: dict[int, None]) -> dict[int, None]:
        """Those seeds with which a combination stays."""
        if not any("seed" in condition.names for condition in self.where):
            return seeds if self.holds(options) else {}
        return {seed: None for seed in seeds if self.holds(options.model_copy(update={"seed": seed}))}

    def holds(self, options: RunOptions) -> bool:
        for condition in list(self.where):
            try:
                if not condition.holds(options):
                    return False
            except ValueError as error:
                self.where.remove(condition)  # to say it once is enough
                at = self.space.described(options) or "the base"
                self.problems.add(f"{self.file.path}: where {quote(condition.text)}", f"{error}, for {at}")
        return True

    def check_rules(self, options: RunOptions, point: int | None) -> None:
        of_task = () if options.task == "auto" else task_conflicts(options, options.task)
        for conflict in chain(conflicts(options), of_task):
            if self.problems.refused.isdisjoint(conflict.options):
                origins = filter(None, (self.space.origin(name, point) for name in conflict.options))
                self.broken.setdefault((", ".join(origins), conflict.reason), []).append(options)

    def add_problems(self, values: Sequence[tuple[object, ...]]) -> None:
        """The rules that combinations broke, each once, a `where` that leaves nothing, a halving of nothing."""
        for (origins, reason), found in self.broken.items():
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            at = self.space.described(found[0])
            self.problems.add(f"{self.file.path}: {origins}", f"{reason}{at and f' (for {at}{more})'}")
        if not values:
            conditions = " and ".join(quote(condition.text) for condition in self.file.where)
            count = f"{self.space.count} combination{'s' * (self.space.count > 1)}"
            self.problems.add(f"{self.file.path}: where", f"{conditions} leaves nothing of {count}")
        elif self.file.halving is not None and "epochs" not in self.problems.refused:
            self.check_halving(self.file.halving, {self.space.rebuilt(some).epochs for some in values})

    def check_halving(self, halving: Halving, epochs: set[int]) -> None:
        place = f"{self.file.path}: [halving]"
        if len(epochs) > 1:
            found = ", ".join(map(str, sorted(epochs)))
            self.problems.add(place, f"needs one number of epochs for all configurations, got {found}")
        elif halving.min_epochs >= max(epochs):
            self.problems.add(
                f"{place} min_epochs", f"{halving.min_epochs} is not below the {max(epochs)} epochs of a run"
            )

    def baselines(self, values: Sequence[tuple[object, ...]]) -> list[int | None]:
        """For each configuration the one that [compare] makes of it, by default the first."""
        if not self.file.compare:
            return [0] * len(values)
        keys = [self.space.baseline_key(self.space.rebuilt(some)) for some in values]
        baselines = [None if key is None else self.found.get(key) for key in keys]
        if all(baseline is None for baseline in baselines):
            wanted = ", ".join(f"{name} = {quote(value)}" for name, value in self.file.compare.items())
            self.problems.add(f"{self.file.path}: [compare]", f"no configuration has {wanted}")
        return baselines
