"""What happens inside the workers of a Dask cluster: calls are answered, shared folders written down.

Workers are taken to be like us (mlpcli and NumPy of one version) and to share nothing with us; the first is checked
with every call, since workers may join at any time.
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

__all__ = ["VERSIONS", "FolderCopy", "RemoteFolder", "Task", "listed", "versions"]

VERSIONS = {"mlpcli": mlpcli.__version__, "numpy": np.__version__}
"""What has to be the same everywhere for the numbers to be."""


def versions() -> dict[str, str]:
    """The versions where this is called."""
    return VERSIONS


def listed(versions: dict[str, str]) -> str:
    """Versions as they stand in a message.

    >>> listed({"mlpcli": "0.1.0", "numpy": "2.4.6"})
    'mlpcli 0.1.0, numpy 2.4.6'
    """
    return ", ".join(f"{name} {version}" for name, version in versions.items())


class Task:
    """A call that is answered by unpickling it.

    To the scheduler it is bytes and the standard library's `pickle.loads`, and in a worker without mlpcli an error of
    the task. Given a function that they cannot import, the one would refuse the task and the other break down.
    """

    def __init__(self, call: bytes) -> None:
        self._call = call

    def __reduce__(self) -> tuple[Any, ...]:
        return _answer, (VERSIONS, self._call)


def _answer(wanted: dict[str, str], call: bytes) -> bytes:
    if wanted != VERSIONS:
        raise RuntimeError(f"the worker {distributed.get_worker().address} has {listed(VERSIONS)}")
    _limit_blas()
    return answer(call)


@cache
def _limit_blas() -> None:
    """One BLAS thread for the life of the process; calls overlap in a worker's threads, so none could undo its own."""
    threadpool_limits(1, user_api="blas")


class FolderCopy(distributed.WorkerPlugin):
    """The files of a shared folder on their way; each worker writes them into its own temporary folder."""

    def __init__(self, key: str, files: dict[str, bytes]) -> None:
        self.name = f"mlpcli-{key}-{uuid.uuid4().hex}"
        self._key, self._files = key, files

    def setup(self, worker: Any) -> None:
        """Write under another name and rename, so that a folder under its own name is whole."""
        folder, files = _copy(worker, self._key), self._files
        self._files = {}  # the worker keeps this object, and need not keep the data in memory
        if folder.exists():
            return
        unfinished = folder.with_name(self.name)
        unfinished.mkdir(parents=True)
        for name, content in files.items():
            (unfinished / name).write_bytes(content)
        unfinished.rename(folder)


@dataclass(frozen=True)
class RemoteFolder:
    """A folder that every worker has a copy of."""

    key: str

    def open(self) -> Path:
        """The copy of the worker in which this is called."""
        return _copy(distributed.get_worker(), self.key)


def _copy(worker: Any, key: str) -> Path:
    return Path(worker.local_directory) / f"mlpcli-{key}"
