"""The role of an executor, which runs jobs in workers, and the ways in which a worker can be lost.

A future ends with the job's result, the job's own exception, `WorkerDied` (the worker of this job is gone; no other
job is affected) or `ClusterLost`.
"""

from abc import abstractmethod
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from mlpcli.errors import Unavailable
from mlpcli.workers.calls import RemoteError, pack, unpack
from mlpcli.workers.reports import decode

__all__ = ["ClusterLost", "Executor", "Folder", "Handle", "WorkerDied", "settle"]

Result = TypeVar("Result")


class WorkerDied(Exception):
    """The process that ran this job is gone; the message says how.

    `exitcode` is the exit code of the process, negative for a signal, or None where only a cluster knows it.
    """

    def __init__(self, reason: str, exitcode: int | None = None) -> None:
        super().__init__(reason, exitcode)
        self.reason, self.exitcode = reason, exitcode

    def __str__(self) -> str:
        return self.reason


class ClusterLost(Unavailable):
    """The scheduler went away before all jobs were finished; none of them is to blame."""


class Handle(Protocol):
    """A folder shared with the workers, passed to a job as one of its arguments."""

    def open(self) -> Path:
        """The folder on the machine where this is called. Read it only."""
        ...


@dataclass(frozen=True)
class Folder:
    """A shared folder on a file system that the workers see too."""

    path: Path

    def open(self) -> Path:
        """The folder itself."""
        return self.path


class Executor(futures.Executor):
    """A `concurrent.futures.Executor` whose workers can be started ahead of time and read shared folders."""

    jobs: int
    """The number of jobs that run at once; further jobs wait their turn."""

    is_here = False
    """Whether jobs run in this process."""

    listener: Callable[[tuple[int, ...]], None] | None = None
    """Called with each report of a job, in any thread."""

    _closed = False

    def submit(self, function: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Call `function`, defined at the top level of its module, in a worker with one BLAS thread."""
        if self._closed:
            raise RuntimeError("the executor was shut down")
        future: Future[Result] = Future()
        try:
            call = pack(function, args, kwargs)
        except RemoteError as error:
            future.set_exception(error)
        else:
            self._send(future, call)
        return future

    @abstractmethod
    def _send(self, future: Future[Any], call: bytes) -> None:
        """Settle `future` with the outcome of `call`, now or later."""

    def _hear(self, message: bytes) -> None:
        """Pass a report on."""
        if self.listener is not None:
            self.listener(decode(message))

    def abandon(self, future: Future[Any]) -> None:
        """Give up the worker of a job that has been running for too long: `future` ends with WorkerDied.

        Does nothing where a job cannot be given up.
        """

    def warm(self, count: int) -> None:
        """Make up to `count` workers ready while the caller does something else."""

    def share(self, key: str, folder: Path) -> Handle:
        """Make `folder`, which has no subfolders, readable for jobs wherever they run.

        `key` (letters, digits, dashes) identifies the folder's content.
        """
        return Folder(folder)


def settle(future: Future[Any], outcome: bytes) -> None:
    """Set the result or the exception of `future` from the outcome of its call."""
    try:
        result = unpack(outcome)
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
