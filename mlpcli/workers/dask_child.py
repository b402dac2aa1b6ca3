"""Code that runs inside the workers of a Dask cluster: answering calls, reporting, and storing shared folders.

Workers must have the same versions of mlpcli and NumPy as the client, and need not share any files with it. Versions
are checked with every call, since workers may join at any time.
"""

import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import distributed
import numpy as np
from threadpoolctl import threadpool_limits

import mlpcli
from mlpcli.workers.calls import answer
from mlpcli.workers.reports import reported_by

__all__ = ["REPORTS", "VERSIONS", "FolderCopy", "RemoteFolder", "Task", "listed", "versions"]

REPORTS = "mlpcli-reports"
"""Topic of the events that carry the reports of jobs: the key of a task, and what it says."""

VERSIONS = {"mlpcli": mlpcli.__version__, "numpy": np.__version__}
"""Versions that must be equal everywhere for numbers to be equal."""


def versions() -> dict[str, str]:
    """The versions in the process where this is called."""
    return VERSIONS


def listed(versions: dict[str, str]) -> str:
    """Versions as text for a message.

    >>> listed({"mlpcli": "0.1.0", "numpy": "2.4.6"})
    'mlpcli 0.1.0, numpy 2.4.6'
    """
    return ", ".join(f"{name} {version}" for name, version in versions.items())


class Task:
    """A call that is answered when it is unpickled.

    The scheduler sees only bytes and the standard library's `pickle.loads`; in a worker without mlpcli unpickling is an
    error of the task. A function of mlpcli sent directly would be refused by a scheduler that cannot import it, and
    would crash such a worker.
    """

    def __init__(self, call: bytes) -> None:
        self._call = call

    def __reduce__(self) -> tuple[Any, ...]:
        return _answer, (VERSIONS, self._call)


def _answer(wanted: dict[str, str], call: bytes) -> bytes:
    worker = distributed.get_worker()
    if wanted != VERSIONS:
        raise RuntimeError(f"the worker {worker.address} has {listed(VERSIONS)}")
    _limit_blas()
    key = worker.get_current_task()
    with reported_by(lambda report: worker.log_event(REPORTS, {"key": key, "report": report.decode()})):
        return answer(call)


@cache
def _limit_blas() -> None:
    """Limit BLAS to one thread for good: calls overlap in a worker's threads, so no call could restore the limit."""
    threadpool_limits(1, user_api="blas")


class FolderCopy(distributed.WorkerPlugin):
    """The files of a shared folder, sent to each worker and written to its own temporary folder."""

    def __init__(self, key: str, files: dict[str, bytes]) -> None:
        self.name = f"mlpcli-{key}-{uuid.uuid4().hex}"
        self._key, self._files = key, files

    def setup(self, worker: Any) -> None:
        """Write under a temporary name and rename, so that a folder under its final name is complete."""
        folder, files = _copy(worker, self._key), self._files
        self._files = {}  # the worker keeps this object but need not keep the data in memory
        if folder.exists():
            return
        unfinished = folder.with_name(self.name)
        unfinished.mkdir(parents=True)
        for name, content in files.items():
            (unfinished / name).write_bytes(content)
        unfinished.rename(folder)


@dataclass(frozen=True)
class RemoteFolder:
    """A folder of which every worker has a copy."""

    key: str

    def open(self) -> Path:
        """The copy that belongs to the worker in which this is called."""
        return _copy(distributed.get_worker(), self.key)


def _copy(worker: Any, key: str) -> Path:
    return Path(worker.local_directory) / f"mlpcli-{key}"
