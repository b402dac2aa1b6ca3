"""Worker processes on this machine, each served by its own thread.

`concurrent.futures.ProcessPoolExecutor` fails every job when one worker dies, and leaves its workers alive when the
parent is killed. Here a death costs only the job that ran there, and no worker outlives the thread that started it.
With one thread per worker, a worker that is stopped or slow to read does not delay the others.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from mlpcli.background import Background
from mlpcli.errors import FileError
from mlpcli.workers import local_child as worker
from mlpcli.workers.executor import Executor, WorkerDied, settle
from mlpcli.workers.local_child import ONE_THREAD, read_message, write_message

__all__ = ["LocalExecutor", "ctrl_c_blocked"]

SCRIPT = str(Path(worker.__file__).absolute())

START_ATTEMPTS = 5
"""Number of workers in a row that may die before they are ready; none of them had a job."""

START_SECONDS = 120.0
"""Time limit for a worker's imports, so that a hanging file system does not hang the parent."""

END_SECONDS = 5.0
"""Time that a worker has to end after its pipes are closed; then it is killed."""

LAST_WORDS = 4000  # number of bytes kept of a dead worker's stderr


class LocalExecutor(Executor):
    """Up to `jobs` processes with one BLAS thread each, started when there is work, or earlier by `warm`.

    Workers import the modules in `preload` before their first job. They ignore Ctrl-C; only
    `shutdown(cancel_futures=True)` stops a running job, by killing its worker: workers have nothing to save.
    """

    def __init__(self, jobs: int, preload: Sequence[str] = ()) -> None:
        self.jobs = jobs
        self._preload = tuple(preload)
        self._lock = threading.Lock()
        self._calls: SimpleQueue[tuple[Future[Any], bytes] | None] = SimpleQueue()
        self._unfinished: set[Future[Any]] = set()
        self._workers: dict[_Worker, Background | None] = {}
        self._serving: dict[Future[Any], _Worker] = {}

    def _send(self, future: Future[Any], call: bytes) -> None:
        with self._lock:
            self._unfinished.add(future)
            self._calls.put((future, call))
            if len(self._workers) < min(len(self._unfinished), self.jobs):
                self._add_worker()

    def warm(self, count: int) -> None:
        """Start workers until there are `count`, at most `jobs`; they import while the caller continues."""
        with self._lock:
            while len(self._workers) < min(count, self.jobs):
                self._add_worker()

    def _add_worker(self) -> None:
        process = _Worker(self._preload)
        self._workers[process] = None  # from here on `shutdown` kills it, even if Ctrl-C comes before the next line
        try:
            with ctrl_c_blocked():
                self._workers[process] = Background(self._serve, process)
        except (MemoryError, RuntimeError):
            del self._workers[process]
            raise

    def _serve(self, process: "_Worker") -> None:
        """Start a worker process, give it one job after another, and end it when there are no more."""
        while True:
            with suppress(Exception):  # the next job tries again and gets the error
                process.prepare()
            item = self._calls.get()
            if item is None:
                break
            future, call = item
            self._serving[future] = process
            try:
                if future.set_running_or_notify_cancel():
                    settle(future, process.answer(call, self._hear))
            except Exception as error:  # whatever it is, nobody must wait for this job for ever
                if not future.done():
                    future.set_exception(error)
            with self._lock:
                self._unfinished.discard(future)
                del self._serving[future]
            del item, future, call  # an idle thread must not keep results alive
        process.end()

    def abandon(self, future: Future[Any]) -> None:
        """Kill the worker of a job; the next job gets a new one."""
        with self._lock:
            if future in self._serving:
                self._serving[future].give_up()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers when all jobs are done; or cancel waiting jobs and kill the workers at once."""
        with self._lock:
            self._closed = True
            waiting, workers = list(self._unfinished), dict(self._workers)
        if cancel_futures:
            for future in waiting:
                future.cancel()
            for process in workers:
                process.kill()
        for _ in workers:
            self._calls.put(None)
        if wait:
            for thread in filter(None, workers.values()):
                thread.join()


class _Worker:
    """One process at a time; after its death the next job gets a new one.

    Other threads may call only `kill` and `give_up`.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._command = [sys.executable, "-P", SCRIPT, str(os.getpid()), *preload]
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes]
        self._ready = self._killed = self._given_up = False

    def prepare(self) -> None:
        """Return when a process is ready for a call.

        Raises:
            FileError: no process can be started.
            CancelledError: `kill` was called.
        """
        cause = ""
        for _ in range(START_ATTEMPTS):
            if self._killed:
                raise CancelledError("the executor was shut down")
            if self._process is not None and self._ready and self._process.poll() is None:
                return
            try:
                self._start()
                return
            except (OSError, EOFError, MemoryError, RuntimeError) as error:  # RuntimeError: no thread for the timer
                exitcode, words = self.end()
                cause = str(error) or (words.splitlines() or [_fate(exitcode)])[-1]
        raise FileError(f"--jobs: cannot start a worker process: {cause}. Use fewer --jobs, or --executor serial")

    def answer(self, call: bytes, hear: Callable[[bytes], None]) -> bytes:
        """The outcome of `call`; if a process dies before it has accepted the call, the next process gets it.

        `hear` is called with each report of the call.

        Raises:
            WorkerDied: the process died during the call.
            FileError, CancelledError: as `prepare`.
        """
        for _ in range(START_ATTEMPTS):
            self.prepare()
            assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
            taken = False
            try:
                write_message(self._process.stdin, call)
                taken = read_message(self._process.stdout) == b""
                while not (outcome := read_message(self._process.stdout)):
                    hear(read_message(self._process.stdout))
                return outcome
            except (OSError, EOFError, MemoryError):  # MemoryError: ours, with half a message in the pipe
                exitcode, words = self.end()
            except BaseException:  # the rest of the answer is in the pipe, and would be taken for that of the next call
                self.end()
                raise
            if taken:
                break
        if self._killed:
            raise CancelledError("the executor was shut down")
        fate = "its worker process took too long and was killed" if self._given_up else _fate(exitcode)
        death = WorkerDied(fate, exitcode)
        if words:
            death.add_note(f"Its last words:\n{words}")
        raise death

    def kill(self) -> None:
        """Kill the process, whatever it is doing, and start no other."""
        self._killed = True
        process = self._process
        if process is not None:
            process.kill()

    def give_up(self) -> None:
        """Kill the process during a call, which ends with WorkerDied."""
        self._given_up = True
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> tuple[int, str]:
        """Close the pipes and wait for the process to end. Returns its exit code and the last part of its stderr."""
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return 0, ""
        assert process.stdin is not None and process.stdout is not None
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # the reader of unsent bytes is gone
                pipe.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._stderr as stderr:
            stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - LAST_WORDS))
            return process.returncode, stderr.read().decode(errors="replace").strip()

    def _start(self) -> None:
        """Start a new process and wait until it is ready; EOFError if it dies first."""
        self.end()
        self._given_up = False
        with ExitStack() as on_failure:
            self._stderr = on_failure.enter_context(tempfile.TemporaryFile())
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env={**os.environ, **ONE_THREAD},
            )
            on_failure.pop_all()
        if self._killed:  # `kill` was called before the process existed
            process.kill()
        assert process.stdout is not None
        ready = threading.Event()
        Background(_kill_unless, ready, process)
        try:
            read_message(process.stdout)
        finally:
            ready.set()
        self._ready = True


def _kill_unless(ready: threading.Event, process: subprocess.Popen[bytes]) -> None:
    if not ready.wait(START_SECONDS):
        process.kill()


def _fate(exitcode: int) -> str:
    """The way a process ended, as a clause."""
    if exitcode >= 0:
        return f"its worker process left with exit code {exitcode}"
    if exitcode == -signal.SIGKILL:
        return "its worker process was killed by SIGKILL (often: out of memory)"
    try:
        return f"its worker process was killed by {signal.Signals(-exitcode).name}"
    except ValueError:
        return f"its worker process was killed by signal {-exitcode}"


@contextmanager
def ctrl_c_blocked() -> Iterator[None]:
    """Threads started in the block never receive Ctrl-C, nor do the processes that these threads start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
