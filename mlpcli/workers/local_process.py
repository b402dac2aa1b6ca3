"""A worker process on this machine: started, asked one call after another, and replaced after its death."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from mlpcli.background import Background
from mlpcli.errors import FileError
from mlpcli.workers import local_child
from mlpcli.workers.executor import WorkerDied
from mlpcli.workers.local_child import ONE_THREAD, read_message, write_message

__all__ = ["START_ATTEMPTS", "WorkerProcess"]

SCRIPT = str(Path(local_child.__file__).absolute())

START_ATTEMPTS = 5
"""Number of workers in a row that may die before they are ready; none of them had a job."""

START_SECONDS = 120.0
"""Time limit for a worker's imports, so that a hanging file system does not hang the parent."""

END_SECONDS = 5.0
"""Time that a worker has to end after its pipes are closed; then it is killed."""

LAST_WORDS = 4000  # number of bytes kept of a dead worker's stderr


class WorkerProcess:
    """One process at a time; after its death the next job gets a new one.

    Other threads may call only `kill` and `give_up`.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._command = [sys.executable, "-P", SCRIPT, str(os.getpid()), *preload]
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes]
        self._ready = self._killed = self._given_up = False

    def prepare(self) -> None:
        """Return when a process is ready for a call.

        Raises:
            FileError: no process can be started.
            CancelledError: `kill` was called.
        """
        cause = ""
        for _ in range(START_ATTEMPTS):
            if self._killed:
                raise CancelledError("the executor was shut down")
            if self._process is not None and self._ready and self._process.poll() is None:
                return
            try:
                self._start()
                return
            except (OSError, EOFError, MemoryError, RuntimeError) as error:  # RuntimeError: no thread for the timer
                exitcode, words = self.end()
                cause = str(error) or (words.splitlines() or [_fate(exitcode)])[-1]
        raise FileError(f"--jobs: cannot start a worker process: {cause}. Use fewer --jobs, or --executor serial")

    def answer(self, call: bytes, hear: Callable[[bytes], None]) -> bytes:
        """The outcome of `call`; if a process dies before it has accepted the call, the next process gets it.

        `hear` is called with each report of the call.

        Raises:
            WorkerDied: the process died during the call.
            FileError, CancelledError: as `prepare`.
        """
        for _ in range(START_ATTEMPTS):
            self.prepare()
            assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
            taken = False
            try:
                write_message(self._process.stdin, call)
                taken = read_message(self._process.stdout) == b""
                while not (outcome := read_message(self._process.stdout)):
                    hear(read_message(self._process.stdout))
                return outcome
            except (OSError, EOFError, MemoryError):  # MemoryError: ours, with half a message in the pipe
                exitcode, words = self.end()
            except BaseException:  # the rest of the answer is in the pipe, and would be taken for that of the next call
                self.end()
                raise
            if taken:
                break
        if self._killed:
            raise CancelledError("the executor was shut down")
        fate = "its worker process took too long and was killed" if self._given_up else _fate(exitcode)
        death = WorkerDied(fate, exitcode)
        if words:
            death.add_note(f"Its last words:\n{words}")
        raise death

    def kill(self) -> None:
        """Kill the process, whatever it is doing, and start no other."""
        self._killed = True
        process = self._process
        if process is not None:
            process.kill()

    def give_up(self) -> None:
        """Kill the process during a call, which ends with WorkerDied."""
        self._given_up = True
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> tuple[int, str]:
        """Close the pipes and wait for the process to end. Returns its exit code and the last part of its stderr."""
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return 0, ""
        assert process.stdin is not None and process.stdout is not None
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # the reader of unsent bytes is gone
                pipe.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._stderr as stderr:
            stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - LAST_WORDS))
            return process.returncode, stderr.read().decode(errors="replace").strip()

    def _start(self) -> None:
        """Start a new process and wait until it is ready; EOFError if it dies first."""
        self.end()
        self._given_up = False
        with ExitStack() as on_failure:
            self._stderr = on_failure.enter_context(tempfile.TemporaryFile())
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env={**os.environ, **ONE_THREAD},
            )
            on_failure.pop_all()
        if self._killed:  # `kill` was called before the process existed
            process.kill()
        assert process.stdout is not None
        ready = threading.Event()
        Background(_kill_unless, ready, process)
        try:
            read_message(process.stdout)
        finally:
            ready.set()
        self._ready = True


def _kill_unless(ready: threading.Event, process: subprocess.Popen[bytes]) -> None:
    if not ready.wait(START_SECONDS):
        process.kill()


def _fate(exitcode: int) -> str:
    """The way a process ended, as a clause."""
    if exitcode >= 0:
        return f"its worker process left with exit code {exitcode}"
    if exitcode == -signal.SIGKILL:
        return "its worker process was killed by SIGKILL (often: out of memory)"
    try:
        return f"its worker process was killed by {signal.Signals(-exitcode).name}"
    except ValueError:
        return f"its worker process was killed by signal {-exitcode}"
