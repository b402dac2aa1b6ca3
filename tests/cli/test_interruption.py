"""Killed, interrupted and started twice: what a training leaves behind is gone on with to the same bytes."""

import io
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from mlpcli.cli.main import run
from mlpcli.training import session
from tests.results.faults import killed_at
from tests.workers.processes import PATIENCE, eventually

DATASET = "blobs:n=1500,d=20,k=10,spread=4"
RUN = [
    *("train", "--dataset", DATASET, "--name", "r", "--width", "32", "--epochs", "30", "--threads", "1"),
    *("--dropout", "0.2", "--input-dropout", "0.1", "--norm", "batch", "--schedule", "cosine"),
]
FAST = "from mlpcli.training import session; session.CHECKPOINT_EVERY = 0.05; "
ENTER = "from mlpcli.__main__ import main; main()"

HOLD = """
import time
from mlpcli import signals
from mlpcli.results.folders.run_folder import RunFolder
append = RunFolder.append
def append_and_wait(self, rows):
    append(self, rows)
    while rows[-1]["epoch"] == {} and self.path.exists() and not signals._received:
        time.sleep(0.01)
RunFolder.append = append_and_wait
"""
"""Wait after an epoch until a signal comes or the folder disappears, so that a busy machine cannot miss the moment."""


started: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    yield
    while started:
        process = started.pop()
        process.kill()
        process.communicate()


def start(root: Path, *arguments: str, before: str = FAST) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", before + "\n" + ENTER, *RUN, "--results", str(root), *arguments]
    started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    return started[-1]


def finish(root: Path, *arguments: str, every: float = 0.05) -> tuple[int, str]:
    """The exit code and stderr of a command that is left alone; it needs no process of its own."""
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()), redirect_stderr(err):
        patch.setattr(session, "CHECKPOINT_EVERY", every)
        code = run([*RUN, "--results", str(root), *arguments])
    return code, err.getvalue()


def files(root: Path) -> dict[str, bytes]:
    """The files that must be equal byte for byte; metrics.csv and result.json without their seconds."""
    place = root / "r"
    lines = (place / "metrics.csv").read_text().splitlines()
    seconds = sum(name.endswith("_s") for name in lines[0].split(","))
    result = json.loads((place / "result.json").read_bytes())
    assert result.pop("time_s") > 0
    return {
        "metrics.csv": "\n".join(line.rsplit(",", seconds)[0] for line in lines).encode(),
        "result.json": json.dumps(result).encode(),
        "model.safetensors": (place / "model.safetensors").read_bytes(),
        "config.toml": (place / "config.toml").read_bytes(),
        "names": "\n".join(sorted(os.listdir(place))).encode(),
    }


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, bytes], float]]:
    """The files of the run that nobody stopped, and its seconds; the data are prepared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPCLI_DATA_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        root = tmp_path_factory.mktemp("golden")
        assert finish(root)[0] == 0
        begin = time.monotonic()
        assert start(root).wait(PATIENCE) == 0
        yield files(root), time.monotonic() - begin


def rows_of(root: Path) -> int:
    path = root / "r" / "metrics.csv"
    return path.read_bytes().count(b"\n") - 1 if path.exists() else 0


def wait_for_rows(root: Path, count: int) -> None:
    assert eventually(lambda: rows_of(root) >= count)


def kill_after(seconds: float, root: Path, *arguments: str) -> None:
    process = start(root, *arguments)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("part", range(3))
def test_kill_9_and_resume(golden: tuple[dict[str, bytes], float], tmp_path: Path, part: int) -> None:
    """At a random moment of each third of the run."""
    expected, seconds = golden
    moment = seconds * (part + random.random()) / 3
    kill_after(moment, tmp_path)
    code, err = finish(tmp_path, "--resume")
    assert (code, files(tmp_path)) == (0, expected), f"killed after {moment:.3f} s: {err}"


@pytest.mark.parametrize("part", range(2))
def test_kill_9_and_resume_of_an_ensemble(tmp_path: Path, part: int) -> None:
    """At a random moment of each half of the run; some of its networks stop early."""
    ensemble = ("--ensemble", "3", "--patience", "3", "--lr", "0.02")
    assert finish(tmp_path / "whole", *ensemble)[0] == 0
    begin = time.monotonic()
    assert start(tmp_path / "again", *ensemble).wait(PATIENCE) == 0
    moment = (time.monotonic() - begin) * (part + random.random()) / 2
    kill_after(moment, tmp_path, *ensemble)
    code, err = finish(tmp_path, *ensemble, "--resume")
    assert (code, files(tmp_path)) == (0, files(tmp_path / "whole")), f"killed after {moment:.3f} s: {err}"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_kill_9_twice_and_resume(golden: tuple[dict[str, bytes], float], tmp_path: Path, number: int) -> None:
    """At 20 random moments, and again at a random moment of what is left."""
    expected, seconds = golden
    draw = random.Random(number)
    first, second = seconds * draw.random(), seconds * draw.random()
    kill_after(first, tmp_path)
    kill_after(second, tmp_path, "--resume")
    code, err = finish(tmp_path, "--resume")
    assert (code, files(tmp_path)) == (0, expected), f"killed after {first:.3f} and {second:.3f} s: {err}"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(5))
def test_kill_9_of_a_long_run_with_its_own_checkpoints(tmp_path: Path, number: int) -> None:
    """Some five seconds of training, a checkpoint every two, as users have it."""
    longer = ("--epochs", "400")
    own = session.CHECKPOINT_EVERY
    assert finish(tmp_path / "whole", *longer, every=own)[0] == 0
    process = start(tmp_path, *longer, before="")
    wait_for_rows(tmp_path, 40 + 70 * number)
    process.kill()
    process.communicate(timeout=PATIENCE)
    saved = (tmp_path / "r" / "checkpoint.safetensors").exists()
    code, err = finish(tmp_path, *longer, "--resume", every=own)
    assert (code, files(tmp_path)) == (0, files(tmp_path / "whole"))
    assert ("\nepoch 1/400 " not in err) == saved, "an epoch before the checkpoint was trained again"


SHORT = ("--epochs", "1")


@pytest.fixture(scope="module")
def short(golden: tuple[dict[str, bytes], float], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a run of one epoch."""
    root = tmp_path_factory.mktemp("short")
    assert finish(root, *SHORT)[0] == 0
    return root


