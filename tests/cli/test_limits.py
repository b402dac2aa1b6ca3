"""Too little memory, too few files or threads: one line, 65 or 74, and the same command does the rest later."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlpcli import background
from mlpcli.cli import main
from mlpcli.sweeps.run import job_dispatch
from mlpcli.sweeps.run.train_stack import run_job
from tests.sweeps.sweeps import rows, sweep, timeless, write_sweep
from tests.workers.processes import PATIENCE

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep these limits")
TRAIN = ("train", "--dataset", "iris", "--epochs", "1", "--name", "r", "--quiet")
GENERATED = (
    "train",
    "--dataset",
    "moons:n=150",
    *TRAIN[3:],
)  # iris comes with scikit-learn, which takes a second to load
SWEEP = ("sweep", "s.toml", "--quiet")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file() -> Path:
    return write_sweep(Path("s.toml"), seeds=2, base={"dataset": "iris", "epochs": 2}, grid={"width": [4, 8]})


def limited(limit: str, value: int, *arguments: str) -> tuple[int, str]:
    def keep() -> None:
        import resource

        resource.setrlimit(getattr(resource, limit), (value, value))

    # a cluster that another test started in this process sets the first; of bytecode, Python would write the beginning
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONWARNINGS"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "mlpcli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=keep,
        timeout=PATIENCE,
        env=environment,
    )
    return done.returncode, done.stderr


CRASHING = """
import atexit, ctypes, sys
from mlpcli.__main__ import main
from mlpcli.cli import console
error = console.error
console.error = lambda text: (error(text), atexit.register(print, "all others were called"))
c = ctypes.CDLL(None)
getattr(c, "__cxa_atexit")(c.abort, None, None)
sys.argv[1:] = ["show", "nothing"]
main()
"""
"""A command that fails, in a process with a library that crashes when the process ends."""


@linux
def test_a_library_that_crashes_at_the_end() -> None:
    """As pyarrow's allocator does when it has found no memory, after the line of error."""
    done = subprocess.run([sys.executable, "-c", CRASHING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "all others were called\n"), done.stderr


@linux
@pytest.mark.parametrize("command", [TRAIN, (*SWEEP, "--executor", "serial")])
@pytest.mark.parametrize("megabytes", [80, 150, 180, 212, 220])
def test_address_space(file: Path, command: tuple[str, ...], megabytes: int) -> None:
    """NumPy, OpenBLAS or SciPy find no room: OpenBLAS alone would print its own text and exit with 1, or wait."""
    code, err = limited("RLIMIT_AS", megabytes << 20, *command)
    assert (code, err.count("\n")) in {(65, 1), (0, 0)}, err
    assert code == 0 or ("memory" in err and err.startswith("mlpcli: error: "))


@linux
@pytest.mark.parametrize("files", [7, 9, 12])  # with fewer, Python itself does not start in every environment
def test_file_descriptors(files: int) -> None:
    code, err = limited("RLIMIT_NOFILE", files, *GENERATED)
    assert (code, err.count("\n")) in {(74, 1), (0, 0)}, err
    assert main.run(GENERATED) == 0


@linux
@pytest.mark.parametrize("megabytes", [12, 24, 28, 40])
def test_data_segment(megabytes: int) -> None:
    """Where Rust finds no memory, pydantic would end the process with its own text."""
    code, err = limited("RLIMIT_DATA", megabytes << 20, *TRAIN)
    assert (code, err.count("\n")) in {(65, 1), (74, 1)}, err
    assert err.startswith("mlpcli: error: ") and ("memory" in err or "needs" in err)


@linux
@pytest.mark.parametrize(("size", "command"), [(0, TRAIN), (3000, GENERATED)])
def test_file_size(size: int, command: tuple[str, ...]) -> None:
    """With 0, joblib, which scikit-learn loads, warns that it cannot use its semaphores."""
    code, err = limited("RLIMIT_FSIZE", size, *command)
    assert (code, err.count("\n")) == (74, 1), err
    assert "File too large" in err
    assert main.run(command) == 0


@linux
def test_workers_that_find_no_memory(file: Path) -> None:
    code, err = limited("RLIMIT_AS", 110 << 20, *SWEEP, "--jobs", "1")
    assert (code, err.count("\n")) in {(65, 1), (74, 1)}, err


LOADING = """
import resource, sys, threading
from mlpcli.__main__ import main

class Spy:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            beside.append(name)

beside = []
limit, *sys.argv[1:] = sys.argv[1:]
if limit:
    resource.setrlimit(getattr(resource, limit), (1 << 36, 1 << 36))
sys.meta_path.insert(0, Spy())
try:
    main()
except SystemExit as end:
    print(end.code, *beside)
"""
"""A command that tells what other threads than the main one load; the limit would be too large to be met."""


@linux
@pytest.mark.parametrize("limit", ["", "RLIMIT_AS", "RLIMIT_DATA"])
def test_one_thread_alone_loads_where_memory_is_bounded(limit: str) -> None:
    """Two that loaded at once found room for both and took it twice: SciPy's libraries ended the process by SIGSEGV."""
    write_sweep(Path("s.toml"), seeds=2, base={"dataset": "moons:n=150", "epochs": 2}, grid={"width": [4, 8]})
    command = [sys.executable, "-c", LOADING, limit, *SWEEP, "--executor", "serial"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    code, *beside = done.stdout.splitlines()[-1].split()
    assert code == "0"
    assert ("scipy.special" in beside) if not limit else not beside


FAILURE: dict[str, BaseException] = {}


def fail_at_width_8(job: Any) -> Any:
    """The work of a job; it is found by its name, as workers find it."""
    if job.runs[0].sizes[0] == 8:
        raise FAILURE["error"]
    return run_job(job)


@pytest.mark.parametrize(
    ("error", "code", "what"),
    [
        (MemoryError("Unable to allocate 1.2 GiB"), 65, "memory"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), 74, "file descriptors"),
        (RuntimeError("can't start new thread"), 74, "processes or threads"),
    ],
)
def test_a_trial_that_lacked_something_is_trained_again(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    what: str,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(job_dispatch, "run_job", fail_at_width_8)
        patch.setitem(FAILURE, "error", error)
        folder = sweep(file, Path("results"), code=code)
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"2 of 4 trials failed for lack of {what}: " in line and "Train these again with the same command" in line
    assert [row["state"] for row in rows(folder, "trials.csv")] == ["complete"] * 2 + ["failed"] * 2
    assert all(row["error"].startswith(f"lack of {what}: ") for row in rows(folder, "trials.csv")[2:])
    assert timeless(sweep(file, Path("results"))) == timeless(sweep(file, Path("whole")))


def test_no_thread_to_be_had(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*call: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(background, "start_new_thread", refuse)
    assert main.run([*SWEEP, "--jobs", "2"]) == 74
    assert "mlpcli: error: not enough processes or threads" in capsys.readouterr().err


def not_found(module: str) -> ImportError:
    """What Python says where `from mlpcli.cli import module` finds no file, or cannot see it."""
    path = str(Path(main.__file__).with_name("__init__.py"))
    return ImportError(f"cannot import name '{module}' from 'mlpcli.cli' ({path})", name="mlpcli.cli", path=path)


class PanicException(BaseException):
    """What a library written in Rust raises."""


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (PanicException("failed to import `datetime` C API: x"), 74, "cannot load a library: failed to import"),
        (PanicException("index out of bounds"), 70, "a bug in mlpcli"),
        (ImportError("libx.so: failed to map segment from shared object"), 65, "not enough memory: libx.so"),
        (ImportError("libx.so: cannot open shared object file", name="numpy"), 74, "cannot load numpy: libx.so"),
        (ModuleNotFoundError("No module named 'mlpcli.nn'", name="mlpcli.nn"), 74, "cannot load mlpcli.nn: No module"),
        (ImportError("no name 'x'", name="mlpcli.nn"), 70, "a bug in mlpcli"),
        (not_found("completion"), 74, "cannot load mlpcli.cli: cannot import name 'completion'"),
        (not_found("completions"), 70, "a bug in mlpcli"),
    ],
)
def test_a_library_that_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    def fail(name: str) -> None:
        raise error

    monkeypatch.setattr(main, "_load", fail)
    assert main.run(["train"]) == code
    assert capsys.readouterr().err.startswith(f"mlpcli: error: {line}")


def test_streams_that_cannot_be_guarded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(main, "guard_streams", fail)
    assert main.run(["--version"]) == 74
    assert capsys.readouterr().err == (
        "mlpcli: error: cannot read or write: Input/output error. Check the disk and the connection to it\n"
    )
