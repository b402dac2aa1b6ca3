"""Makes jobs of trials: stacks that were begun go on, and what is in none is put into new ones."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mlpcli.sweep.executors import Handle, SweepExecutor
from mlpcli.sweep.prepare import PreparedSweep
from mlpcli.sweep.stacks import make_stacks
from mlpcli.sweep.work import Job, KeepModels, Progress

__all__ = ["JobMaker"]


class JobMaker:
    """Jobs of a sweep's trials for one executor, to which their data are sent once."""

    def __init__(self, sweep: PreparedSweep, executor: SweepExecutor) -> None:
        self._sweep, self._executor = sweep, executor
        self._begun: list[tuple[Sequence[int], Progress]] = []
        self._shared: dict[Path, Handle] = {}

    def keep(self, trials: Sequence[int], progress: Progress) -> None:
        """Remember how far the stack of these trials has come."""
        self._begun.append((trials, progress))

    def make(self, numbers: Sequence[int], until: int, keep_models: KeepModels) -> Iterator[Job]:
        """Jobs that bring these trials to epoch `until`; trials of a begun stack that are not among them leave it."""
        wanted = set(numbers)
        begun, self._begun = self._begun, []
        for trials, progress in begun:
            if wanted.intersection(trials):
                pruned = [position for position, number in enumerate(trials) if number not in wanted]
                yield self._job(trials, until, keep_models, progress, pruned)
                wanted.difference_update(trials)
        groups = self._sweep.groups(sorted(wanted))
        for stack in make_stacks(groups, self._executor.jobs) if groups else ():
            yield self._job(stack.trials, until, keep_models)

    def _job(
        self,
        trials: Sequence[int],
        until: int,
        keep_models: KeepModels,
        progress: Progress | None = None,
        pruned: Sequence[int] = (),
    ) -> Job:
        data = self._sweep.data[trials[0]]
        if data.folder not in self._shared:
            self._shared[data.folder] = self._executor.share(data.folder.name, data.folder)
        runs = [self._sweep.options(number) for number in trials]
        return Job(
            trials=trials,
            runs=runs,
            run_ids=[self._sweep.run_ids[number] for number in trials],
            data=self._shared[data.folder],
            name=data.name,
            scale=data.scale,
            until=until,
            metric=self._sweep.metric,
            larger=self._sweep.larger,
            keep_models=keep_models,
            progress=progress,
            pruned=pruned,
            again=until < runs[0].epochs,
        )
