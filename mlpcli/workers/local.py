"""Worker processes on this machine, each served by a thread of its own.

`concurrent.futures.ProcessPoolExecutor` fails every job when one worker dies, and leaves its workers alive when the
parent is killed. Here a death costs the one job that ran there, and no worker outlives the thread that started it. A
thread for each worker also means that one which is stopped, or slow to read, holds up no other.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from mlpcli.errors import FileError
from mlpcli.workers import local_child as worker
from mlpcli.workers.executor import SweepExecutor, WorkerDied, settle
from mlpcli.workers.local_child import ONE_THREAD, read_message, write_message

__all__ = ["LocalExecutor", "ctrl_c_blocked"]

SCRIPT = str(Path(worker.__file__).absolute())

START_ATTEMPTS = 5
"""Workers that may die in a row before they are ready; no job was with any of them."""

START_SECONDS = 120.0
"""How long a worker may take to import: a file system that hangs must not hang us."""

END_SECONDS = 5.0
"""How long a worker whose pipes are closed may take to end before it is killed."""

LAST_WORDS = 4000  # bytes of a dead worker's stderr that are kept


class LocalExecutor(SweepExecutor):
    """Up to `jobs` processes with one BLAS thread each, started when there is work, or ahead of it by `warm`.

    Workers import the modules of `preload` before their first job. They ignore Ctrl-C; what stops them in the middle
    of a job is `shutdown(cancel_futures=True)`, which kills them: only the parent writes, they have nothing to save.
    """

    def __init__(self, jobs: int, preload: Sequence[str] = ()) -> None:
        self.jobs = jobs
        self._preload = tuple(preload)
        self._lock = threading.Lock()
        self._calls: SimpleQueue[tuple[Future[Any], bytes] | None] = SimpleQueue()
        self._unfinished: set[Future[Any]] = set()
        self._workers: dict[threading.Thread, _Worker] = {}

    def _send(self, future: Future[Any], call: bytes) -> None:
        with self._lock:
            self._unfinished.add(future)
            self._calls.put((future, call))
            if len(self._workers) < min(len(self._unfinished), self.jobs):
                self._add_worker()

    def warm(self, count: int) -> None:
        """Have `count` workers, or `jobs` if that is less; they import while the caller goes on."""
        with self._lock:
            while len(self._workers) < min(count, self.jobs):
                self._add_worker()

    def _add_worker(self) -> None:
        process = _Worker(self._preload)
        thread = threading.Thread(target=self._serve, args=(process,), name="mlpcli-worker", daemon=True)
        with ctrl_c_blocked():
            self._workers[thread] = process
            thread.start()

    def _serve(self, process: "_Worker") -> None:
        """The thread of a worker: start it, hand it job after job until there are no more, end it."""
        while True:
            with suppress(FileError, CancelledError):  # the job that comes next will try again, and be told
                process.prepare()
            item = self._calls.get()
            if item is None:
                break
            future, call = item
            if future.set_running_or_notify_cancel():
                try:
                    outcome = process.answer(call)
                except Exception as error:
                    future.set_exception(error)
                else:
                    settle(future, outcome)
            with self._lock:
                self._unfinished.discard(future)
            del item, future, call  # an idle thread keeps nothing alive
        process.end()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers end when all jobs are done; or cancel the jobs that wait, and kill the workers at once."""
        with self._lock:
            self._closed = True
            waiting, workers = list(self._unfinished), dict(self._workers)
        if cancel_futures:
            for future in waiting:
                future.cancel()
            for process in workers.values():
                process.kill()
        for _ in workers:
            self._calls.put(None)
        if wait:
            for thread in workers:
                if thread.ident is not None:  # else Ctrl-C came before its start
                    thread.join()


class _Worker:
    """One process at a time: when it dies, the next job gets another. Only `kill` may be called from other threads."""

    def __init__(self, preload: Sequence[str]) -> None:
        self._command = [sys.executable, "-P", SCRIPT, str(os.getpid()), *preload]
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes]
        self._ready = self._killed = False

    def prepare(self) -> None:
        """Return when there is a process that waits for a call.

        Raises:
            FileError: none can be started.
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
            except (OSError, EOFError) as error:
                exitcode, words = self.end()
                cause = str(error) or (words.splitlines() or [_fate(exitcode)])[-1]
        raise FileError(f"--jobs: cannot start a worker process: {cause}. Use fewer --jobs, or --executor serial")

    def answer(self, call: bytes) -> bytes:
        """The outcome of `call`, which another process gets if one dies before it takes it up.

        Raises:
            WorkerDied: the process died of the call.
            FileError, CancelledError: as `prepare`.
        """
        for _ in range(START_ATTEMPTS):
            self.prepare()
            assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
            taken = False
            try:
                write_message(self._process.stdin, call)
                taken = read_message(self._process.stdout) == b""
                return read_message(self._process.stdout)
            except (OSError, EOFError, MemoryError):  # MemoryError: ours, with half of a message still in the pipe
                exitcode, words = self.end()
            if taken:
                break
        if self._killed:
            raise CancelledError("the executor was shut down")
        death = WorkerDied(_fate(exitcode), exitcode)
        if words:
            death.add_note(f"Its last words:\n{words}")
        raise death

    def kill(self) -> None:
        """End the process in the middle of whatever it does, and start no other."""
        self._killed = True
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> tuple[int, str]:
        """See the process to its end, which closed pipes bring about; its exit code and the end of its stderr."""
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return 0, ""
        assert process.stdin is not None and process.stdout is not None
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not sent is lost with the reader
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
        """A new process, ready for a call; EOFError if it dies before that."""
        self.end()
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
        if self._killed:  # while it started, so `kill` did not see it
            process.kill()
        assert process.stdout is not None
        limit = threading.Timer(START_SECONDS, process.kill)
        limit.start()
        try:
            read_message(process.stdout)
        finally:
            limit.cancel()
        self._ready = True


def _fate(exitcode: int) -> str:
    """What became of a process, as a clause."""
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
    """Threads started in here do not take Ctrl-C, nor do processes that they start, from their first instruction."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
