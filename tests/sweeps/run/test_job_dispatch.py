"""Who is charged with a death, who is tried again, and what ends everything."""

import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlpcli.config import RunOptions
from mlpcli.errors import DataError, MlpcliError
from mlpcli.sweeps.run import job_dispatch
from mlpcli.sweeps.run.job_dispatch import AHEAD, ATTEMPTS, dispatch
from mlpcli.sweeps.run.kept_models import KeepModels
from mlpcli.sweeps.run.train_stack import Job, JobResult
from mlpcli.workers.executor import ClusterLost, Executor, Folder, WorkerDied
from mlpcli.workers.registry import open_executor
from tests.workers.executor_jobs import pid_after, stop_the_first
from tests.workers.processes import PATIENCE

Behaviour = Callable[[Job], BaseException | None]


class Fake(Executor):
    """Ends each job at once, as `behaviour` says; the order is that of submission."""

    def __init__(self, behaviour: Behaviour, jobs: int = 2) -> None:
        self.jobs, self.behaviour = jobs, behaviour
        self.tried: list[tuple[int, ...]] = []

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        (job,) = args
        self.tried.append(tuple(job.trials))
        future: Future[Any] = Future()
        error = self.behaviour(job)
        if error is None:
            future.set_result(JobResult([], None))
        else:
            future.set_exception(error)
        return future

    def _send(self, future: Future[Any], call: bytes) -> None:
        raise NotImplementedError


class Log:
    def __init__(self) -> None:
        self.finished: list[tuple[int, ...]] = []
        self.failures: dict[int, str] = {}
        self.told: list[tuple[int, str]] = []
        self.at_work: list[list[int]] = []

    def running(self, jobs: Iterable[Job]) -> None:
        self.at_work.append([job.trials[0] for job in jobs])

    def done(self, job: Job, result: JobResult) -> None:
        self.finished.append(tuple(job.trials))

    def failed(self, job: Job, reason: str) -> None:
        (number,) = job.trials
        self.failures[number] = reason

    def lost(self, trials: int, reason: str) -> None:
        self.told.append((trials, reason))


def make(trials: Sequence[int], pruned: Sequence[int] = ()) -> Job:
    return Job(
        trials=trials,
        runs=[RunOptions(seed=number) for number in trials],
        run_ids=[f"id{number}" for number in trials],
        data=Folder(Path()),
        name="digits",
        scale="standard",
        until=5,
        metric="val_accuracy",
        keep_models=KeepModels.BEST,
        seconds=float(len(trials)),
        pruned=pruned,
    )


def poison(*numbers: int, error: Exception | None = None) -> Behaviour:
    return lambda job: (error or WorkerDied("killed", -9)) if set(numbers) & set(job.trials) else None


def test_the_culprit_is_found_and_nobody_else_is_charged() -> None:
    executor, log = Fake(poison(5)), Log()
    dispatch(executor, [make(range(8)), make(range(8, 16))], log)
    assert log.failures == {5: "killed"}
    assert sorted(number for trials in log.finished for number in trials) == [n for n in range(16) if n != 5]
    assert [trials for trials in executor.tried if 5 in trials] == [
        tuple(range(8)),
        (4, 5, 6, 7),
        (4, 5),
        *[(5,)] * ATTEMPTS,
    ]
    assert [count for count, _ in log.told] == [8, 4, 2, 1, 1]


def test_a_trial_that_dies_alone_now_and_then_is_innocent() -> None:
    deaths = iter([WorkerDied("out of memory")] * (ATTEMPTS - 1))
    executor, log = Fake(lambda job: next(deaths, None)), Log()
    dispatch(executor, [make([3])], log)
    assert log.finished == [(3,)] and not log.failures


def test_a_fault_of_its_own_is_not_tried_again_alone() -> None:
    executor, log = Fake(poison(1, error=ValueError("no such\nthing"))), Log()
    dispatch(executor, [make(range(4))], log)
    assert log.failures == {1: "ValueError: no such thing"}
    assert executor.tried.count((1,)) == 1 and sorted(log.finished) == [(0,), (2, 3)]


