"""Worker processes that are killed in every way, and must not be missed, nor outlive their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlpcli
from mlpcli.errors import ExitCode, FileError
from mlpcli.workers import local
from mlpcli.workers.calls import pack, unpack
from mlpcli.workers.executor import WorkerDied
from mlpcli.workers.local import LocalExecutor
from mlpcli.workers.local_child import read_message, write_message
from mlpcli.workers.local_process import START_ATTEMPTS
from tests.workers.executor_jobs import (
    blas_threads,
    bomb,
    chatter,
    die,
    echo,
    loaded,
    log_and_die,
    meet,
    pid_after,
    process,
    square,
)
from tests.workers.processes import ENDLESS, PATIENCE, alive, eventually, fastest, start_script

WORKER = Path(mlpcli.__file__).parent / "workers" / "local_child.py"

ECHO = "import sys; [sys.stdout.buffer.write(line) for line in iter(sys.stdin.buffer.readline, b'')]"


@pytest.fixture
def pool() -> Iterator[LocalExecutor]:
    with LocalExecutor(2) as executor:
        yield executor
        executor.shutdown(cancel_futures=True)


@pytest.mark.parametrize(
    ("how", "exitcode", "said"),
    [
        ("kill", -signal.SIGKILL, "killed by SIGKILL (often: out of memory)"),
        ("terminate", -signal.SIGTERM, "killed by SIGTERM"),
        ("segfault", -signal.SIGSEGV, "killed by SIGSEGV"),
        ("abort", -signal.SIGABRT, "killed by SIGABRT"),
        ("exit 0", 0, "left with exit code 0"),
        ("exit 3", 3, "left with exit code 3"),
    ],
)
def test_a_death_costs_one_job(pool: LocalExecutor, tmp_path: Path, how: str, exitcode: int, said: str) -> None:
    def two_workers(name: str) -> set[int]:
        folder = tmp_path / name
        folder.mkdir()
        return {meeting.result(PATIENCE) for meeting in [pool.submit(meet, str(folder), 2) for _ in range(2)]}

    before = two_workers("before")
    jobs = [pool.submit(square, number) for number in range(3)]
    death = pool.submit(die, how)
    jobs += [pool.submit(square, number) for number in range(3, 6)]
    error = death.exception(PATIENCE)
    assert type(error) is WorkerDied and error.exitcode == exitcode and said in str(error)
    assert [job.result(PATIENCE) for job in jobs] == [0, 1, 4, 9, 16, 25]
    after = two_workers("after")
    assert len(before) == len(after) == 2 and len(before & after) == 1, "one survivor, one replacement"


def test_last_words_are_kept(pool: LocalExecutor) -> None:
    error = pool.submit(die, "segfault").exception(PATIENCE)
    assert error is not None and "Fatal Python error" in error.__notes__[0] and "in die" in error.__notes__[0]


@pytest.mark.parametrize("when", ["pickling", "unpickling"])
def test_a_death_while_arguments_and_results_travel(pool: LocalExecutor, when: str) -> None:
    bystander = pool.submit(pid_after, 0.2)
    if when == "pickling":
        error = pool.submit(bomb, when, os.getpid()).exception(PATIENCE)
    else:
        error = pool.submit(echo, bomb(when, os.getpid())).exception(PATIENCE)
    assert type(error) is WorkerDied and error.exitcode == 5
    assert bystander.result(PATIENCE) and pool.submit(square, 3).result(PATIENCE) == 9


def test_a_job_is_tried_once(pool: LocalExecutor, tmp_path: Path) -> None:
    assert isinstance(pool.submit(log_and_die, str(tmp_path)).exception(PATIENCE), WorkerDied)
    pool.submit(square, 1).result(PATIENCE)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_idle_worker_that_is_killed_is_nobodys_fault() -> None:
    with LocalExecutor(1) as pool:
        pid = pool.submit(pid_after, 0).result(PATIENCE)
        os.kill(pid, signal.SIGKILL)
        assert pool.submit(pid_after, 0).result(PATIENCE) != pid


def test_a_job_that_was_not_taken_up_is_not_charged() -> None:
    with LocalExecutor(1) as pool:
        pid = pool.submit(pid_after, 0).result(PATIENCE)
        os.kill(pid, signal.SIGSTOP)
        future = pool.submit(pid_after, 0)
        time.sleep(0.1)  # it is in the pipe by now
        os.kill(pid, signal.SIGKILL)
        assert future.result(PATIENCE) != pid


def test_a_worker_killed_while_it_starts_is_nobodys_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fragile.py").write_text(
        "import os, pathlib\n"
        f"marker = pathlib.Path({str(tmp_path / 'marker')!r})\n"
        "if not marker.exists():\n    marker.touch()\n    os.kill(os.getpid(), 9)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with LocalExecutor(1, ["fragile"]) as pool:
        assert pool.submit(square, 3).result(PATIENCE) == 9
    assert (tmp_path / "marker").exists()


def test_the_last_attempt_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    start, failures = (
        subprocess.Popen,
        iter(range(2 * START_ATTEMPTS - 1)),
    )  # those of the start, all but one of the job

    def rarely(*args: Any, **kwargs: Any) -> Any:
        if next(failures, None) is not None:
            raise OSError("not yet")
        return start(*args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", rarely)
    with LocalExecutor(1) as pool:
        assert pool.submit(square, 3).result(PATIENCE) == 9


def test_workers_that_cannot_start_say_why() -> None:
    with LocalExecutor(1, ["no_such_module"]) as pool:
        error = pool.submit(square, 3).exception(PATIENCE)
        assert isinstance(error, FileError) and error.code == ExitCode.IO
        assert "cannot start a worker process: ModuleNotFoundError: No module named 'no_such_module'" in str(error)


def test_a_system_out_of_processes(pool: LocalExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(FileError, match=r"cannot start a worker process: .*temporarily unavailable.*fewer --jobs"):
        pool.submit(square, 3).result(PATIENCE)
    monkeypatch.undo()
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    assert pool.submit(square, 3).result(PATIENCE) == 9


def test_one_that_is_stopped_holds_up_no_other(pool: LocalExecutor) -> None:
    stopped = pool.submit(pid_after, 0).result(PATIENCE)
    os.kill(stopped, signal.SIGSTOP)
    futures = [pool.submit(echo, b"x" * 1_000_000) for _ in range(6)]
    assert eventually(lambda: sum(future.done() for future in futures) >= 5)
    stuck = [future for future in futures if not future.done()]
    os.kill(stopped, signal.SIGCONT)
    assert len(stuck.pop().result(PATIENCE) if stuck else b"x" * 1_000_000) == 1_000_000


# what a worker is made of


def test_workers_are_light_and_lasting(pool: LocalExecutor) -> None:
    with LocalExecutor(1, ["mlpcli.sweeps.run.train_stack"]) as preloaded:
        assert preloaded.submit(loaded, "sklearn", "pandas", "scipy", "numpy").result(PATIENCE) == ["numpy"]
        first, second = (preloaded.submit(pid_after, 0).result(PATIENCE) for _ in range(2))
        assert first == second


def test_the_environment_is_the_childs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    before = dict(os.environ)
    with LocalExecutor(1) as pool:
        assert pool.submit(blas_threads).result(PATIENCE) == [1] * len(pool.submit(blas_threads).result(PATIENCE))
        theirs = pool.submit(process).result(PATIENCE)["environment"]
    assert dict(os.environ) == before
    assert {theirs[name] for name in theirs if name.endswith("_NUM_THREADS")} == {"1"}


def test_it_runs_our_code_and_not_our_main(pool: LocalExecutor) -> None:
    child = pool.submit(process).result(PATIENCE)
    assert child["main"] == str(WORKER)
    assert child["mlpcli"] == mlpcli.__file__
    assert str(WORKER.parent) not in child["path"] and "" not in child["path"]


DECOYS = ["signal", "numpy", "random", "pickle", "faulthandler", "mlpcli", "sitecustomize_", "queue", "ctypes"]


def test_decoys_in_the_working_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DECOYS:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'hit')!r}, 'a').write({name!r})\n")
    monkeypatch.chdir(tmp_path)
    with LocalExecutor(1, ["numpy", "random"]) as pool:
        assert pool.submit(square, 3).result(PATIENCE) == 9
        assert pool.submit(process).result(PATIENCE)["mlpcli"] == mlpcli.__file__
    assert not (tmp_path / "hit").exists()


def test_a_working_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with LocalExecutor(1) as pool:
        assert pool.submit(square, 3).result(PATIENCE) == 9


def test_jobs_that_print_or_read_disturb_nothing(pool: LocalExecutor, capfd: pytest.CaptureFixture[str]) -> None:
    assert pool.submit(chatter).result(PATIENCE) == ""
    assert capfd.readouterr() == ("", "")


def test_started_lazily_and_ahead() -> None:
    with LocalExecutor(4) as pool:
        assert not pool._workers
        pool.submit(square, 1).result(PATIENCE)
        pool.submit(square, 2).result(PATIENCE)
        assert len(pool._workers) == 1
        pool.warm(3)
        assert len(pool._workers) == 3
        pool.warm(100)
        assert len(pool._workers) == 4


# the end


def test_cancelling_ends_busy_workers_at_once(pool: LocalExecutor) -> None:
    pids = [pool.submit(pid_after, 0.1) for _ in range(2)]
    busy = [pool.submit(pid_after, ENDLESS) for _ in range(4)]
    wait(pids, timeout=PATIENCE)
    assert eventually(lambda: busy[0].running() and busy[1].running())
    start = time.monotonic()
    pool.shutdown(cancel_futures=True)
    assert time.monotonic() - start < PATIENCE
    assert [future.cancelled() for future in busy] == [False, False, True, True]
    assert all(isinstance(future.exception(0), CancelledError) for future in busy[:2])
    for pid in {future.result() for future in pids}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_cancelling_while_workers_start() -> None:
    for delay in (0.0, 0.002, 0.01, 0.05):
        pool = LocalExecutor(3, ["numpy"])
        futures = [pool.submit(pid_after, ENDLESS) for _ in range(3)]
        time.sleep(delay)
        start = time.monotonic()
        pool.shutdown(cancel_futures=True)
        assert time.monotonic() - start < PATIENCE
        assert all(future.done() for future in futures)


def test_cancelling_while_a_job_waits_for_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process comes into being after `shutdown` looked for processes to kill."""
    start, failures, starting, go = subprocess.Popen, iter(range(START_ATTEMPTS)), threading.Event(), threading.Event()

    def slow(*args: Any, **kwargs: Any) -> Any:
        if next(failures, None) is not None:  # so that the worker's thread takes the job before it has a process
            raise OSError("not yet")
        starting.set()
        go.wait(PATIENCE)
        return start(*args, **kwargs)

    (tmp_path / "asleep.py").write_text(f"import time; time.sleep({ENDLESS})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", slow)
    pool = LocalExecutor(1, ["asleep"])
    future = pool.submit(pid_after, ENDLESS)
    assert starting.wait(PATIENCE) and future.running()
    pool.shutdown(wait=False, cancel_futures=True)
    go.set()
    assert isinstance(future.exception(PATIENCE), CancelledError)
    pool.shutdown()


