"""Between plan and engine: every trial resolved against its prepared data, which gives it its identity."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mlpcli.config import DataOptions, RunOptions, run_ids, stack_key, usage_error
from mlpcli.config.metrics import PARTS, Measure, epoch_columns, metrics_of, undefined
from mlpcli.data import Prepared, prepare
from mlpcli.errors import MlpcliError, UsageError
from mlpcli.results.trial import Trial
from mlpcli.sweeps.plan.caches import core_cache
from mlpcli.sweeps.plan.stacks import Group
from mlpcli.sweeps.plan.sweep_plan import Plan, Repeat, Round
from mlpcli.sweeps.plan.training_cost import Cost, cost_of
from mlpcli.sweeps.search.strategy import Scored
from mlpcli.sweeps.spec.ranking_metric import Kind, ranking_metric
from mlpcli.training.loop.diagnostics import DIAGNOSTIC_COLUMNS
from mlpcli.training.metrics.evaluate import is_defined
from mlpcli.training.planned_run import plan_run, resolve_run

__all__ = ["PreparedSweep"]

_Runs = dict[Repeat, tuple[str, Prepared]]
"""The run_id and the data of each run of a configuration."""


class _Resolved(NamedTuple):
    """The resolved options of a configuration on its data, with any of its seeds."""

    configuration: int
    data: Prepared
    options: RunOptions


class PreparedSweep:
    """A plan with its trials and the data of each by number, and what follows from all of them.

    `metric` ranks; `columns` are those of an epoch in metrics.csv, `scores` the metrics of trials.csv. No trial trains
    for more than `epochs`. All of it follows from the first batch; what later batches add is prepared by `rounds`.
    """

    def __init__(self, plan: Plan, data_home: Path | None) -> None:
        """Prepare every dataset that the plan needs, once, and resolve every trial.

        Raises:
            UsageError: options that do not suit a sweep or their data, all of them in one message.
            DataError, Unavailable, FileError: as `prepare`.
        """
        self.plan = plan
        self.trials: list[Trial] = []
        self.data: list[Prepared] = []
        self.epochs = 0
        self._data_home = data_home
        self._loaded: dict[DataOptions, Prepared] = {}
        self._latest: _Resolved | None = None
        self._monitors: dict[str, None] = {}  # what the runs of the first round monitor
        planned = len(plan)
        plan.first = self._prepare(plan.first)
        plan.duplicates += planned - len(plan)
        kinds = [_kind_of(data) for data in self._loaded.values()]
        tasks = dict.fromkeys(kind.task for kind in kinds)
        self.metric = ranking_metric(plan.file.metric, kinds, every_epoch=plan.file.halving is not None)
        self._check_defined(self._loaded.values())
        self.caution = self._caution()
        asked = (self.metric, *self._monitors)
        metrics = dict.fromkeys(metric for task in tasks for metric in metrics_of(task, *asked))
        self.columns = tuple(dict.fromkeys(column for task in tasks for column in epoch_columns(task, *asked)))
        self.diagnostics = DIAGNOSTIC_COLUMNS if plan.options(0).record else ()
        self.scores = tuple(str(Measure(part, metric)) for part in PARTS for metric in metrics)

    def _caution(self) -> str | None:
        """What the ranking cannot show: ensembles of different sizes validate on different rows, network by network."""
        sizes = {key.ensemble if data.folds is not None else 1 for key, data in self._loaded.items()}
        if Measure.parse(self.metric).part != "val" or len(sizes) == 1:
            return None
        return (
            f"{self.metric} of different values of ensemble is measured on different rows, and of single networks, so "
            "ranks and p-values do not compare them. Set folds = 5, or a val_dataset, on which averages are scored"
        )

    def rounds(
        self,
        score: Callable[[int, int | None], tuple[float, bool]],
        told: Callable[[Round, Mapping[int, Scored]], None] = lambda asked, outcomes: None,
    ) -> Iterator[Round]:
        """The rounds of the search; each is to be trained before the next is asked for.

        `score` gives for a trial of the last round, and the epochs of that round, the value of the metric (nan if the
        trial failed or diverged) and whether the trial has come to its end. `told` receives each round with what the
        strategy is told of it, by configuration.
        """
        key = Measure.parse(self.metric).metric.key
        following: Round | None = self.plan.first
        while following is not None:
            if following.epochs is not None and following.epochs >= self.epochs:
                following = replace(following, epochs=None)
            yield following
            outcomes: dict[int, Scored] = {}
            for configuration, numbers in following.trials.items():
                found = {self.plan.repeat(number): score(number, following.epochs) for number in numbers}
                scores = {repeat: -key(value) for repeat, (value, _) in found.items()}
                outcomes[configuration] = Scored(configuration, scores, all(ended for _, ended in found.values()))
            told(following, outcomes)
            left_out = Scored(None, {}, ended=True)
            following = self.plan.tell([left_out if one is None else outcomes[one] for one in following.placed])
            if following is not None:
                following = self._prepare(following)

    def options(self, number: int) -> RunOptions:
        """The options of a trial, resolved; made when asked for, since those of all trials would fill the memory."""
        configuration, data, repeat = self.plan.configuration_of(number), self.data[number], self.plan.repeat(number)
        latest = self._latest
        if latest is None or latest.configuration != configuration or latest.data is not data:
            options = self.plan.repeated(self.plan.options(configuration), repeat)
            latest = self._latest = _Resolved(configuration, data, resolve_run(options, data, threads=1))
        return latest.options.model_copy(update={"seed": repeat[0]})  # another fold is other data

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
        return cost_of(
            self.options(number), len(data.features), data.preprocessing.outputs, len(data.train), core_cache()
        )

    def _prepare(self, asked: Round) -> Round:
        """Load the data and make the identities of all trials that have joined the plan with a round.

        Configurations that resolve to the same run become one. Those that cannot train are left out of the round; in
        the first one, which the file alone decides, that is an error.
        """
        start = len(self.trials)
        joined: dict[int, _Runs] = {}
        changes: dict[int, int | None] = {}
        refused: dict[str, None] = {}
        for configuration, repeats in self.plan.joined(start):
            runs, options = joined.setdefault(configuration, {}), self.plan.options(configuration)
            problems = [problem] if (problem := _not_in_a_sweep(options, self.plan)) else []
            for key, own in self._by_data(options, repeats).items():
                try:
                    runs.update(self._identified(options, key, own))
                except MlpcliError as error:
                    if start == 0 and not isinstance(error, UsageError):
                        raise
                    problems.append(f"{self.plan.described(configuration) or 'the base'}: {error}")
            if problems:
                changes[configuration] = None
                refused |= dict.fromkeys(problems)
            else:
                self.epochs = max(self.epochs, options.epochs)
        if start == 0 and refused:
            raise usage_error(refused)
        owners = {trial.run_id: trial.configuration for trial in self.trials} if joined else {}
        for configuration, runs in joined.items():
            if configuration in changes:
                continue
            if (same := self._same(runs, owners)) is not None:
                changes[configuration] = same
            else:
                owners.update((run_id, configuration) for run_id, _ in runs.values())
        places: Mapping[int, int | None] = {}
        if changes:
            asked, places = self.plan.revise(asked, start, changes)
        self._add(start, joined, places)
        return replace(asked, refused=(*asked.refused, *refused))

    def _same(self, runs: _Runs, owners: Mapping[str, int]) -> int | None:
        """The configuration that is the same run with every seed and fold that both have, if there is one."""
        found = {run_id: owners.get(run_id) for run_id, _ in runs.values()}
        candidates = {owner for owner in found.values() if owner is not None}
        if len(candidates) != 1:
            return None
        (same,) = candidates
        shared = runs.keys() & set(map(self.plan.repeat, self.plan.numbers(same)))
        return same if all(found[runs[repeat][0]] == same for repeat in shared) else None

    def _add(self, start: int, joined: Mapping[int, _Runs], places: Mapping[int, int | None]) -> None:
        """Add the trials from number `start` on, after their configurations moved to `places`."""
        runs: dict[int | None, _Runs] = {}
        for index, own in joined.items():
            place = places.get(index, index)
            runs[place] = own | runs.get(place, {})
        shown: dict[int, dict[str, object]] = {}  # one for all trials of a configuration
        for number in range(start, len(self.plan)):
            configuration, repeat = self.plan.configuration_of(number), self.plan.repeat(number)
            if configuration not in shown:
                values = self.plan.shown(configuration)
                shown[configuration] = dict(zip(self.plan.varied, values, strict=True))
            run_id, data = runs[configuration][repeat]
            self.trials.append(Trial(number, configuration, run_id, repeat[0], shown[configuration], fold=repeat[1]))
            self.data.append(data)

    def _by_data(self, options: RunOptions, repeats: Sequence[Repeat]) -> dict[DataOptions, Sequence[Repeat]]:
        """The runs of a configuration by the data that they train on: one for all, or one for each split."""
        if not self.plan.file.folds and options.split_seed != "seed":
            return {options.data: repeats}
        found: dict[DataOptions, list[Repeat]] = {}
        for repeat in repeats:
            found.setdefault(self.plan.repeated(options, repeat).data, []).append(repeat)
        return dict(found)

    def _identified(self, options: RunOptions, key: DataOptions, repeats: Sequence[Repeat]) -> _Runs:
        """The run_id and the data of runs of a configuration that share their data."""
        data = self._load(key)
        resolved = plan_run(self.plan.repeated(options, repeats[0]), data, threads=1).options
        if not self.trials:
            self._monitors[resolved.monitor] = None
        id_of = run_ids(resolved, data.digest)
        return {repeat: (id_of(repeat[0]), data) for repeat in repeats}

    def _load(self, key: DataOptions) -> Prepared:
        if key not in self._loaded:
            data = prepare(key, self._data_home)
            if self.trials:  # the first round has decided on metric and columns
                ranking_metric(self.metric, [_kind_of(data)])
                self._check_defined([data])
                if not set(epoch_columns(data.task)) <= set(self.columns):
                    raise UsageError(
                        f"task: metrics.csv has no columns for {data.task}, the first batch has none of it"
                    )
            self._loaded[key] = data
        return self._loaded[key]

    def _check_defined(self, loaded: Iterable[Prepared]) -> None:
        """Check that the rows of these datasets define the metric that ranks.

        Raises:
            UsageError: they do not.
        """
        measure = Measure.parse(self.metric)
        for data in loaded:
            for part in data.validations if measure.part == "val" else [data.parts[measure.part]]:
                if not is_defined(measure.metric, part, data.preprocessing):
                    raise usage_error([f"metric on dataset {data.name!r}: {undefined(measure, len(part))}"])


def _kind_of(data: Prepared) -> Kind:
    """Facts that decide which metrics the trials on this dataset have."""
    return Kind(data.task, len(data.targets), len(data.train), min(map(len, data.validations), default=0))


def _not_in_a_sweep(options: RunOptions, plan: Plan) -> str | None:
    """Why a trial cannot have these options, if so."""
    if options.threads not in ("auto", 1):
        return f"threads: got {options.threads}, but a sweep trains with one BLAS thread per trial"
    if options.record_weights:
        return "record_weights: a sweep keeps no weights of epochs; use train --from SWEEP/17 --record-weights instead"
    if options.record != plan.options(0).record:
        return "record: got true and false, but it changes no number; set it once, in [base]"
    return None
