"""A Dask cluster as its users start one: a scheduler and workers from the shell, each in a folder of its own."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.workers.processes import eventually


class HandCluster:
    """A scheduler on 127.0.0.1 with `workers` workers of one thread, each under a nanny that replaces it.

    `location` is its HOST:PORT. Options of Dask's own commands come from the environment.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        where = folder / "scheduler.address"
        (folder / "scheduler").mkdir()
        self.scheduler = self._start(
            "dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(where)),
            folder=folder / "scheduler",
        )
        assert eventually(lambda: where.exists() and '"address"' in where.read_text())
        self.address = json.loads(where.read_text())["address"]
        self.location = self.address.partition("://")[2]
        for _ in range(workers):
            self.add_worker()

    def add_worker(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start one more worker, in an empty folder that is no other's."""
        folder = self.folder / f"worker{len(self.workers)}"
        folder.mkdir()
        worker = self._start(
            "dask_worker",
            *(self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard"),
            *("--local-directory", str(folder), *options),
            folder=folder,
            **environment,
        )
        self.workers.append(worker)
        return worker

    def _start(self, command: str, *options: str, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", f"distributed.cli.{command}", *options],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (self.scheduler, *self.workers):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
