"""SIGTERM and Ctrl-C at every moment of a command, once and again: 130 or 143, one line, and nothing lost."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.sweeps.sweeps import ENTER, seconds, sweep, timeless, write_sweep
from tests.workers.processes import PATIENCE

TERMINATED = "mlpcli: error: terminated. No results were changed\n"
KEPT = "mlpcli: error: terminated. What was finished is kept\n"

HIT = """
import mlpcli.cli.interruption as interruption, os, signal, sys
watch, calls = interruption.watch, 0
def count(frame, event, argument):
    global calls
    if event == "call":
        calls += 1
        if calls == {at}:
            os.kill(os.getpid(), signal.SIGTERM)
def watch_and_count():
    watch()
    sys.setprofile(count)
interruption.watch = watch_and_count
"""
"""Terminate the command at its call number `at` of a Python function."""

TWICE = """
import os, signal, threading, time
from mlpcli.results.folders.sweep_folder import SweepFolder
close = SweepFolder.close
def signal_and_close(self):
    os.kill(os.getpid(), signal.SIGTERM)
    close(self)
SweepFolder.close = signal_and_close
add, rows = SweepFolder.add, 0
def signal_and_add(self, *arguments):
    os.kill(os.getpid(), signal.SIGTERM)
    add(self, *arguments)
SweepFolder.add = signal_and_add
"""
"""Terminate a sweep while it records a trial, and again while it ends."""


def run(before: str, *arguments: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{textwrap.dedent(before)}\n{ENTER}", *arguments, "--results", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("at", [1, 30, 1_000, 10_000, 30_000, 100_000, 150_000])
def test_terminated_at_any_call(tmp_path: Path, at: int) -> None:
    train = ("train", "--dataset", "iris", "--epochs", "2000", "--name", "r", "--quiet")
    stopped = run(HIT.format(at=at), *train, root=tmp_path)
    assert (stopped.returncode, stopped.stdout) == (143, "")
    assert stopped.stderr.startswith("mlpcli: error: terminated") and stopped.stderr.count("\n") == 1


def test_terminated_before_anything_is_imported(tmp_path: Path) -> None:
    stopped = run(HIT.format(at=1), "--version", root=tmp_path)
    assert (stopped.returncode, stopped.stderr) == (143, TERMINATED)


def test_terminated_while_the_first_signal_is_answered(tmp_path: Path) -> None:
    base = {"dataset": "moons:n=150", "epochs": 2}
    file = write_sweep(tmp_path / "s.toml", seeds=3, base=base, grid={"width": [4, 8]})
    command = ("sweep", str(file), "--executor", "serial", "--quiet")  # a stack of 3, then another
    stopped = run(TWICE, *command, root=tmp_path / "results")
    kept = "3 of 6 trials are kept in results/s. Go on with the same command"
    assert (stopped.returncode, stopped.stderr) == (143, f"mlpcli: error: terminated. {kept}\n")
    before = seconds(tmp_path / "results/s")
    assert timeless(sweep(file, tmp_path / "results")) == timeless(sweep(file, tmp_path / "whole"))
    assert before.items() <= seconds(tmp_path / "results/s").items()


DOOMED = """
import os, signal, time
import mlpcli.results.folders.find_models as find
from mlpcli import signals
class Doomed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
def find_run(text, root):
    Doomed()
    time.sleep(3600)
find.find_run = find_run
"""
"""Terminate the command in a destructor, where Python prints an exception that is raised, and goes on."""

ANOTHER = """
start, left = signals.Background, [1, 2]
def start_and_terminate(*call):
    started = start(*call)
    if left:
        left.pop()
        os.kill(os.getpid(), signal.SIGTERM)
    return started
signals.Background = start_and_terminate
"""
"""Terminate it again while the thread that repeats the first signal is being started."""


@pytest.mark.parametrize("before", [DOOMED, DOOMED + ANOTHER], ids=["one", "another"])
def test_a_signal_in_a_destructor_is_not_lost(tmp_path: Path, before: str) -> None:
    stopped = run(before, "eval", "r", root=tmp_path)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (143, "", KEPT)


def test_lack_of_memory_in_a_destructor_or_a_thread_is_no_line_of_its_own(tmp_path: Path) -> None:
    before = """
        import _thread
        import mlpcli.results.folders.find_models as find
        class Doomed:
            def __del__(self):
                raise MemoryError
        find_run = find.find_run
        def doomed_find_run(text, root):
            Doomed()
            _thread.start_new_thread(bytearray, (1 << 62,))
            return find_run(text, root)
        find.find_run = doomed_find_run
    """
    done = run(before, "eval", "absent", root=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_a_signal_during_an_import_ends_the_process_there(tmp_path: Path) -> None:
    """NumPy prints an exception that is raised in its import, and raises another."""
    (tmp_path / "slow_module.py").write_text(
        "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\nexcept BaseException:\n    print('lost')\n"
    )
    before = "import mlpcli.results.folders.find_models as f\nf.find_run = lambda text, root: __import__('slow_module')"
    stopped = run(before, "eval", "r", root=tmp_path)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (143, "", KEPT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_last_line_changes_nothing(tmp_path: Path, number: int) -> None:
    """Not even while Python takes itself apart."""
    before = f"""
        import atexit, functools, os
        class Late:
            __del__ = functools.partial(os.kill, os.getpid(), {int(number)})
        late = Late()
        late.cycle = late
        atexit.register(os.kill, os.getpid(), {int(number)})
    """
    done = run(before, "eval", "absent", root=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
