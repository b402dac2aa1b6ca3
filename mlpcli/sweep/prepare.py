"""Between plan and engine: every trial resolved against its prepared data, which gives it its identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.config import RunOptions, stack_key, usage_error
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.sweep.cost import Cost, cost_of
from mlpcli.sweep.metric import larger_is_better, ranking_metric
from mlpcli.sweep.plan import Plan
from mlpcli.sweep.stacks import Group
from mlpcli.training.build import output_units
from mlpcli.training.metrics import EPOCH_COLUMNS, METRICS
from mlpcli.training.session import Run, load_data, plan_run

__all__ = ["PreparedSweep", "groups_of", "prepare_sweep"]


@dataclass(frozen=True)
class PreparedSweep:
    """The trials of a plan, resolved, by number, and what follows from all of them.

    `metric` ranks; `columns` are those of an epoch in metrics.csv, `scores` the metrics of trials.csv.
    """

    plan: Plan
    runs: Sequence[Run]
    metric: str
    larger: bool
    columns: tuple[str, ...]
    scores: tuple[str, ...]


def prepare_sweep(plan: Plan, data_home: Path | None) -> PreparedSweep:
    """Prepare every dataset the plan needs, once, and resolve every trial.

    Raises:
        UsageError: options that do not suit their data, all of them in one message.
        DataError, Unavailable, FileError: as `prepare`.
    """
    data: dict[object, Prepared] = {}
    runs: list[Run] = []
    problems: dict[str, None] = {}
    for trial in plan.trials():
        options = trial.options
        if options.threads not in ("auto", 1):
            raise usage_error([f"threads: got {options.threads}, but a sweep trains with one BLAS thread a trial"])
        key = _data_key(options)
        if key not in data:
            data[key] = load_data(options, data_home)
        try:
            runs.append(plan_run(options, data[key], threads=1))
        except UsageError as error:
            problems[f"{plan.described(trial.configuration) or 'the base'}: {error}"] = None
    if problems:
        raise usage_error(problems)
    kinds = [(run.data.task, run.data.val is not None) for run in runs]
    tasks = dict.fromkeys(task for task, _ in kinds)
    metric = ranking_metric(plan.file.metric, kinds)
    names = dict.fromkeys(name for task in tasks for name in METRICS[task])
    return PreparedSweep(
        plan=plan,
        runs=runs,
        metric=metric,
        larger=larger_is_better(metric),
        columns=tuple(dict.fromkeys(column for task in tasks for column in EPOCH_COLUMNS[task])),
        scores=tuple(f"{part}_{name}" for part in ("train", "val", "test") for name in names),
    )


def groups_of(runs: Sequence[Run], numbers: Sequence[int]) -> list[Group]:
    """These trials by what can train as one network, with what one of them costs."""
    found: dict[str, list[int]] = {}
    for number in numbers:
        found.setdefault(stack_key(runs[number].options, runs[number].data.digest), []).append(number)
    return [Group(trials, _cost(runs[trials[0]])) for trials in found.values()]


def _cost(run: Run) -> Cost:
    data = run.data
    outputs = output_units(data.task, len(data.classes or ()), len(data.targets))
    return cost_of(run.options, len(data.features), outputs, len(data.train))


def _data_key(options: RunOptions) -> object:
    """Equal for options that ask for the same prepared arrays."""
    split = options.seed if options.split_seed == "seed" else options.split_seed
    sizes = (options.test_size, options.val_size)
    return options.dataset, options.target, options.task, options.scale, sizes, split, options.dtype
