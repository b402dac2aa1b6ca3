"""The executors a sweep can run on, all of them `concurrent.futures.Executor`, and what can befall their workers.

Adding one means a class with `_send` and `shutdown`, and a line in `EXECUTORS`. A future ends in the job's result, the
job's own exception, `WorkerDied` (the worker of this job is gone, no other job is affected) or `ClusterLost`.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

from mlpcli.errors import Unavailable, UsageError
from mlpcli.sweep.calls import RemoteError, answer, pack, unpack
from mlpcli.training.threads import blas_threads

__all__ = [
    "EXECUTORS",
    "ClusterLost",
    "Folder",
    "Handle",
    "SerialExecutor",
    "SweepExecutor",
    "WorkerDied",
    "open_executor",
    "settle",
]

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


class SerialExecutor(SweepExecutor):
    """Runs each job at once, here; what an error or a profile is easiest to study in."""

    jobs = 1

    def _send(self, future: Future[Any], call: bytes) -> None:
        import numpy  # noqa: F401 (only a BLAS that is loaded can be limited)

        future.set_running_or_notify_cancel()
        with blas_threads(1):
            outcome = answer(call)
        settle(future, outcome)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more jobs."""
        self._closed = True


def settle(future: Future[Any], outcome: bytes) -> None:
    """End `future` with the outcome of its call."""
    try:
        result = unpack(outcome)
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)


def _serial(jobs: int, preload: Sequence[str]) -> SweepExecutor:
    return SerialExecutor()


def _local(jobs: int, preload: Sequence[str]) -> SweepExecutor:
    from mlpcli.sweep.local import LocalExecutor

    return LocalExecutor(jobs, preload)


def _dask(jobs: int, preload: Sequence[str]) -> SweepExecutor:
    executor: SweepExecutor = _dask_module().start(jobs)
    return executor


EXECUTORS: dict[str, Callable[[int, Sequence[str]], SweepExecutor]] = {
    "serial": _serial,
    "local": _local,
    "dask": _dask,
}
"""Name on the command line -> an executor of that many jobs, whose workers import the modules of `preload` first."""

CLUSTER = "dask://"


def open_executor(name: str, jobs: int, preload: Sequence[str] = (), *, allow_insecure: bool = False) -> SweepExecutor:
    """The executor of that name; `dask://HOST:PORT` joins the cluster of that scheduler, whatever `jobs` says.

    `allow_insecure` admits a cluster on another machine without TLS.

    Raises:
        UsageError: no such executor, Dask is not installed, or the cluster would be reached unencrypted.
        Unavailable: the cluster cannot be reached, has no workers, or runs other versions.
    """
    if name.startswith(CLUSTER):
        joined: SweepExecutor = _dask_module().join(name.removeprefix(CLUSTER), allow_insecure=allow_insecure)
        return joined
    if name not in EXECUTORS:
        raise UsageError(f"--executor {name}: must be one of {', '.join(EXECUTORS)}, {CLUSTER}HOST:PORT")
    return EXECUTORS[name](jobs, preload)


def _dask_module() -> ModuleType:
    try:
        from mlpcli.sweep import connect
    except ModuleNotFoundError as error:
        if error.name not in {"dask", "distributed"}:
            raise
        raise UsageError(
            "--executor dask: Dask is not installed. Nothing was started. Type: pip install 'mlpcli[dask]'"
        ) from None
    return connect
