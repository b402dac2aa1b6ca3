"""Keeps an executor busy with jobs, and finds the trial that kills its worker.

A death costs the stack that ran there: it is halved and tried again, until a trial is alone. What dies alone
`ATTEMPTS` times is to blame; what shared its stack is not.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from itertools import chain, islice
from typing import Protocol

from mlpcli.errors import MlpcliError
from mlpcli.sweep.run.train_stack import Job, JobResult, run_job
from mlpcli.workers.executor import Executor, WorkerDied

__all__ = ["ATTEMPTS", "Receiver", "dispatch"]

ATTEMPTS = 3
"""Workers that a trial may lose, alone, before it is recorded as failed: a machine kills innocents too."""

AHEAD = 2
"""Jobs handed out for each that runs: enough that no worker waits for the next."""

LOOK_UP = 1.0
"""Seconds of waiting at a time: a Ctrl-C that comes just before Python goes to wait does not wake it."""


class Receiver(Protocol):
    """Is told what becomes of jobs."""

    def running(self, jobs: Iterable[Job]) -> None:
        """These are in work now, and no others."""

    def done(self, job: Job, result: JobResult) -> None:
        """A job has ended."""

    def failed(self, job: Job, reason: str) -> None:
        """A job of one trial cannot be done."""

    def lost(self, trials: int, reason: str) -> None:
        """A stack of so many trials ended with its worker, or in an error; it is tried again in smaller pieces."""


def dispatch(executor: Executor, jobs: Iterable[Job], receiver: Receiver) -> None:
    """Run all jobs, in any order.

    Raises:
        MlpcliError: what no job is to blame for, such as a cluster that is gone; what was done stays done.
    """
    source = ((job, 0) for job in jobs)
    again: deque[tuple[Job, int]] = deque()
    handed: dict[Future[JobResult], tuple[Job, int]] = {}  # in order; the first that are unfinished are in work
    while True:
        while len(handed) < AHEAD * executor.jobs and (following := again.popleft() if again else next(source, None)):
            receiver.running(islice(chain(_unfinished(handed), [following[0]]), executor.jobs))
            handed[executor.submit(run_job, following[0])] = following
        if not handed:
            return
        finished, _ = wait(handed, LOOK_UP, FIRST_COMPLETED)
        for future in sorted(finished, key=lambda future: future.exception() is not None):  # nothing done is lost
            job, deaths = handed.pop(future)
            error = future.exception()
            if error is None:
                receiver.done(job, future.result())
            elif isinstance(error, MlpcliError) or not isinstance(error, Exception):
                raise error
            else:  # after an error of its own another attempt alone would only repeat it
                deaths = deaths + 1 if isinstance(error, WorkerDied) else ATTEMPTS
                reason = str(error) if isinstance(error, WorkerDied) else f"{type(error).__name__}: {error}"
                again.extendleft(reversed(_pieces(job, deaths, reason, receiver)))
        receiver.running(islice(_unfinished(handed), executor.jobs))


def _unfinished(handed: Mapping[Future[JobResult], tuple[Job, int]]) -> Iterator[Job]:
    return (job for future, (job, _) in handed.items() if not future.done())


def _pieces(job: Job, deaths: int, reason: str, receiver: Receiver) -> list[tuple[Job, int]]:
    """What to try again of a job that came to nothing; of a trial that is to blame, nothing."""
    alive = [position for position in range(len(job.runs)) if position not in job.pruned]
    if len(alive) > 1:
        receiver.lost(len(alive), reason)
        middle = (len(alive) + 1) // 2
        return [(_part(job, alive[:middle]), 0), (_part(job, alive[middle:]), 0)]
    if deaths < ATTEMPTS:
        receiver.lost(1, reason)
        return [(_part(job, alive), deaths)]
    receiver.failed(_part(job, alive), reason)
    return []


def _part(job: Job, positions: list[int]) -> Job:
    """The job of some of a job's trials, from epoch 0: a trainer's progress is that of the whole stack."""
    return replace(
        job,
        trials=[job.trials[position] for position in positions],
        runs=[job.runs[position] for position in positions],
        run_ids=[job.run_ids[position] for position in positions],
        seconds=job.seconds * len(positions) / len(job.trials),
        progress=None,
        pruned=(),
    )
