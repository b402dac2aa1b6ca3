"""Runs the trials of a sweep that are missing, rung by rung, and records each as it comes to its end.

The parent is the only writer. What a trial's record says depends on the trial alone, so in which order, stack or
process it was trained, and how often the sweep was interrupted, shows nowhere.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from mlpcli.errors import BadResult
from mlpcli.results.csv_text import table
from mlpcli.results.store import Record, SweepStore
from mlpcli.results.summary import Configuration, summarize, summary_columns
from mlpcli.sweep.dispatch import dispatch
from mlpcli.sweep.executors import SweepExecutor
from mlpcli.sweep.halving import best_so_far, survivors
from mlpcli.sweep.prepare import PreparedSweep, groups_of
from mlpcli.sweep.stacks import make_stacks
from mlpcli.sweep.work import Job, JobResult, Outcome, Progress, run_job
from mlpcli.training.trainer import EpochRow

__all__ = ["Engine", "KeepModels", "TrialSeen", "Watcher"]

KeepModels = Literal["none", "best", "all"]


@dataclass(frozen=True)
class TrialSeen:
    """A trial that has come to its end, as whoever watches is told."""

    trial: int
    configuration: int
    seed: int
    state: str
    value: float | None
    error: str | None


class Watcher(Protocol):
    """Is told what happens."""

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """A trial ended now or, if `known`, in an earlier run of the sweep."""

    def note(self, text: str) -> None:
        """Something worth a line."""


class Engine:
    """One run of a sweep over an open store and executor; `run` it, then `summary` has the rows of summary.csv."""

    def __init__(
        self,
        sweep: PreparedSweep,
        store: SweepStore,
        executor: SweepExecutor,
        watcher: Watcher,
        keep_models: KeepModels = "best",
        fail_fast: bool = False,
    ) -> None:
        self.sweep, self.store, self.executor, self.watcher = sweep, store, executor, watcher
        self.keep_models, self.fail_fast = keep_models, fail_fast
        self.summary: list[dict[str, Any]] = []
        self._plan, self._runs = sweep.plan, sweep.runs
        self._alive = set(range(self._plan.configurations))
        self._rows: dict[int, list[EpochRow]] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._stacks: list[tuple[tuple[int, ...], Progress]] = []
        self._best_place = (math.inf, 0)

    def run(self) -> None:
        """Train what is missing up to each rung, prune there, and put the folder in order.

        Raises:
            BadResult: with `fail_fast`, at the first trial that failed or diverged.
            ClusterLost: the cluster is gone; what was recorded stays.
        """
        rungs = self._plan.rungs
        reached = {rung.epochs for rung in rungs}
        pruned = {number for number, record in self.store.known.items() if record["state"] == "pruned"}
        self.store.forget(n for n in pruned if self.store.known[n]["epochs_run"] not in reached)
        for number in sorted(self.store.known):
            self._tell(number, known=True)
        for rung in rungs:
            self._train(self._missing(rung.epochs), rung.epochs)
            self._prune(rung.epochs, rung.keep)
        last = max(run.options.epochs for run in self._runs)
        self._train(self._missing(last), last)
        self._rescue_models()
        self._summarize()

    def _missing(self, until: int) -> list[int]:
        """The living trials that have neither ended nor come as far as epoch `until`."""
        missing = []
        for configuration in sorted(self._alive):
            for number in self._plan.numbers(configuration):
                record = self.store.known.get(number)
                if record is not None and (record["state"] != "pruned" or record["epochs_run"] >= until):
                    continue
                self.store.forget([number])  # it was pruned here once, and now lives on
                if number not in self._outcomes or len(self._rows[number]) < until:
                    missing.append(number)
        return missing

    def _train(self, numbers: Sequence[int], until: int) -> None:
        """Bring these trials to epoch `until`, or to their end."""
        if numbers:
            dispatch(self.executor, list(self._jobs(numbers, until)), self._take, self._fail, self.watcher.note)

    def _jobs(self, numbers: Sequence[int], until: int) -> Iterator[Job]:
        """Stacks that can go on, without those of them that are not wanted, then new ones."""
        wanted = set(numbers)
        stacks, self._stacks = self._stacks, []
        for trials, progress in stacks:
            if wanted.intersection(trials):
                pruned = [position for position, number in enumerate(trials) if number not in wanted]
                yield self._job(trials, until, progress, pruned)
                wanted.difference_update(trials)
        groups = groups_of(self._runs, sorted(wanted))
        for stack in make_stacks(groups, self.executor.jobs) if groups else ():
            yield self._job(stack.trials, until)

    def _job(
        self, trials: Sequence[int], until: int, progress: Progress | None = None, pruned: Sequence[int] = ()
    ) -> Job:
        data = self._runs[trials[0]].data
        models = {"none": (), "best": None, "all": range(len(trials))}[self.keep_models]
        return Job(
            trials=tuple(trials),
            runs=[self._runs[number].options for number in trials],
            run_ids=[self._runs[number].run_id for number in trials],
            data=self.executor.share(data.folder.name, data.folder),
            name=data.name,
            scale=data.scale,
            until=until,
            metric=self.sweep.metric,
            larger=self.sweep.larger,
            models=models,
            progress=progress,
            pruned=pruned,
            again=until < self._runs[trials[0]].options.epochs,
        )

    def _take(self, job: Job, result: JobResult) -> None:
        """Record the trials of a job that ended; remember how far the others have come."""
        ended = []
        for position, (number, outcome) in enumerate(zip(job.trials, result.outcomes, strict=True)):
            if position in job.pruned or number in self.store.known:
                continue
            first = outcome.rows[0]["epoch"] if outcome.rows else None
            before = [] if first == 1 else self._rows.get(number, [])
            self._rows[number] = before + outcome.rows
            self._outcomes[number] = outcome
            if outcome.ended:
                ended.append(number)
        if result.progress is not None:
            self._stacks.append((tuple(job.trials), result.progress))
        self._record(ended)

    def _fail(self, job: Job, reason: str) -> None:
        """Record a trial that could not be trained."""
        (number,) = job.trials
        record = {**dict.fromkeys(self._columns()), "state": "failed", "error": reason, "time_s": None}
        self.store.add([(number, record, [])])
        self._forget(number)
        self._tell(number)
        self._stop_if_failed(number)

    def _record(self, numbers: Iterable[int], state: str | None = None) -> None:
        """Write trials that ended to the store, with the models that are to be kept."""
        numbers = list(numbers)
        entries = []
        for number in numbers:
            outcome = self._outcomes[number]
            record = _record_of(outcome, self._columns())
            if state is not None:
                record["state"] = state
            if outcome.model is not None and record["state"] == "complete" and self._is_kept(number, record):
                self.store.save_model(self._runs[number].run_id, outcome.model)
            entries.append((number, record, self._rows[number]))
        if entries:
            self.store.add(entries)
        for number in numbers:
            self._forget(number)
            self._tell(number)
        for number in numbers:
            self._stop_if_failed(number)

    def _forget(self, number: int) -> None:
        self._rows.pop(number, None)
        self._outcomes.pop(number, None)

    def _prune(self, epochs: int, keep: int) -> None:
        """At a rung, let the best configurations live and record the others as pruned there."""
        living = sorted(self._alive)
        scores = [[self._best(number, epochs) for number in self._plan.numbers(index)] for index in living]
        kept = {living[index] for index in survivors(scores, keep, larger_is_better=self.sweep.larger)}
        dropped = [number for index in living if index not in kept for number in self._plan.numbers(index)]
        self._alive = kept
        longer = [n for n in dropped if n in self.store.known and self.store.known[n]["epochs_run"] is not None]
        longer = [n for n in longer if self.store.known[n]["epochs_run"] > epochs]
        self.store.forget(longer)
        absent = [n for n in dropped if n not in self.store.known and n not in self._outcomes]
        self._train(absent, epochs)
        self._record([n for n in dropped if n not in self.store.known], state="pruned")

    def _best(self, number: int, epochs: int) -> float:
        """The best value of the metric in the first epochs of a trial; nan if it failed or diverged."""
        record = self.store.known.get(number)
        if record is not None and record["state"] in ("failed", "diverged") and (record["epochs_run"] or 0) < epochs:
            return math.nan
        rows: Sequence[EpochRow] = self._rows.get(number, []) if record is None else self.store.epochs(number)
        values = (row[self.sweep.metric] for row in rows[:epochs])
        return best_so_far(
            (math.nan if value is None else value for value in values), larger_is_better=self.sweep.larger
        )

    def _is_kept(self, number: int, record: Record) -> bool:
        """Whether a trial's model is to stay, as far as is known now."""
        return self.keep_models == "all" or self._place(number, record) <= self._best_place

    def _place(self, number: int, record: Record) -> tuple[float, int]:
        """What the best complete trial has least of: by the metric, then the first of equals."""
        value = record.get(self.sweep.metric)
        if record["state"] != "complete" or value is None:
            return math.inf, number
        return -value if self.sweep.larger else value, number

    def _rescue_models(self) -> None:
        """Keep exactly the models that are asked for; train again those that are not there.

        That happens when the plan or --keep-models changed since a trial was recorded.
        """
        complete = [number for number, record in self.store.known.items() if record["state"] == "complete"]
        best = [self._best_place[1]] if math.isfinite(self._best_place[0]) else []
        wanted = {"none": [], "best": best, "all": complete}[self.keep_models]
        absent = [number for number in wanted if not self.store.model(self._runs[number].run_id).is_file()]
        for stack in make_stacks(groups_of(self._runs, absent), self.executor.jobs) if absent else ():
            job = self._job(stack.trials, max(self._runs[number].options.epochs for number in stack.trials))
            again = self.executor.submit(run_job, replace(job, models=range(len(job.runs)))).result()
            for run_id, outcome in zip(job.run_ids, again.outcomes, strict=True):
                assert outcome.model is not None
                self.store.save_model(run_id, outcome.model)
        self.store.keep_models(self._runs[number].run_id for number in wanted)

    @property
    def best_model(self) -> Path | None:
        """The model file of the best trial, if it was kept."""
        value, number = self._best_place
        if self.keep_models == "none" or not math.isfinite(value):
            return None
        return self.store.model(self._runs[number].run_id)

    def _summarize(self) -> None:
        configurations = [
            Configuration(
                values=self._plan.shown(index),
                records={self._runs[n].options.seed: self.store.known[n] for n in self._plan.numbers(index)},
                baseline=self._plan.baselines[index],
            )
            for index in range(self._plan.configurations)
        ]
        varied, metric = self._plan.varied, self.sweep.metric
        self.summary = summarize(configurations, varied, metric, self.sweep.larger)
        self.store.finish(table(summary_columns(varied, metric), self.summary))

    def _tell(self, number: int, known: bool = False) -> None:
        record = self.store.known[number]
        self._best_place = min(self._best_place, self._place(number, record))
        value = record.get(self.sweep.metric) if record["state"] in ("complete", "pruned") else None
        seed, configuration = self._runs[number].options.seed, self._plan.configuration_of(number)
        self.watcher.trial(TrialSeen(number, configuration, seed, record["state"], value, record["error"]), known=known)

    def _stop_if_failed(self, number: int) -> None:
        record = self.store.known[number]
        if self.fail_fast and record["state"] in ("failed", "diverged"):
            raise BadResult(
                f"trial {number} ({self._plan.described(self._plan.configuration_of(number))}) {record['state']}: "
                f"{record['error']}. What was finished is kept in {self.store.path}"
            )

    def _columns(self) -> tuple[str, ...]:
        return ("parameters", "epochs_run", "best_epoch", *self.sweep.scores)


def _record_of(outcome: Outcome, columns: Sequence[str]) -> Record:
    """A row of trials.csv: a metric that is not finite is an empty cell."""
    result = outcome.result
    cells = {
        f"{part}_{name}": value if math.isfinite(value) else None
        for part, metrics in result["metrics"].items()
        for name, value in (metrics or {}).items()
    }
    row = {**dict.fromkeys(columns), **cells, **{name: result[name] for name in columns[:3]}}
    return {**row, "state": result["state"], "error": outcome.error, "time_s": result["time_s"]}
