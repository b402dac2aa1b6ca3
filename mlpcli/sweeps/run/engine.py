"""Runs the trials of a sweep that are missing, round by round, and records each as it comes to its end.

The parent is the only writer. The record of a trial depends on the trial alone, so neither the order, stack or process
in which it was trained nor an interruption of the sweep shows anywhere.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

from mlpcli.atomic import shown
from mlpcli.errors import BadResult
from mlpcli.results.folders.sweep_folder import SweepFolder
from mlpcli.results.folders.sweep_ownership import UNUSED
from mlpcli.results.summary import Rival
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.plan.sweep_plan import Round
from mlpcli.sweeps.run.course import Course
from mlpcli.sweeps.run.job_dispatch import AHEAD, dispatch
from mlpcli.sweeps.run.kept_models import KeepModels, Models
from mlpcli.sweeps.run.search_record import SearchRecord
from mlpcli.sweeps.run.stack_jobs import JobMaker
from mlpcli.sweeps.run.sweep_summary import statistics_loaded_meanwhile, summarized
from mlpcli.sweeps.run.sweep_watcher import Watcher
from mlpcli.sweeps.run.time_limit import TimeLimit
from mlpcli.sweeps.run.train_stack import Job, JobResult
from mlpcli.sweeps.run.trial_records import TrialRecords
from mlpcli.sweeps.run.trial_score import epochs_begun
from mlpcli.sweeps.search.strategy import Scored
from mlpcli.wording import counted
from mlpcli.workers.executor import ClusterLost, Executor

__all__ = ["Engine"]


class _OutOfTime(Exception):
    """No job may begin any more."""


class Engine:
    """One run of a sweep over an open folder and executor; after `run`, `summary` has the rows of summary.csv.

    `rivals` is the best configuration beside others where none has a baseline. `models` are those it keeps. `dispatch`
    reports to it through `running`, `done`, `failed` and `lost`. `course` says how far it has come.
    """

    def __init__(
        self,
        sweep: PreparedSweep,
        folder: SweepFolder,
        executor: Executor,
        watcher: Watcher,
        keep_models: KeepModels = KeepModels.BEST,
        fail_fast: bool = False,
        worker_timeout: float | None = None,
        time_limit: TimeLimit | None = None,
    ) -> None:
        self.sweep, self.folder, self.executor, self.watcher = sweep, folder, executor, watcher
        self.models = Models(sweep, folder, keep_models)
        self.summary: list[dict[str, Any]] = []
        self.rivals: list[Rival] = []
        self.course = Course()
        self._worker_timeout = worker_timeout
        self._limit = time_limit or TimeLimit(None)
        self._records = TrialRecords(sweep, folder, self.models, watcher, fail_fast)
        self._record_of_search = SearchRecord(sweep.plan, sweep.metric)
        self._plan, self._jobs = sweep.plan, JobMaker(sweep, executor)
        self._until = array("q")  # by trial, the most epochs that a round wanted of it
        self._stopped: set[int] = set()  # trials that go on only if the next round wants them
        self._pruned: set[int] = set()  # those that no round goes on with
        self._is_news = False  # whether something was trained in this round
        self._start: tuple[int, int] | None = None  # how many trials the first training left out and how many it took

    def run(self) -> None:
        """Train what is missing of each round, prune what no round goes on with, and put the folder in order.

        When the time limit is over, what was recorded stays, and there is no summary.

        Raises:
            BadResult: with `fail_fast`, at the first trial that failed or diverged.
            ClusterLost: the cluster is gone; what was recorded stays.
        """
        self.executor.listener = self.course.hear
        self.watcher.begin(self.course)
        self._tell_known(sorted(self.folder.known))
        with statistics_loaded_meanwhile(), suppress(_OutOfTime), self._keeping_rungs():
            self._search()
            self._conclude()

    @property
    def waiting(self) -> int:
        """The number of trials that are recorded at a rung where no decision has been made yet."""
        known = self.folder.known.items()
        return sum(trial.state == "pruned" and number not in self._pruned for number, trial in known)

    @contextmanager
    def _keeping_rungs(self) -> Iterator[None]:
        """If the sweep ends early, record trials where they were stopped: a rung they have come to is not repeated."""
        try:
            yield
        except (_OutOfTime, KeyboardInterrupt, BadResult, ClusterLost):
            self._records.write(sorted(self._records.unwritten), state="pruned")
            raise

    def _search(self) -> None:
        for asked in self.sweep.rounds(self._records.score, self._told):
            for reason in asked.refused:
                self.watcher.note(f"left out: {reason}")
            self._join()
            self.watcher.round(asked.name)
            self._prune(self._stopped.difference(*asked.trials.values()))
            self._bring(asked)
        self._prune(set(self._stopped))

    def _conclude(self) -> None:
        if missing := self.models.missing():
            self.watcher.note(f"models to be kept that are not there: {len(missing)}; these trials are trained again")
            self._train(missing, self.sweep.epochs, KeepModels.ALL)
        self.models.clear()
        summary = summarized(self.sweep, self.folder.known)
        self.summary, self.rivals = summary.rows, summary.rivals
        self._begin()
        self.folder.finish(summary.text)

    def running(self, jobs: Iterable[Job]) -> None:
        """Tell which trials are in training."""
        self.course.train(jobs, self._records.epochs)
        self.watcher.running([number for stack in self.course.stacks for number in stack.trials])

    def done(self, job: Job, result: JobResult) -> None:
        """Record the trials of a job that have ended; remember the progress of the others."""
        self._is_news = True
        self._limit.learn(job)
        ended: list[int] = []
        epochs, share = 0, 0.0
        for position, (number, outcome) in enumerate(zip(job.trials, result.outcomes, strict=True)):
            if position in job.pruned:
                continue
            epochs += len(outcome.rows)
            share += len(outcome.rows) / max(1, job.runs[0].epochs) if self._stopped else 1.0
            if self._records.take(number, outcome, begins=job.progress is None):
                ended.append(number)
        if result.progress is not None:
            self._jobs.keep(job, result.progress)
        self.course.finish(job, epochs, share)
        self._records.write(ended)

    def failed(self, job: Job, reason: str) -> None:
        """Record a trial that could not be trained."""
        (number,) = job.trials
        self._records.fail(number, reason)

    def lost(self, trials: int, reason: str) -> None:
        """Tell that a stack is tried again."""
        what = "a trial" if trials == 1 else f"a stack of {trials} trials"
        self.watcher.note(f"{what} came to nothing ({reason}) and is tried again{' in halves' * (trials > 1)}")

    def _expect(self) -> None:
        """Tell how much there is to train."""
        plan, epochs = self._plan, self.sweep.epochs
        before, first = self._start or (0, len(plan))
        growth = (len(plan) + plan.coming - before) / max(1, first)
        part = plan.epochs_share * growth
        total = round((len(plan) + plan.coming) * epochs * plan.epochs_share)
        self.course.expect(self._jobs.work * part, self._jobs.seconds * part, total)

    def _join(self) -> None:
        """Let the trials that have joined the plan join the folder and the view."""
        start = len(self.folder.planned)
        self.folder.plan(self.sweep.trials[start:])
        self._until.extend([0] * (len(self._plan) - len(self._until)))
        self.watcher.grown()
        self._tell_known(number for number in range(start, len(self._plan)) if number in self.folder.known)

    def _bring(self, asked: Round) -> None:
        """Train the trials of a round as far as it wants; those that have ended, or come that far, stay as they are."""
        until, missing = asked.epochs or self.sweep.epochs, []
        for number in chain.from_iterable(asked.trials[configuration] for configuration in sorted(asked.trials)):
            self._until[number] = max(until, self._until[number])
            (self._stopped.add if self._until[number] < self.sweep.epochs else self._stopped.discard)(number)
            known = self.folder.known.get(number)
            if known is not None and (known.state != "pruned" or (known.epochs_run or 0) >= until):
                continue
            if number not in self._records.unwritten or self._records.epochs(number) < until:
                missing.append(number)
        self._train(missing, until, self.models.keep)

    def _train(self, numbers: Sequence[int], until: int, keep_models: KeepModels) -> None:
        """Bring these trials to epoch `until`, or to their end."""
        if numbers:  # trials of later rounds stay in the tables as long as nothing new is trained
            self._begin()
            self._start = self._start or (len(self._plan) - len(numbers), len(numbers))
        jobs = self._jobs.make(numbers, until, keep_models)
        self._expect()
        ahead = 1 if self._limit.is_set else AHEAD  # so that a job begins when it is judged
        dispatch(self.executor, self._limit.allowed(jobs), self, self._worker_timeout, ahead)
        if self._limit.is_over:
            raise _OutOfTime

    def _begin(self) -> None:
        """Make the folder ready for results, and tell how many recorded trials had to leave."""
        leaving = len(self.folder.leaving)
        self.folder.begin()
        if leaving:
            trials = counted(leaving, "recorded trial")
            so_far = " so far" * (self._plan.coming > 0)
            self.watcher.note(f"moved to {shown(self.folder.path / UNUSED)}: {trials} that this plan lacks{so_far}")

    def _prune(self, numbers: Set[int]) -> None:
        """Record the trials that no round goes on with as pruned where they were stopped, unless they had ended."""
        self._stopped -= numbers
        self._pruned |= numbers
        self._jobs.keep_only(self._stopped)
        for epochs in sorted({self._until[number] for number in numbers}):
            stopped, known = sorted(n for n in numbers if self._until[n] == epochs), self.folder.known
            self.folder.forget(
                [number for number in stopped if number in known and epochs_begun(known[number]) > epochs]
            )
            absent = [number for number in stopped if number not in known and number not in self._records.unwritten]
            self._train(absent, epochs, KeepModels.NONE)
            self._records.write([number for number in stopped if number not in known], state="pruned")

    def _told(self, asked: Round, outcomes: Mapping[int, Scored]) -> None:
        """Write what a search asked for and was told, and say where it stands."""
        if self._plan.file.search is not None:
            said = self._record_of_search.add(asked, outcomes)
            if self._is_news:
                self.watcher.note(said)
            self.folder.save_search(self._record_of_search.text)
        self._is_news = False

    def _tell_known(self, numbers: Iterable[int]) -> None:
        """Tell of trials that an earlier run of the sweep recorded."""
        for number in numbers:
            self.watcher.trial(trial := self.folder.known[number], known=True)
            self.course.count(trial.epochs_run or 0)