def test_leaving_without_waiting_finishes_the_jobs() -> None:
    pool = LocalExecutor(1)
    futures = [pool.submit(square, x) for x in range(5)]
    pool.shutdown(wait=False)
    assert [future.result(PATIENCE) for future in futures] == [0, 1, 4, 9, 16]


PARENT = """
import sys, time
from concurrent.futures import wait
from mlpcli.workers.local import LocalExecutor
from mlpcli.workers.local_process import START_ATTEMPTS
from tests.workers.executor_jobs import deaf, pid_after
pool = LocalExecutor(2, ["numpy"])
try:
    print(pool.submit(pid_after, 0).result() if {ready} else 0, flush=True)
    futures = [pool.submit({job}, {endless}) for _ in range(4)]
    while wait(futures, 1.0).not_done:  # as `dispatch` waits
        pass
except KeyboardInterrupt:
    pool.shutdown(cancel_futures=True)
    sys.exit(130)
"""


@pytest.mark.parametrize(("ready", "job"), [(True, "pid_after"), (True, "deaf"), (False, "pid_after")])
def test_no_orphans_when_the_parent_is_killed(tmp_path: Path, ready: bool, job: str) -> None:
    parent = start_script(tmp_path, PARENT.format(ready=ready, job=job, endless=ENDLESS))
    with parent:
        assert parent.stdout is not None and parent.stdout.readline()
        assert eventually(lambda: len(alive(parent.pid)) == 3) or not ready
        parent.kill()
    assert eventually(lambda: not alive(parent.pid)), alive(parent.pid)