def test_pruned_trials_are_not_tried_again() -> None:
    executor, log = Fake(poison(2)), Log()
    dispatch(executor, [make(range(6), pruned=[0, 1, 5])], log)
    assert log.failures.keys() == {2} and sorted(sum(log.finished, ())) == [3, 4]


@pytest.mark.parametrize("error", [ClusterLost("gone"), DataError("damaged")])
def test_what_no_job_is_to_blame_for_ends_it_and_keeps_what_is_done(error: MlpcliError) -> None:
    """Results that came at the same moment are taken first."""
    executor, log = Fake(poison(0, error=error)), Log()
    with pytest.raises(type(error)):
        dispatch(executor, [make([0]), make([1]), make([2]), make([3])], log)
    assert sorted(log.finished) == [(1,), (2,), (3,)] and not log.failures


def test_jobs_are_made_when_their_turn_comes() -> None:
    made = []

    def jobs() -> Iterable[Job]:
        for number in range(20):
            made.append(number)
            yield make([number])

    executor, log = Fake(lambda job: None), Log()
    busy = []
    executor.behaviour = lambda job: busy.append(len(made) - len(log.finished))
    dispatch(executor, jobs(), log)
    assert len(log.finished) == 20 and max(busy) <= AHEAD * executor.jobs
    assert all(len(now) <= executor.jobs for now in log.at_work) and log.at_work[-1] == []


def test_only_seconds_in_which_this_process_ran_count_against_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(job_dispatch.time, "monotonic", lambda: now)
    overtime = job_dispatch.Overtime(10.0)
    first, second = Future[JobResult](), Future[JobResult]()
    for seconds in (0, *5 * [1], 3600, *3 * [1]):  # stopped for an hour
        now += seconds
        assert overtime.of({first: make([0])}) == []
    now += 1
    assert overtime.of({first: make([0]), second: make([1])}) == [first]


def test_the_time_of_a_job_follows_its_estimate() -> None:
    overtime = job_dispatch.Overtime(None)
    assert overtime._allowed(make([0])) == job_dispatch.PATIENCE
    assert overtime._allowed(replace(make([0]), seconds=100.0)) == 100 * job_dispatch.SLOWNESS


class Stuck(Fake):
    """Never ends the first job by itself."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.tried:
            return super().submit(function, *args, **kwargs)
        self.tried.append(tuple(args[0].trials))
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        return future

    def abandon(self, future: Future[Any]) -> None:
        future.set_exception(WorkerDied("took too long"))


def test_a_job_over_its_time_is_given_to_another_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_dispatch, "LOOK_UP", 0.05)
    executor, log = Stuck(lambda job: None), Log()
    dispatch(executor, [make([0])], log, worker_timeout=0.1)
    assert (executor.tried, log.finished, log.told) == ([(0,), (0,)], [(0,)], [(1, "took too long")])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_the_job_of_a_stopped_dask_worker_is_given_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask itself would wait for it; `tests/workers/test_local.py` has the same for local workers."""
    monkeypatch.setattr(job_dispatch, "run_job", partial(stop_the_first, tmp_path))
    log = Log()
    with open_executor("dask", 2) as executor:
        for loaded in [executor.submit(pid_after, 1) for _ in range(2)]:  # both workers have imported mlpcli
            loaded.result(PATIENCE)
        dispatch(executor, [make([number]) for number in range(4)], log, worker_timeout=60)
        workers = psutil.Process().children(recursive=True)
        stopped = [process for process in workers if process.status() == psutil.STATUS_STOPPED]
        executor.shutdown(cancel_futures=True)
    assert len(stopped) == 1 and not psutil.wait_procs(stopped, timeout=PATIENCE)[1]
    assert (log.failures, sorted(log.finished)) == ({}, [(0,), (1,), (2,), (3,)])
    assert log.told == [(1, "a worker of dask took too long and was given up")]
