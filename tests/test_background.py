"""Threads that begin, or of which the parent hears that they cannot."""

import subprocess
import sys
import threading

import pytest

from mlpcli import background
from mlpcli.background import Background

SHORT_OF_MEMORY = """
import resource, threading
from mlpcli.background import Background

STACK = 1 << 20
threading.stack_size(STACK)
(size,) = (int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmSize"))
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
outcomes = []
for room in range(0, 100 << 10, 4 << 10):
    resource.setrlimit(resource.RLIMIT_AS, (size + STACK + room, hard))
    ran = []
    try:
        Background(ran.append, True).join()
    except (MemoryError, RuntimeError) as error:
        outcomes.append(type(error).__name__)
    else:
        outcomes.append("ran" if ran else "lost")
        break
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
print(*outcomes)
"""
"""There is room for the thread's stack, and 0 to 96 KB for the 16 KB of its first frame: `Thread.start` hangs here."""


def test_a_thread_that_has_no_memory_to_begin() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux bounds a process's address space and shows its size")
    done = subprocess.run([sys.executable, "-c", SHORT_OF_MEMORY], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *refused, last = done.stdout.split()
    assert {"MemoryError"} <= set(refused) <= {"RuntimeError", "MemoryError"} and last == "ran"


def test_a_thread_that_ends_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "start_new_thread", lambda call, arguments: None)
    with pytest.raises(MemoryError, match="no memory for another thread"):
        Background(print)


def test_join_waits_for_the_end() -> None:
    go, said = threading.Event(), []

    def work(word: str) -> None:
        go.wait(60)
        said.append(word)

    thread = Background(work, "done")
    assert not said
    go.set()
    thread.join()
    assert said == ["done"]


def test_join_returns_when_the_function_raises_the_one_error_that_no_thread_reports() -> None:
    Background(sys.exit).join()


def test_join_returns_though_a_hook_keeps_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", kept.append)
    monkeypatch.setattr(background, "REPORT", 0.2)
    thread = Background(int, "x")
    joining = threading.Thread(target=thread.join, daemon=True)
    joining.start()
    joining.join(60)
    assert not joining.is_alive()
    assert kept and thread._call() is not None


def test_what_the_function_raises_is_reported_before_join_returns() -> None:
    script = "from mlpcli.background import Background\nBackground(int, 'x').join()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert "ValueError: invalid literal for int() with base 10: 'x'" in done.stderr
