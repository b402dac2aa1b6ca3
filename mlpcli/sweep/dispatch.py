"""Keeps an executor busy with jobs, and finds the trial that kills its worker.

A death costs the stack that ran there: it is halved and tried again, until a trial is alone. What dies alone
`ATTEMPTS` times is to blame; what shared its stack is not.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace

from mlpcli.sweep.executors import ClusterLost, SweepExecutor, WorkerDied
from mlpcli.sweep.work import Job, JobResult, run_job

__all__ = ["dispatch"]

ATTEMPTS = 3
"""Workers that a trial may lose, alone, before it is recorded as failed: a machine kills innocents too."""

AHEAD = 2
"""Jobs handed out for each that runs: enough that no worker waits for the next."""


def dispatch(
    executor: SweepExecutor,
    jobs: Iterable[Job],
    done: Callable[[Job, JobResult], None],
    failed: Callable[[Job, str], None],
    retrying: Callable[[str], None],
) -> None:
    """Run all jobs; `done` takes each result as it comes, `failed` a job of one trial and why, `retrying` a message.

    Raises:
        ClusterLost: the cluster is gone; what was done stays done.
    """
    waiting: deque[tuple[Job, int]] = deque()
    running: dict[Future[JobResult], tuple[Job, int]] = {}
    source = iter(jobs)
    while True:
        while len(running) < AHEAD * executor.jobs:
            if not waiting and (following := next(source, None)) is not None:
                waiting.append((following, 0))
            if not waiting:
                break
            job, deaths = waiting.popleft()
            running[executor.submit(run_job, job)] = (job, deaths)
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            job, deaths = running.pop(future)
            error = future.exception()
            if error is None:
                done(job, future.result())
            elif isinstance(error, WorkerDied):
                _retry(job, deaths + 1, str(error), waiting, failed, retrying)
            elif isinstance(error, ClusterLost) or not isinstance(error, Exception):
                raise error
            else:  # the job's own fault, which another attempt would only repeat
                _retry(job, ATTEMPTS, f"{type(error).__name__}: {error}", waiting, failed, retrying)


def _retry(
    job: Job,
    deaths: int,
    reason: str,
    waiting: deque[tuple[Job, int]],
    failed: Callable[[Job, str], None],
    retrying: Callable[[str], None],
) -> None:
    """Try a job again in smaller pieces, ahead of all others, or give up on a trial that is alone."""
    alive = [position for position in range(len(job.runs)) if position not in job.pruned]
    if len(alive) == 1 and deaths >= ATTEMPTS:
        failed(_part(job, alive), reason)
        return
    middle = (len(alive) + 1) // 2
    pieces = [alive[:middle], alive[middle:]] if len(alive) > 1 else [alive]
    retrying(f"{len(alive)} trials lost their worker ({reason}); they are tried again")
    waiting.extendleft((_part(job, piece), deaths if len(alive) == 1 else 0) for piece in reversed(pieces))


def _part(job: Job, positions: list[int]) -> Job:
    """The job of some of a job's trials, from epoch 0: a trainer's progress is that of the whole stack."""
    models = None if job.models is None else list(range(len(positions)))
    return replace(
        job,
        trials=[job.trials[position] for position in positions],
        runs=[job.runs[position] for position in positions],
        run_ids=[job.run_ids[position] for position in positions],
        models=models,
        progress=None,
        pruned=(),
    )
