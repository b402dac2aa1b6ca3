"""The executors by name. To add one, write a class with `_send` and `shutdown`, and add a line here."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import ModuleType
from typing import Any

from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.threads import blas_threads
from mlpcli.workers.calls import answer
from mlpcli.workers.executor import Executor, settle
from mlpcli.workers.reports import reported_by

__all__ = ["EXECUTORS", "SerialExecutor", "open_executor"]


class SerialExecutor(Executor):
    """Runs each job at once in this process, which makes errors and profiles easy to study."""

    jobs = 1
    is_here = True

    def _send(self, future: Future[Any], call: bytes) -> None:
        import numpy  # noqa: F401 (only a loaded BLAS can be limited)

        future.set_running_or_notify_cancel()
        with blas_threads(1), reported_by(self._hear):
            outcome = answer(call)
        settle(future, outcome)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more jobs."""
        self._closed = True


def _serial(jobs: int, preload: Sequence[str]) -> Executor:
    return SerialExecutor()


def _local(jobs: int, preload: Sequence[str]) -> Executor:
    from mlpcli.workers.local import LocalExecutor

    return LocalExecutor(jobs, preload)


def _dask(jobs: int, preload: Sequence[str]) -> Executor:
    executor: Executor = _dask_module().start(jobs)
    return executor


EXECUTORS: dict[str, Callable[[int, Sequence[str]], Executor]] = {
    "serial": _serial,
    "local": _local,
    "dask": _dask,
}
"""Name on the command line -> function of `jobs` and `preload`, the modules that workers import first."""

CLUSTER = "dask://"


def open_executor(name: str, jobs: int, preload: Sequence[str] = (), *, allow_insecure: bool = False) -> Executor:
    """Open the executor called `name`; `dask://HOST:PORT` joins the cluster of that scheduler and ignores `jobs`.

    `allow_insecure` permits a cluster on another machine without TLS.

    Raises:
        UsageError: there is no such executor, Dask is not installed, or the connection would be unencrypted.
        Unavailable: the cluster cannot be reached, has no workers, or runs other versions.
    """
    if name.startswith(CLUSTER):
        joined: Executor = _dask_module().join(name.removeprefix(CLUSTER), allow_insecure=allow_insecure)
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
