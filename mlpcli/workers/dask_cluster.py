"""The executor on a Dask cluster: a local cluster of our own, or a joined one that shares no files with us.

Dask reroutes, restarts and reconnects by itself, but the caller needs to know. So the scheduler gets no more jobs than
there are threads to run them (Dask charges a worker's death to all jobs that wait there), a lost scheduler ends every
job at once, and waiting for a cluster without workers has a limit.
"""

import asyncio
import pickle
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any

import distributed

from mlpcli.background import Background
from mlpcli.errors import DataError, Unavailable
from mlpcli.workers.dask_child import REPORTS, VERSIONS, FolderCopy, RemoteFolder, Task, listed
from mlpcli.workers.executor import ClusterLost, Executor, Folder, Handle, WorkerDied, settle

__all__ = ["CLOSE_SECONDS", "WORKER_SECONDS", "ClusterExecutor", "summary"]

WORKER_SECONDS = 60.0
"""Seconds that a cluster may be without any worker."""

WATCH_SECONDS = 2.0
CLOSE_SECONDS = 1.0
LARGEST_FOLDER = 2**31 - 2**20  # bytes; Dask sends up to 2 GiB in a message


class ClusterExecutor(Executor):
    """Runs jobs through a Dask `client`; messages call the cluster `place`. `jobs` follows workers that come and go.

    With `own`, the client's cluster sees our files and is closed with the executor; `at_end` is called after that.
    """

    def __init__(self, client: Any, place: str, *, own: bool, at_end: Callable[[], None] | None = None) -> None:
        self._client, self._place, self._own, self._at_end = client, place, own, at_end
        self._stuck: set[str] = set()
        self._workers: list[str] = []
        self._count()
        self._lock = Lock()
        self._waiting: deque[tuple[Future[Any], bytes]] = deque()
        self._running: dict[Future[Any], Any] = {}
        self._trouble = ""
        self._copies: list[str] = []
        self._ended = Event()
        client.subscribe_topic(REPORTS, self._report)
        Background(self._watch)

    def _send(self, future: Future[Any], call: bytes) -> None:
        with self._lock:
            self._waiting.append((future, call))
        self._launch()

    def _launch(self) -> None:
        """Submit as many jobs as there are free threads."""
        if self._trouble or self._client.status != "running":  # Dask would keep jobs for the next connection
            self._give_up(self._lost())
        with self._lock:
            only_stuck = bool(self._stuck) and not self._workers  # Dask would send a job to any of them
            while self._waiting and len(self._running) < self.jobs and not only_stuck:
                future, call = self._waiting.popleft()
                if future.set_running_or_notify_cancel():
                    task = self._client.submit(
                        pickle.loads,
                        pickle.dumps(Task(call)),
                        key=f"mlpcli-{uuid.uuid4()}",
                        workers=self._workers if self._stuck else None,
                    )
                    self._running[future] = task
                    task.add_done_callback(partial(self._fetch, future))

    def _fetch(self, future: Future[Any], task: Any) -> None:
        """Finish a job in its own thread: Dask's only callback thread may wait long for a result that is lost."""
        try:
            Background(self._finish, future, task)
        except (MemoryError, RuntimeError):  # better slowly than never
            self._finish(future, task)

    def _finish(self, future: Future[Any], task: Any) -> None:
        """Settle a job whose task has ended, unless it was given up meanwhile, and launch the next job."""
        error: Exception | None = None
        try:
            outcome = task.result()
        except distributed.KilledWorker as killed:
            deaths = killed.allowed_failures + 1
            error = WorkerDied(f"{deaths} worker(s) of {self._place} died of it (often: out of memory)")
        except (distributed.CancelledError, OSError):  # OSError: the connection broke during the transfer
            error = self._lost()
        except Exception as unfit:  # a job's own error is part of its outcome, so the worker cannot run our code
            error = Unavailable(
                f"--executor {self._place}: {summary(unfit)}, and here is {listed(VERSIONS)}. Install the same there"
            )
        with self._lock:
            if self._running.pop(future, None) is None:
                return
        if error is None:
            settle(future, outcome)
        else:
            future.set_exception(error)
        self._launch()

    def _report(self, event: tuple[float, dict[str, str]]) -> None:
        """Pass on what a job of ours says: on a joined cluster the jobs of others report too."""
        _, said = event
        with self._lock:
            ours = any(task.key == said["key"] for task in self._running.values())
        if ours:
            self._hear(said["report"].encode())

    def _count(self) -> int:
        """Take note of the workers that there are, and of how many jobs they run at once, stuck ones aside."""
        threads = {worker: count for worker, count in self._client.nthreads().items() if worker not in self._stuck}
        self._workers = list(threads)
        self.jobs = max(1, sum(threads.values()))
        return sum(threads.values())

    def abandon(self, future: Future[Any]) -> None:
        """Send no more jobs to the worker that has this one; Dask itself waits for a stopped worker."""
        with self._lock:
            task = self._running.pop(future, None)
        if task is None:
            return
        with suppress(Exception):  # the connection may be lost; `_launch` handles that
            self._stuck |= {worker for worker, keys in self._client.processing().items() if task.key in keys}
            self._count()
            task.cancel()
        future.set_exception(WorkerDied(f"a worker of {self._place} took too long and was given up"))
        self._launch()

    def _give_up(self, error: Exception) -> None:
        """End all running and waiting jobs with `error`."""
        with self._lock:
            given_up = [future for future, _ in self._waiting if future.set_running_or_notify_cancel()]
            given_up += self._running
            self._waiting.clear()
            self._running.clear()
        for future in given_up:
            future.set_exception(error)

    def _lost(self) -> ClusterLost:
        return ClusterLost(f"--executor {self._place}: {self._trouble or 'lost the scheduler'}")

    def _watch(self) -> None:
        """Track the number of workers, and notice a lost scheduler that Dask did not report."""
        alive = time.monotonic()
        while not self._ended.wait(WATCH_SECONDS):
            with suppress(Exception):  # the connection may be lost; `_launch` handles that
                if self._count():
                    alive = time.monotonic()
                elif time.monotonic() - alive > WORKER_SECONDS:
                    stuck = f", {len(self._stuck)} took too long and were given up" if self._stuck else ""
                    self._trouble = f"no workers for {WORKER_SECONDS:g} s{stuck}"
            self._launch()

    def share(self, key: str, folder: Path) -> Handle:
        """Send the files to a joined cluster, once to each worker, including workers that join later.

        Raises:
            DataError: the folder is too large to send.
            Unavailable: the workers cannot take it.
        """
        if self._own:
            return Folder(folder)
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        size = sum(map(len, files.values()))
        if size > LARGEST_FOLDER:
            raise DataError(
                f"--executor {self._place}: the prepared data are {size / 2**30:.1f} GiB, and Dask sends up to 2 GiB. "
                "Nothing was started. Type --executor local"
            )
        copy = FolderCopy(key, files)
        try:
            self._client.register_plugin(copy)
        except Exception as error:
            raise Unavailable(
                f"--executor {self._place}: cannot send the data to the workers: {summary(error)}. Nothing was started"
            ) from None
        self._copies.append(copy.name)
        return RemoteFolder(key)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster when all jobs are done, or cancel them and leave at once.

        Our own workers are killed with their jobs; on a joined cluster a running job ends and its result is dropped.
        Jobs that are not cancelled are waited for, whatever `wait` says: a process that ends first would lose them.
        """
        with self._lock:
            self._closed = True
            waiting = [future for future, _ in self._waiting]
            unfinished = [*waiting, *self._running]
        if cancel_futures:
            for future in waiting:
                future.cancel()
        else:
            wait_for(unfinished)
        self._leave()

    def _leave(self) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        self._give_up(CancelledError())
        try:
            self._close()
        finally:
            if self._at_end is not None:
                self._at_end()

    def _close(self) -> None:
        """Leave the cluster, and end it if it is our own."""
        client, cluster = self._client, self._client.cluster if self._own else None
        with suppress(Exception):  # the scheduler may be gone
            for name in self._copies if client.status == "running" else ():
                client.sync(client.scheduler.unregister_worker_plugin, name=name, callback_timeout=CLOSE_SECONDS)
        with suppress(TimeoutError):  # on a busy machine; all results are here
            client.close(CLOSE_SECONDS)
        if cluster is not None:
            with suppress(TimeoutError):
                cluster.sync(_end, list(cluster.workers.values()))
            with suppress(TimeoutError):
                cluster.close(CLOSE_SECONDS)


async def _end(nannies: list[Any]) -> None:
    """Close our own workers now: Dask itself would give a busy worker four seconds."""
    await asyncio.gather(*(nanny.close(timeout=CLOSE_SECONDS) for nanny in nannies), return_exceptions=True)


def summary(error: BaseException) -> str:
    """The first line of an error message of Dask."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