@pytest.mark.parametrize("rename", [3, 5, 6, 8, 10])
@pytest.mark.parametrize("resume", [(), ("--resume",)])
def test_kill_9_while_the_files_of_a_run_are_replaced(
    short: Path, tmp_path: Path, rename: int, resume: tuple[str, ...]
) -> None:
    """A run that stands is trained again: at every moment there is a whole one, old or new."""
    root = Path(shutil.copytree(short, tmp_path / "copy"))
    assert killed_at(rename, lambda: finish(root, *SHORT, every=math.inf), ("replace",))
    assert finish(root, *SHORT, *resume)[0] == 0
    assert files(root) == files(short)


def test_a_killed_run_starts_again_with_force_alone(golden: tuple[dict[str, bytes], float], tmp_path: Path) -> None:
    always = FAST.replace("0.05", "0")  # a fast machine trains 20 epochs sooner
    process = start(tmp_path, before=always + HOLD.format(20))
    wait_for_rows(tmp_path, 20)
    process.kill()
    process.communicate(timeout=PATIENCE)
    kept = (tmp_path / "r" / "metrics.csv").read_bytes()
    code, err = finish(tmp_path)
    assert (code, (tmp_path / "r" / "metrics.csv").read_bytes()) == (2, kept)
    assert "holds an unfinished run. It is unchanged. Go on with it with --resume, or use --force" in err
    code, err = finish(tmp_path, "--force")
    assert (code, files(tmp_path)) == (0, golden[0])
    assert "epoch 1/30" in err


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_says_how_to_go_on(
    golden: tuple[dict[str, bytes], float], tmp_path: Path, number: int, code: int, word: str
) -> None:
    process = start(tmp_path, before=HOLD.format(5))  # no checkpoint is due before the signal: it makes its own
    wait_for_rows(tmp_path, 5)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    place = re.escape(str(tmp_path / "r"))
    assert re.fullmatch(
        rf"mlpcli: error: {word} in epoch \d+: {place} keeps what was finished\. Go on with the same command and "
        r"--resume",
        last,
    )
    done = rows_of(tmp_path)
    assert 5 <= done < 30
    code, err = finish(tmp_path, "--resume")
    assert (code, files(tmp_path)) == (0, golden[0])
    assert f"epoch {done}/30" not in err
    assert f"epoch {done + 1}/30" in err


def test_ctrl_c_twice(golden: tuple[dict[str, bytes], float], tmp_path: Path) -> None:
    process = start(tmp_path, before=FAST + HOLD.format(5))
    wait_for_rows(tmp_path, 5)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.count("mlpcli: error: interrupted") == 1
    assert finish(tmp_path, "--resume")[0] == 0
    assert files(tmp_path) == golden[0]


def test_a_second_process_is_turned_away(golden: tuple[dict[str, bytes], float], tmp_path: Path) -> None:
    first = start(tmp_path, "--epochs", "100000")
    wait_for_rows(tmp_path, 1)
    for arguments in (["--epochs", "100000"], ["--resume"], ["--force"]):
        code, err = finish(tmp_path, *arguments)
        assert code == 75
        assert err.startswith("mlpcli: error: ")
        assert err.count("\n") == 1
    first.kill()
    first.communicate()
    assert finish(tmp_path, "--force")[0] == 0  # a lock dies with its process
    assert files(tmp_path) == golden[0]


def test_a_results_folder_that_disappears(golden: tuple[dict[str, bytes], float], tmp_path: Path) -> None:
    process = start(tmp_path, before=FAST + HOLD.format(1))
    wait_for_rows(tmp_path, 1)
    (tmp_path / "r").rename(tmp_path / "moved")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 74
    assert err.splitlines()[-1].startswith("mlpcli: error: cannot write ")
    assert not (tmp_path / "r").exists()
