"""Jobs for the tests of executors; workers import this module by its name."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.workers.executor import Handle
from mlpcli.workers.reports import RATE, report


def square(x: int) -> int:
    return x * x


def add(a: int, *, b: int) -> int:
    return a + b


def talk(job: int, times: int) -> str:
    """Reports so many times, each time once more too soon, and at the end a third time."""
    for number in range(times):
        time.sleep(1.1 / RATE)
        report(job, number)
        report(job, 97 + number)
    report(job, 99)
    return "said"


def blas_threads() -> list[int]:
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def pid_after(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def meet(folder: str, count: int) -> int:
    """Return only when `count` processes are in this function at the same time."""
    Path(folder, str(os.getpid())).touch()
    while len(os.listdir(folder)) < count:
        time.sleep(0.01)
    return os.getpid()


def deaf(seconds: float) -> None:
    """Stay in C without giving the interpreter to any other thread."""
    ctypes.PyDLL(None).sleep(int(seconds))


def echo(value: Any) -> Any:
    return value


def read(handle: Handle, name: str) -> tuple[str, str]:
    """The folder where a shared file is, and what it holds."""
    time.sleep(0.05)
    folder = handle.open()
    return str(folder), (folder / name).read_text()


def loaded(*names: str) -> list[str]:
    return [name for name in names if name in sys.modules]


def process() -> dict[str, Any]:
    return {
        "main": getattr(sys.modules["__main__"], "__file__", None),
        "mlpcli": sys.modules["mlpcli"].__file__,
        "environment": dict(os.environ),
        "path": sys.path,
    }


def chatter() -> str:
    print("noise")
    os.system("echo noise")
    return sys.stdin.read()


# what raises


class Awkward(Exception):
    """Pickles well and cannot be unpickled: its constructor wants two."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what)


class Carrier(Exception):
    """Holds something that cannot be pickled."""

    def __init__(self, text: str) -> None:
        super().__init__(text, lambda: None)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __reduce__(self) -> Any:
        raise RuntimeError("no pickle")


def fail(kind: str) -> None:
    if kind == "exit":
        sys.exit(3)
    if kind == "interrupt":
        raise KeyboardInterrupt
    raise {
        "value": ValueError("seven", 7),
        "memory": MemoryError("all of it"),
        "awkward": Awkward("this", "that"),
        "carrier": Carrier("it"),
        "mute": Mute(),
    }[kind]


def unpicklable() -> Any:
    return lambda: None


# what dies


def die(how: str) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
    elif how == "segfault":
        ctypes.string_at(0)
    elif how == "exit 0":
        os._exit(0)
    elif how == "exit 3":
        os._exit(3)
    elif how == "abort":
        os.abort()
    time.sleep(60)


class Bomb:
    """Ends the process that pickles or unpickles it, in the processes that are not `spared`."""

    def __init__(self, when: str, spared: int) -> None:
        self.when, self.spared = when, spared

    def __getstate__(self) -> dict[str, Any]:
        if self.when == "pickling" and os.getpid() != self.spared:
            os._exit(5)
        return self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["when"] == "unpickling" and os.getpid() != state["spared"]:
            os._exit(5)
        self.__dict__.update(state)


def bomb(when: str, spared: int) -> Bomb:
    return Bomb(when, spared)


def log_and_die(folder: str) -> None:
    """Leave a file for each attempt, then die."""
    Path(folder, f"{time.monotonic_ns()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def stop_the_first(folder: Path, value: Any) -> Any:
    """Stop the worker that comes first, for ever; it neither works nor dies. Later ones give the value back."""
    try:
        (folder / "stopped").touch(exist_ok=False)
    except FileExistsError:
        return value
    os.kill(os.getpid(), signal.SIGSTOP)
    return value
