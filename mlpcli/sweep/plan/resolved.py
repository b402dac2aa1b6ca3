"""Between plan and engine: every trial resolved against its prepared data, which gives it its identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.config import DataOptions, RunOptions, stack_key, usage_error
from mlpcli.config.metrics import EPOCH_COLUMNS, METRICS
from mlpcli.data import Prepared, prepare
from mlpcli.errors import UsageError
from mlpcli.sweep.plan.cost import Cost, cost_of
from mlpcli.sweep.plan.plan import Plan
from mlpcli.sweep.plan.stacks import Group
from mlpcli.sweep.spec.metric import larger_is_better, ranking_metric
from mlpcli.training.build import output_units
from mlpcli.training.diagnostics import DIAGNOSTIC_COLUMNS
from mlpcli.training.session import plan_run

__all__ = ["PreparedSweep", "prepare_sweep"]


@dataclass(frozen=True)
class PreparedSweep:
    """A plan, with the identity and the data of each trial by number, and what follows from all of them.

    `metric` ranks; `columns` are those of an epoch in metrics.csv, `scores` the metrics of trials.csv; no trial trains
    for more than `epochs`.
    """

    plan: Plan
    run_ids: Sequence[str]
    data: Sequence[Prepared]
    metric: str
    larger: bool
    columns: tuple[str, ...]
    diagnostics: tuple[str, ...]
    scores: tuple[str, ...]
    epochs: int

    def seed(self, number: int) -> int:
        """The seed of a trial."""
        configuration = self.plan.configuration_of(number)
        return self.plan.seeds(configuration)[number - self.plan.numbers(configuration).start]

    def options(self, number: int) -> RunOptions:
        """The options of a trial, resolved; made when asked for, since those of all trials would fill the memory."""
        options = self.plan.options(self.plan.configuration_of(number))
        seeded = options.model_copy(update={"seed": self.seed(number)})
        return plan_run(seeded, self.data[number], threads=1).options

    def groups(self, numbers: Sequence[int]) -> list[Group]:
        """These trials by what can train as one network, with what one of them costs."""
        found: dict[str, list[int]] = {}
        keys: dict[tuple[int, int], str] = {}
        for number in numbers:
            data = self.data[number]
            alike = self.plan.configuration_of(number), id(data)
            if alike not in keys:
                keys[alike] = stack_key(self.options(number), data.digest)
            found.setdefault(keys[alike], []).append(number)
        return [Group(trials, self._cost(trials[0])) for trials in found.values()]

    def _cost(self, number: int) -> Cost:
        data = self.data[number]
        outputs = output_units(data.task, len(data.classes or ()), len(data.targets))
        return cost_of(self.options(number), len(data.features), outputs, len(data.train))


def prepare_sweep(plan: Plan, data_home: Path | None) -> PreparedSweep:
    """Prepare every dataset the plan needs, once, and resolve every trial.

    Raises:
        UsageError: options that do not suit a sweep or their data, all of them in one message.
        DataError, Unavailable, FileError: as `prepare`.
    """
    loaded: dict[DataOptions, Prepared] = {}
    run_ids: list[str] = []
    data: list[Prepared] = []
    problems: dict[str, None] = {}
    epochs = 0
    for trial in plan.trials():
        options, epochs = trial.options, max(epochs, trial.options.epochs)
        if refused := _not_in_a_sweep(options, plan):
            problems[refused] = None
            continue
        key = options.data
        if key not in loaded:
            loaded[key] = prepare(key, data_home)
        try:
            run_ids.append(plan_run(options, loaded[key], threads=1).run_id)
            data.append(loaded[key])
        except UsageError as error:
            problems[f"{plan.described(trial.configuration) or 'the base'}: {error}"] = None
    if problems:
        raise usage_error(problems)
    kinds = [(prepared.task, prepared.val is not None) for prepared in loaded.values()]
    tasks = dict.fromkeys(task for task, _ in kinds)
    metric = ranking_metric(plan.file.metric, kinds)
    names = dict.fromkeys(name for task in tasks for name in METRICS[task])
    return PreparedSweep(
        plan=plan,
        run_ids=run_ids,
        data=data,
        metric=metric,
        larger=larger_is_better(metric),
        columns=tuple(dict.fromkeys(column for task in tasks for column in EPOCH_COLUMNS[task])),
        diagnostics=DIAGNOSTIC_COLUMNS if plan.options(0).record else (),
        scores=tuple(f"{part}_{name}" for part in ("train", "val", "test") for name in names),
        epochs=epochs,
    )


def _not_in_a_sweep(options: RunOptions, plan: Plan) -> str | None:
    """Why a trial cannot have these options, if so."""
    if options.threads not in ("auto", 1):
        return f"threads: got {options.threads}, but a sweep trains with one BLAS thread a trial"
    if options.record != plan.options(0).record:
        return "record: got true and false, but it changes no number; set it once, in [base]"
    return None
