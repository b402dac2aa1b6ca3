"""The executors a sweep can run on, by name; adding one means a class with `_send` and `shutdown`, and a line here."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import ModuleType
from typing import Any

from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.threads import blas_threads
from mlpcli.workers.calls import answer
from mlpcli.workers.executor import SweepExecutor, settle

__all__ = ["EXECUTORS", "SerialExecutor", "open_executor"]


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


def _serial(jobs: int, preload: Sequence[str]) -> SweepExecutor:
    return SerialExecutor()


def _local(jobs: int, preload: Sequence[str]) -> SweepExecutor:
    from mlpcli.workers.local import LocalExecutor

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
        from mlpcli.workers import dask_connect as connect
    except ModuleNotFoundError as error:
        if error.name not in {"dask", "distributed"}:
            raise
        raise UsageError(
            f"--executor dask: Dask is not installed. Nothing was started. Type: {install_command('dask')}"
        ) from None
    return connect
