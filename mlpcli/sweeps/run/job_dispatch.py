"""Keeps an executor busy with jobs, and finds the trial that kills its worker.

A worker that dies costs the stack it ran: the stack is halved and tried again, until a trial is alone. A trial that
loses `ATTEMPTS` workers alone is to blame; those that shared its stack are not.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from itertools import chain, islice
from typing import Protocol

from mlpcli.errors import LACK, MlpcliError, lack
from mlpcli.signals import check
from mlpcli.sweeps.run.train_stack import Job, JobResult, run_job
from mlpcli.wording import raised
from mlpcli.workers.executor import Executor, WorkerDied

__all__ = ["AHEAD", "ATTEMPTS", "Receiver", "dispatch"]

ATTEMPTS = 3
"""Workers that a trial may lose, alone, before it is recorded as failed: a machine may kill any worker."""

AHEAD = 2
"""Jobs submitted per running job: enough that no worker waits for the next."""

PATIENCE, SLOWNESS = 300.0, 30.0
"""A job may take this many seconds, or this multiple of its estimate, before its worker counts as stuck."""

LOOK_UP = 1.0
"""Seconds to wait at a time: a Ctrl-C that arrives just before Python starts to wait does not wake it."""


class Receiver(Protocol):
    """Receives the outcomes of jobs."""

    def running(self, jobs: Iterable[Job]) -> None:
        """These jobs are in progress now, and no others."""

    def done(self, job: Job, result: JobResult) -> None:
        """A job has ended."""

    def failed(self, job: Job, reason: str) -> None:
        """A job of one trial failed for good."""

    def lost(self, trials: int, reason: str) -> None:
        """A stack of this many trials ended with its worker, or in an error; it is tried again in smaller pieces."""


class Overtime:
    """Finds the jobs that have been running for too long, while this process was running too.

    Seconds in which it was stopped (Ctrl-Z, a closed laptop) count for no job: its workers were stopped as well.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._spent: dict[Future[JobResult], float] = {}
        self._looked = time.monotonic()

    def of(self, running: Mapping[Future[JobResult], Job]) -> list[Future[JobResult]]:
        """The futures of jobs that are over their time now."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, 2 * LOOK_UP), now
        self._spent = {future: self._spent.get(future, -passed) + passed for future in running}
        return [future for future, job in running.items() if self._spent[future] > self._allowed(job)]

    def _allowed(self, job: Job) -> float:
        return max(PATIENCE, SLOWNESS * job.seconds) if self._limit is None else self._limit


def dispatch(
    executor: Executor,
    jobs: Iterable[Job],
    receiver: Receiver,
    worker_timeout: float | None = None,
    ahead: int = AHEAD,
) -> None:
    """Run all jobs, in any order; one that runs for more than `worker_timeout` seconds is given to another worker.

    By default a job has 5 minutes, or 30 times the seconds that it should take. `ahead` times as many jobs are handed
    to the executor as it runs at once.

    Raises:
        MlpcliError: an error that no job is to blame for, such as a lost cluster; finished jobs stay finished.
    """
    source = ((job, 0) for job in jobs)
    again: deque[tuple[Job, int]] = deque()
    handed: dict[Future[JobResult], tuple[Job, int]] = {}  # in order; the first unfinished ones are in progress
    overtime = Overtime(worker_timeout)
    while True:
        while len(handed) < ahead * executor.jobs and (following := again.popleft() if again else next(source, None)):
            receiver.running(islice(chain(_unfinished(handed), [following[0]]), executor.jobs))
            handed[executor.submit(run_job, following[0])] = following
        if not handed:
            return
        check()
        finished, _ = wait(handed, LOOK_UP, FIRST_COMPLETED)
        for late in overtime.of({future: job for future, (job, _) in handed.items() if future.running()}):
            executor.abandon(late)
        for future in sorted(
            finished, key=lambda future: future.exception() is not None
        ):  # finished jobs are received before an error is raised
            job, deaths = handed.pop(future)
            error = future.exception()
            if error is None:
                receiver.done(job, future.result())
            elif isinstance(error, MlpcliError) or not isinstance(error, Exception):
                raise error
            else:  # its own error would only repeat itself in another attempt
                deaths = deaths + 1 if isinstance(error, WorkerDied) else ATTEMPTS
                reason = str(error) if isinstance(error, WorkerDied) else raised(error)
                if what := lack(error):
                    reason = f"{LACK}{what}: {error}"
                again.extendleft(reversed(_pieces(job, deaths, reason, receiver)))
        receiver.running(islice(_unfinished(handed), executor.jobs))


def _unfinished(handed: Mapping[Future[JobResult], tuple[Job, int]]) -> Iterator[Job]:
    return (job for future, (job, _) in handed.items() if not future.done())


def _pieces(job: Job, deaths: int, reason: str, receiver: Receiver) -> list[tuple[Job, int]]:
    """The parts of a lost job to try again; none if it is a single trial that is to blame."""
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
    """A job for some trials of another, from epoch 0: progress belongs to the whole stack."""
    return replace(
        job,
        trials=[job.trials[position] for position in positions],
        runs=[job.runs[position] for position in positions],
        run_ids=[job.run_ids[position] for position in positions],
        seconds=job.seconds * len(positions) / len(job.trials),
        progress=None,
        pruned=(),
    )
