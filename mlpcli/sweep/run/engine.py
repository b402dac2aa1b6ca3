"""Runs the trials of a sweep that are missing, rung by rung, and records each as it comes to its end.

The parent is the only writer. What a trial's record says depends on the trial alone, so in which order, stack or
process it was trained, and how often the sweep was interrupted, shows nowhere.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from threading import Thread
from typing import Any

from mlpcli.errors import BadResult
from mlpcli.results import statistics
from mlpcli.results.csv_text import table
from mlpcli.results.summary import Configuration, summarize, summary_columns
from mlpcli.results.sweep_folder import Record, SweepStore
from mlpcli.sweep.plan.resolved import PreparedSweep
from mlpcli.sweep.run.dispatch import dispatch
from mlpcli.sweep.run.jobs import JobMaker
from mlpcli.sweep.run.kept_models import Models
from mlpcli.sweep.run.signals import signals_held
from mlpcli.sweep.run.train_stack import Job, JobResult, KeepModels, Outcome
from mlpcli.sweep.run.watcher import TrialSeen, Watcher
from mlpcli.sweep.spec.halving import best_so_far, survivors
from mlpcli.training.diagnostics import DiagnosticsRow
from mlpcli.training.epoch_rows import EpochRow
from mlpcli.workers.executor import Executor

__all__ = ["Engine"]


class Engine:
    """One run of a sweep over an open store and executor; `run` it, then `summary` has the rows of summary.csv.

    `models` are those it keeps. It receives its own jobs: `running`, `done`, `failed` and `lost` are for `dispatch`.
    """

    def __init__(
        self,
        sweep: PreparedSweep,
        store: SweepStore,
        executor: Executor,
        watcher: Watcher,
        keep_models: KeepModels = "best",
        fail_fast: bool = False,
    ) -> None:
        self.sweep, self.store, self.executor, self.watcher = sweep, store, executor, watcher
        self.models = Models(sweep, store, keep_models)
        self.summary: list[dict[str, Any]] = []
        self._fail_fast = fail_fast
        self._plan, self._jobs = sweep.plan, JobMaker(sweep, executor)
        self._columns = ("parameters", "epochs_run", "best_epoch", *sweep.scores)
        self._alive = set(range(sweep.plan.configurations))
        self._rows: dict[int, list[EpochRow]] = {}
        self._diagnostics: dict[int, list[DiagnosticsRow]] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._spent = self._estimated = 0.0

    def run(self) -> None:
        """Train what is missing up to each rung, prune there, and put the folder in order.

        Raises:
            BadResult: with `fail_fast`, at the first trial that failed or diverged.
            ClusterLost: the cluster is gone; what was recorded stays.
        """
        Thread(target=statistics.load, name="mlpcli-statistics").start()  # needed at the end, while workers train now
        self._tell(sorted(self.store.known), known=True)
        for rung in self._plan.rungs:
            self._train(self._missing(rung.epochs), rung.epochs, self.models.keep)
            self._prune(rung.epochs, rung.keep)
        self._train(self._missing(self.sweep.epochs), self.sweep.epochs, self.models.keep)
        if missing := self.models.missing():
            self.watcher.note(f"models to be kept that are not there: {len(missing)}; these trials are trained again")
            self._train(missing, self.sweep.epochs, "all")
        self.models.clear()
        self._summarize()

    def running(self, jobs: Iterable[Job]) -> None:
        """Tell which trials are in training."""
        self.watcher.running([n for job in jobs for at, n in enumerate(job.trials) if at not in job.pruned])

    def done(self, job: Job, result: JobResult) -> None:
        """Record the trials of a job that ended; remember how far the others have come."""
        ended = []
        for position, (number, outcome) in enumerate(zip(job.trials, result.outcomes, strict=True)):
            if position in job.pruned:
                continue
            share = outcome.result["epochs_run"] / job.runs[0].epochs if self._plan.rungs else 1.0
            self._spent += outcome.result["time_s"]
            self._estimated += share * job.seconds / len(job.trials)
            if number in self.store.known:  # trained once more, for its model
                if outcome.model is not None:
                    self.models.save(number, outcome.model)
                continue
            if job.progress is None:
                self._rows[number], self._diagnostics[number] = [], []
            self._rows[number] += outcome.rows
            self._diagnostics[number] += outcome.diagnostics
            self._outcomes[number] = outcome
            if outcome.ended:
                ended.append(number)
        if result.progress is not None:
            self._jobs.keep(job, result.progress)
        self._expect()
        self._record(ended)

    def failed(self, job: Job, reason: str) -> None:
        """Record a trial that could not be trained."""
        (number,) = job.trials
        if number in self.store.known:
            self.watcher.note(f"trial {number}: its model is missing and could not be made again: {reason}")
            return
        for known in (self._rows, self._diagnostics, self._outcomes):
            known.pop(number, None)
        self._add([(number, {**dict.fromkeys(self._columns), "state": "failed", "error": reason, "time_s": None}, [])])

    def lost(self, trials: int, reason: str) -> None:
        """Say that a stack is tried again."""
        what = "a trial" if trials == 1 else f"a stack of {trials} trials"
        self.watcher.note(f"{what} came to nothing ({reason}) and is tried again{' in halves' * (trials > 1)}")

    def _expect(self) -> None:
        """Say how long all takes, by the estimate and by how it compares with the jobs that were done."""
        pace = self._spent / self._estimated if self._estimated else 1.0
        self.watcher.expect(self._jobs.seconds * self._plan.epochs_share * pace)

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

    def _train(self, numbers: Sequence[int], until: int, keep_models: KeepModels) -> None:
        """Bring these trials to epoch `until`, or to their end."""
        jobs = self._jobs.make(numbers, until, keep_models)
        self._expect()
        dispatch(self.executor, jobs, self)

    def _prune(self, epochs: int, keep: int) -> None:
        """At a rung, let the best configurations live and record the others as pruned there."""
        known, living = self.store.known, sorted(self._alive)
        scores = [[self._best_value(number, epochs) for number in self._plan.numbers(index)] for index in living]
        kept = {living[index] for index in survivors(scores, keep, larger_is_better=self.sweep.larger)}
        dropped = [number for index in living if index not in kept for number in self._plan.numbers(index)]
        self._alive = kept
        self._jobs.keep_only(number for index in kept for number in self._plan.numbers(index))
        self.store.forget([number for number in dropped if number in known and _begun(known[number]) > epochs])
        absent = [number for number in dropped if number not in known and number not in self._outcomes]
        self._train(absent, epochs, "none")
        self._record([number for number in dropped if number not in known], state="pruned")

    def _best_value(self, number: int, epochs: int) -> float:
        """The best value of the metric in the first epochs of a trial; nan if it failed or diverged in them."""
        record = self.store.known.get(number)
        if record is not None and record["state"] in ("failed", "diverged") and _begun(record) <= epochs:
            return math.nan
        rows: Sequence[EpochRow] = self._rows[number] if record is None else self.store.epochs(number)
        values = (row[self.sweep.metric] for row in rows[:epochs])
        finite = (math.nan if value is None else value for value in values)
        return best_so_far(finite, larger_is_better=self.sweep.larger)

    def _record(self, numbers: Iterable[int], state: str | None = None) -> None:
        """Write trials that ended, or that a rung stopped, to the store, with the models that are to be kept."""
        entries, diagnostics = [], {}
        for number in numbers:
            outcome = self._outcomes.pop(number)
            record = _record_of(outcome, self._columns)
            record["state"] = state or record["state"]
            self.models.offer(number, record, outcome.model)
            entries.append((number, record, self._rows.pop(number)))
            diagnostics[number] = self._diagnostics.pop(number)
        self._add(entries, diagnostics)

    def _add(
        self,
        entries: Sequence[tuple[int, Record, Sequence[EpochRow]]],
        diagnostics: Mapping[int, Sequence[DiagnosticsRow]] | None = None,
    ) -> None:
        """Put trials on disk, then tell of them."""
        if not entries:
            return
        with signals_held():
            self.store.add(entries, diagnostics)
        self._tell([number for number, _, _ in entries])
        for number, record, _ in entries:
            if self._fail_fast and record["state"] in ("failed", "diverged"):
                which = self._plan.described(self._plan.configuration_of(number))
                raise BadResult(f"trial {number} ({which}) {record['state']}: {record['error']}")

    def _tell(self, numbers: Iterable[int], *, known: bool = False) -> None:
        for number in numbers:
            record = self.store.known[number]
            value = record.get(self.sweep.metric) if record["state"] in ("complete", "pruned") else None
            configuration, seed = self._plan.configuration_of(number), self.sweep.seed(number)
            seen = TrialSeen(number, configuration, seed, record["state"], value, record["error"])
            self.watcher.trial(seen, known=known)

    def _summarize(self) -> None:
        configurations = [
            Configuration(
                values=self._plan.shown(index),
                records={self.sweep.seed(number): self.store.known[number] for number in self._plan.numbers(index)},
                baseline=self._plan.baselines[index],
            )
            for index in range(self._plan.configurations)
        ]
        varied, metric = self._plan.varied, self.sweep.metric
        self.summary = summarize(configurations, varied, metric, self.sweep.larger)
        self.store.finish(table(summary_columns(varied, metric), self.summary))


def _begun(record: Record) -> int:
    """How many epochs a trial began: one more than it finished if it failed or diverged in that."""
    return (record["epochs_run"] or 0) + (record["state"] in ("failed", "diverged"))


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
