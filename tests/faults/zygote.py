"""Copies of a process that has imported all that a command imports: a disturbed command in a tenth of the time.

Most of a tiny command's time and nearly all of its system calls are imports. Those are disturbed in whole processes;
what the command itself does begins here. The copy stops before its first line, until a tracer has attached.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["Copy", "Zygote"]

COPY = """
import gc, importlib, json, os, signal, sys, warnings

if not sys.warnoptions:
    warnings.simplefilter("ignore")
from mlpcli.threads import set_up_blas
set_up_blas()
for name in json.loads(sys.stdin.readline()):
    importlib.import_module(name)
gc.freeze()
print(flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child:
        print(child, flush=True)
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)
        continue
    for number, path in enumerate((os.devnull, os.devnull, asked["err"])):
        descriptor = os.open(path, os.O_RDWR)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv[1:] = asked["arguments"]
    if asked["traced"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    exec(asked["code"], {"__name__": "__copy__"})
"""
"""Reads names of modules, then a request per line; answers with the number of a process, then with its exit code."""


class Copy:
    """A copy of the zygote that runs a command; used as a `subprocess.Popen` is."""

    def __init__(self, zygote: "Zygote", pid: int, err: Path, tracer: "subprocess.Popen[bytes] | None") -> None:
        self.pid, self.returncode = pid, 0
        self._zygote, self._err, self._tracer = zygote, err, tracer

    def communicate(self, timeout: float | None = None) -> tuple[None, str]:
        """Wait for its end; what it wrote to stderr."""
        self.returncode = int(self._zygote.answer(timeout))
        if self._tracer:
            self._tracer.wait()
        return None, self._err.read_text(errors="replace")

    def kill(self) -> None:
        """Kill it; `communicate` still has to be called."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Zygote:
    """A process in `folder` that has imported `modules` and begins a copy of itself for each command, one at a time."""

    def __init__(self, folder: Path, modules: Sequence[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", COPY],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # a reader that took two lines at once would wait for the second
            env=environment,
        )
        self._folder = Path(tempfile.mkdtemp())
        self._ask(list(modules))
        self.answer()

    def start(self, code: str, arguments: Sequence[str], tracer: Sequence[str] = ()) -> Copy:
        """Run `code` with these arguments, from its first line on under a tracer that takes `-p`, if there is one."""
        err = self._folder / "stderr"
        err.write_text("")
        self._ask({"code": code, "arguments": arguments, "err": str(err), "traced": bool(tracer)})
        pid = int(self.answer())
        attached = None
        if tracer:
            _wait_for(pid, "State:\tT")
            attached = subprocess.Popen([*tracer, "-p", str(pid)], stderr=subprocess.DEVNULL)
            _wait_for(pid, f"TracerPid:\t{attached.pid}\n")
            os.kill(pid, signal.SIGCONT)
        return Copy(self, pid, err, attached)

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        shutil.rmtree(self._folder)

    def answer(self, timeout: float | None = None) -> str:
        """The next line that it says; TimeoutExpired if it does not come."""
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("copy", timeout or 0)
        return self._process.stdout.readline().decode()

    def _ask(self, what: object) -> None:
        assert self._process.stdin
        self._process.stdin.write((json.dumps(what) + "\n").encode())


def _wait_for(pid: int, words: str) -> None:
    """Wait until /proc says so of a process."""
    while words not in Path(f"/proc/{pid}/status").read_text():
        time.sleep(0.001)
