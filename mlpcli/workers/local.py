"""Worker processes on this machine, each served by its own thread.

`concurrent.futures.ProcessPoolExecutor` fails every job when one worker dies, and leaves its workers alive when the
parent is killed. Here a death costs only the job that ran there, and no worker outlives the thread that started it.
With one thread per worker, a worker that is stopped or slow to read does not delay the others.
"""

import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

from mlpcli.background import Background
from mlpcli.workers.executor import Executor, settle
from mlpcli.workers.local_process import WorkerProcess

__all__ = ["LocalExecutor", "ctrl_c_blocked"]


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
        self._workers: dict[WorkerProcess, Background | None] = {}
        self._serving: dict[Future[Any], WorkerProcess] = {}

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
        process = WorkerProcess(self._preload)
        self._workers[process] = None  # from here on `shutdown` kills it, even if Ctrl-C comes before the next line
        try:
            with ctrl_c_blocked():
                self._workers[process] = Background(self._serve, process)
        except (MemoryError, RuntimeError):
            del self._workers[process]
            raise

    def _serve(self, process: "WorkerProcess") -> None:
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
