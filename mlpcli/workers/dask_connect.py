"""Starting or joining a Dask cluster; within a minute there is an executor or an error message of one line."""

import ipaddress
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from multiprocessing import resource_tracker
from typing import Any, TypeVar
from urllib.parse import urlsplit

import dask
import distributed
from distributed.security import Security

from mlpcli.background import Background
from mlpcli.errors import Unavailable, UsageError
from mlpcli.workers.dask_child import VERSIONS, listed, versions
from mlpcli.workers.dask_cluster import CLOSE_SECONDS, WORKER_SECONDS, ClusterExecutor, summary
from mlpcli.workers.local import ctrl_c_blocked

__all__ = ["join", "scheduler_address", "start"]

Result = TypeVar("Result")

CONNECT_SECONDS = 10.0


def start(jobs: int) -> ClusterExecutor:
    """Start a cluster of `jobs` processes with one thread each; it listens on 127.0.0.1 only and has no dashboard.

    Raises:
        Unavailable: the cluster does not start.
    """
    _set_up_dask()
    before = dict(os.environ)
    os.environ["PYTHONSAFEPATH"] = "1"  # no process that Dask starts may import from the working folder
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")  # said of a cluster that was interrupted
    if os.name == "posix":
        resource_tracker.ensure_running()  # started by a later thread, it would unblock Ctrl-C there
    try:
        client = _within(WORKER_SECONDS, partial(_start, jobs))
    except Exception as error:
        _undo_changes(before)()
        raise Unavailable(
            f"--executor dask: the cluster does not start: {summary(error)}. Nothing was started. Type --executor local"
        ) from None
    return ClusterExecutor(client, "dask", own=True, at_end=_undo_changes(before))


def _undo_changes(before: Mapping[str, str]) -> Callable[[], None]:
    """What gives the variables of the environment back that were changed since: ours and Dask's are for its children.

    They must stay until the cluster ends, since Dask restarts workers that died.
    """
    changed = [name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name)]

    def undo() -> None:
        for name in changed:
            os.environ.pop(name, None)
            os.environ.update({name: before[name]} if name in before else {})

    return undo


def _start(jobs: int) -> Any:
    cluster = distributed.LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        security=Security.temporary(),  # other users of this machine reach the port too
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"allowed_failures": 0, "dashboard": False},
        silence_logs=logging.CRITICAL,
    )
    return distributed.Client(cluster, set_as_default=False)


def join(location: str, *, allow_insecure: bool = False) -> ClusterExecutor:
    """Join the cluster whose scheduler is at `location`, HOST:PORT; with TLS if Dask's configuration names a CA file.

    Raises:
        UsageError: `scheduler_address` refuses the location.
        Unavailable: no scheduler or no worker answers in time, or a worker has another mlpcli or NumPy.
    """
    place = f"dask://{location}"
    encrypted = bool(dask.config.get("distributed.comm.tls.ca-file"))
    address = scheduler_address(location, encrypted=encrypted, allow_insecure=allow_insecure)
    _set_up_dask()
    connect = partial(distributed.Client, address, timeout=CONNECT_SECONDS, set_as_default=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Dask warns about every version; `_check` compares those that matter
            client = _within(CONNECT_SECONDS, connect)
        try:
            _check(client, place)
            return ClusterExecutor(client, place, own=False)
        except BaseException:
            client.close(CLOSE_SECONDS)
            raise
    except Unavailable:
        raise
    except Exception as error:  # another kind of server may send anything
        raise Unavailable(
            f"--executor {place}: no Dask scheduler answers there within {CONNECT_SECONDS:g} s: {summary(error)}. "
            "Nothing was started. Type the same command again when it runs"
        ) from None


def scheduler_address(location: str, *, encrypted: bool, allow_insecure: bool) -> str:
    """Dask's address for HOST:PORT.

    Without TLS, anyone who reaches the scheduler's port, or listens on the way to it, can run code on every machine of
    the cluster and on this one. A scheduler on this machine (or behind an SSH tunnel) is allowed; for any other one
    the user must accept the risk.

    >>> scheduler_address("localhost:8786", encrypted=False, allow_insecure=False)
    'tcp://localhost:8786'

    Raises:
        UsageError: `location` is not HOST:PORT, or is remote, unencrypted and not explicitly allowed.
    """
    try:
        parts = urlsplit(f"//{location}")
        host, complete = parts.hostname or "", bool(parts.hostname and parts.port and parts.netloc == location)
    except ValueError:  # raised for a port that is not a number
        complete = False
    if not complete or "@" in location:
        raise UsageError(f"--executor dask://{location}: must be dask://HOST:PORT, as in dask://127.0.0.1:8786")
    if not (encrypted or allow_insecure or _is_here(host)):
        raise UsageError(
            f"--executor dask://{location}: unencrypted and unauthenticated: anyone who can reach it can run code "
            "there and here. Nothing was started. Set distributed.comm.tls in Dask's configuration, or tunnel the port "
            "with ssh -L, or give the command --allow-insecure-dask"
        )
    return f"{'tls' if encrypted else 'tcp'}://{location}"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check(client: Any, place: str) -> None:
    """Check that there is a worker, and that every worker has our versions."""
    try:
        client.submit(os.getpid, pure=False).result(WORKER_SECONDS)  # a task makes an adaptive cluster grow
    except TimeoutError:
        raise Unavailable(
            f"--executor {place}: no workers within {WORKER_SECONDS:g} s. Nothing was started. "
            f"Start some: dask worker {client.scheduler.address}"
        ) from None
    for worker, theirs in client.run(versions, on_error="return").items():
        if theirs != VERSIONS:
            found = f"has {listed(theirs)}" if isinstance(theirs, dict) else f"cannot load mlpcli ({summary(theirs)})"
            raise Unavailable(
                f"--executor {place}: the worker {worker} {found}, and here is {listed(VERSIONS)}. "
                "Nothing was started. Install the same there, then type the same command again"
            )


def _within(seconds: float, function: Callable[[], Result]) -> Result:
    """`function()`, or TimeoutError after `seconds`: some of Dask's waits have no limit. Ctrl-C keeps working."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    with ctrl_c_blocked():
        Background(run)
    return future.result(seconds)


def _set_up_dask() -> None:
    """Silence Dask's logs, which repeat our messages with tracebacks, and shorten its long wait for dead hosts."""
    dask.config.set({"distributed.comm.timeouts.connect": CONNECT_SECONDS})
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"asyncio", "distributed", "tornado"}:
            logging.getLogger(name).setLevel(logging.CRITICAL)
