"""Makes jobs of trials: stacks that have begun continue, and trials in none of them form new stacks."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from mlpcli.plugins.files import check_sendable, loaded
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.plan.stacks import make_stacks, makespan
from mlpcli.sweeps.run.kept_models import KeepModels
from mlpcli.sweeps.run.train_stack import Job, Progress
from mlpcli.workers.executor import Executor, Handle

__all__ = ["JobMaker"]


class JobMaker:
    """Makes the jobs of a sweep's trials for one executor, which receives their data once.

    `seconds` estimates the time of the first stacks made, to their last epoch, and `work` what one worker would take.
    """

    def __init__(self, sweep: PreparedSweep, executor: Executor) -> None:
        self._sweep, self._executor = sweep, executor
        self._begun: list[tuple[Job, Progress]] = []
        self._shared: dict[Path, Handle] = {}
        self.seconds = self.work = 0.0

    def keep(self, job: Job, progress: Progress) -> None:
        """Remember how far the stack of a job has come."""
        self._begun.append((job, progress))

    def keep_only(self, numbers: Iterable[int]) -> None:
        """Forget the stacks that contain none of these trials."""
        living = set(numbers)
        self._begun = [(job, progress) for job, progress in self._begun if living.intersection(job.trials)]

    def make(self, numbers: Iterable[int], until: int, keep_models: KeepModels) -> Iterator[Job]:
        """Jobs that train these trials up to epoch `until`; other trials of a stack that has begun leave it.

        Each job is made when its turn comes, so that the options of all trials are never in memory at once.
        """
        wanted, going_on, waiting = set(numbers), [], []
        for job, progress in self._begun:
            if wanted.intersection(job.trials):
                pruned = [position for position, number in enumerate(job.trials) if number not in wanted]
                going_on.append(self._job(job.trials, until, keep_models, job.seconds, progress, pruned))
                wanted.difference_update(job.trials)
            else:
                waiting.append((job, progress))
        going_on.sort(key=_seconds_left, reverse=True)  # as `make_stacks` orders those that begin
        self._begun = waiting
        groups = self._sweep.groups(sorted(wanted))
        stacks = make_stacks(groups, self._executor.jobs) if groups else []
        self.seconds = self.seconds or makespan(stacks, self._executor.jobs)
        self.work = self.work or sum(stack.seconds for stack in stacks)
        return chain(going_on, (self._job(stack.trials, until, keep_models, stack.seconds) for stack in stacks))

    def _job(
        self,
        trials: Sequence[int],
        until: int,
        keep_models: KeepModels,
        seconds: float,
        progress: Progress | None = None,
        pruned: Sequence[int] = (),
    ) -> Job:
        data = self._sweep.data[trials[0]]
        assert data.folder is not None
        if data.folder not in self._shared:
            self._shared[data.folder] = self._executor.share(data.folder.name, data.folder)
        runs = [self._sweep.options(number) for number in trials]
        if not self._executor.is_here:  # a search may come to a part after the first round
            check_sendable(runs)
        return Job(
            trials=trials,
            runs=runs,
            run_ids=[self._sweep.trials[number].run_id for number in trials],
            data=self._shared[data.folder],
            name=data.name,
            scale=data.scale,
            until=until,
            metric=self._sweep.metric,
            keep_models=keep_models,
            seconds=seconds,
            progress=progress,
            pruned=pruned,
            again=until < runs[0].epochs,
            plugins=loaded(),
        )


def _seconds_left(job: Job) -> float:
    """What a full run of those trials of a job takes that are not pruned."""
    return job.seconds * (1 - len(job.pruned) / len(job.trials))
