"""What a sweep asks of an executor, a `concurrent.futures.Executor`, and what can befall its workers.

A future ends in the job's result, the job's own exception, `WorkerDied` (the worker of this job is gone, no other job
is affected) or `ClusterLost`.
"""

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from mlpcli.errors import Unavailable
from mlpcli.workers.calls import RemoteError, pack, unpack

__all__ = ["ClusterLost", "Folder", "Handle", "SweepExecutor", "WorkerDied", "settle"]

Result = TypeVar("Result")


class WorkerDied(Exception):
    """The process that ran this job is gone; the message says how.

    `exitcode` is the system's, negative for a signal, and None where only a cluster knows it.
    """

    def __init__(self, reason: str, exitcode: int | None = None) -> None:
        super().__init__(reason, exitcode)
        self.reason, self.exitcode = reason, exitcode

    def __str__(self) -> str:
        return self.reason


class ClusterLost(Unavailable):
    """The scheduler went away with jobs unfinished; none of them is to blame."""


class Handle(Protocol):
    """A folder shared with the workers; it travels among a job's arguments."""

    def open(self) -> Path:
        """The folder on the machine where this is called, to be read only."""
        ...


@dataclass(frozen=True)
class Folder:
    """A shared folder on a file system that the workers see as we do."""

    path: Path

    def open(self) -> Path:
        """The folder itself."""
        return self.path


class SweepExecutor(Executor):
    """What the engine may ask of an executor beyond submit, map and shutdown."""

    jobs: int
    """How many jobs run at once; more may be submitted, and wait their turn."""

    _closed = False

    def submit(self, function: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Call `function`, which stands at its module's top, with one BLAS thread in a worker."""
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

    def warm(self, count: int) -> None:
        """Make up to `count` workers ready while the caller does something else."""

    def share(self, key: str, folder: Path) -> Handle:
        """Let jobs read `folder`, a flat one that `key` (letters, digits, dashes) identifies, wherever they run."""
        return Folder(folder)


def settle(future: Future[Any], outcome: bytes) -> None:
    """End `future` with the outcome of its call."""
    try:
        result = unpack(outcome)
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