def test_no_orphans_when_the_main_thread_just_ends(tmp_path: Path) -> None:
    parent = start_script(tmp_path, PARENT.split("try:")[0] + f"pool.submit(pid_after, {ENDLESS})\n")
    _, errors = parent.communicate(timeout=PATIENCE)
    assert (parent.returncode, errors) == (0, "")
    assert eventually(lambda: not alive(parent.pid)), alive(parent.pid)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.1, 0.3])
def test_ctrl_c_is_the_parents_affair(tmp_path: Path, delay: float) -> None:
    parent = start_script(tmp_path, PARENT.format(ready=delay > 0.2, job="pid_after", endless=ENDLESS))
    assert parent.stdout is not None and parent.stdout.readline()
    time.sleep(delay)
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=PATIENCE)
    assert errors == "", "not a word from the workers"
    assert parent.returncode == 130
    assert eventually(lambda: not alive(parent.pid)), alive(parent.pid)


def test_ctrl_c_before_a_worker_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*call: object) -> None:
        raise KeyboardInterrupt

    pool = LocalExecutor(1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(local, "Background", interrupted)
        pool.warm(1)
    pool.shutdown(cancel_futures=True)


def test_workers_ignore_ctrl_c_from_their_first_moment() -> None:
    with LocalExecutor(1) as pool:
        pool.warm(1)
        (worker,) = pool._workers
        assert eventually(lambda: worker._process is not None) and worker._process is not None
        first = worker._process.pid
        for _ in range(100):
            os.kill(first, signal.SIGINT)
            time.sleep(0.001)
        future = pool.submit(pid_after, 0.2)
        assert eventually(future.running)
        os.kill(first, signal.SIGINT)
        assert future.result(PATIENCE) == first


def test_the_end_of_the_pipe_ends_a_worker_in_the_middle_of_its_work() -> None:
    """What remains where Linux's death signal does not exist."""
    with subprocess.Popen(
        [sys.executable, "-P", str(WORKER), str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        assert read_message(child.stdout) == b""
        write_message(child.stdin, pack(square, (4,), {}))
        assert read_message(child.stdout) == b""
        assert unpack(read_message(child.stdout)) == 16
        write_message(child.stdin, pack(pid_after, (ENDLESS,), {}))
        child.stdin.close()
        assert child.wait(PATIENCE) == 0


def test_a_worker_whose_parent_is_already_gone_does_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-P", str(WORKER), "1", "no_such_module"], capture_output=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_little_is_lost_a_job(pool: LocalExecutor) -> None:
    """A job costs a small multiple of a line that a child process sends back (measured: 3 to 5)."""
    pool.submit(square, 1).result(PATIENCE)

    def job() -> None:
        assert pool.submit(square, 3).result(PATIENCE) == 9

    with subprocess.Popen([sys.executable, "-uc", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        stdin, stdout = child.stdin, child.stdout
        assert stdin is not None and stdout is not None

        def line() -> None:
            stdin.write(b"line\n")
            stdin.flush()
            assert stdout.readline() == b"line\n"

        line()
        assert fastest(job) < 50 * fastest(line)
        stdin.close()


@pytest.mark.slow
def test_random_kills() -> None:
    """200 jobs while a worker is killed every 60 ms: each ends in its result or in WorkerDied, and none is lost.

    Workers that have only begun to start are spared: three of them killed in a row are one that cannot start.
    """
    rng = np.random.default_rng(0)
    with LocalExecutor(2) as pool:
        futures = [pool.submit(pid_after, float(rng.uniform(0, 0.05))) for _ in range(200)]
        while not all(future.done() for future in futures):
            time.sleep(0.06)
            workers = [*pool._workers]
            victim = workers[rng.integers(len(workers))]
            if victim._ready and victim._process is not None:
                victim._process.kill()
        errors = [future.exception(0) for future in futures]
    assert {type(error) for error in errors} == {type(None), WorkerDied}


def test_a_stopped_worker_is_given_up() -> None:
    """SIGSTOP: the process neither works nor dies."""
    with LocalExecutor(1) as pool:
        pid = pool.submit(pid_after, 0).result(PATIENCE)
        stuck, following = pool.submit(pid_after, ENDLESS), pool.submit(pid_after, 0)
        assert eventually(stuck.running)
        os.kill(pid, signal.SIGSTOP)
        pool.abandon(stuck)
        assert str(stuck.exception(PATIENCE)) == "its worker process took too long and was killed"
        assert following.result(PATIENCE) != pid
        pool.abandon(stuck)
