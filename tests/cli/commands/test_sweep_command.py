"""`mlpcli sweep` from the outside: what it prints, its exit codes, and how it is interrupted."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.main import run
from tests.sweeps.sweeps import kill_group, rows, seconds, start_sweep, sweep, timeless, write_sweep
from tests.workers.hand_cluster import HandCluster
from tests.workers.processes import PATIENCE, alive, eventually

BASE = {"dataset": "iris", "width": 4, "depth": 1, "epochs": 3, "batch_size": 16}

HOLD = """
import time
from pathlib import Path
from mlpcli import signals
from mlpcli.results.folders.sweep_folder import SweepFolder
add, recorded = SweepFolder.add, 0
def add_and_wait(self, trials, *arguments):
    global recorded
    add(self, trials, *arguments)
    recorded += len(trials)
    while recorded >= {} and not signals._received and not Path("go").exists():
        time.sleep(0.01)
SweepFolder.add = add_and_wait
"""
"""Wait with this many trials recorded until a signal comes or the file `go`: a busy machine misses no moment."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def start() -> Iterator[Any]:
    """`start_sweep`, whose processes are ended."""
    processes: list[subprocess.Popen[str]] = []

    def starting(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        processes.append(start_sweep(*arguments, **options))
        return processes[-1]

    yield starting
    for process in processes:
        kill_group(process)


def write(seeds: Any = 2, base: dict[str, Any] = BASE, **keys: Any) -> Path:
    return write_sweep(Path("s.toml"), **{"seeds": seeds, "base": base, "grid": {"lr": [0.01, 0.1]}, **keys})


def many() -> Path:
    """36 trials in a dozen stacks."""
    return write(
        seeds=3,
        base={**BASE, "epochs": 15},
        grid={"dropout": [0.0, 0.2], "norm": ["none", "layer"], "activation": ["relu", "tanh", "elu"]},
    )


def recorded(count: int) -> bool:
    return len(seconds(Path("results/s"))) >= count


def test_what_is_printed_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", str(write()), "--executor", "serial"]) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    first, *lines = err.splitlines()
    assert first == "s: 2 configurations, 4 trials on iris, 1 job"
    pattern = r"trial \d \((\d)/4\)  lr (0.01|0.1)  seed [01]  complete  val_accuracy [01]\.\d{4}"
    assert [re.fullmatch(pattern, line)[1] for line in lines] == ["1", "2", "3", "4"]  # type: ignore[index]
    header, *table = out.splitlines()
    assert header.split() == [
        "rank",
        "lr",
        "seeds",
        "val_accuracy",
        "difference",
        "p",
        "test_accuracy",
        "test",
        "std",
        "parameters",
    ]
    assert [line.split()[0] for line in table[:2]] == ["1", "2"]
    assert table[2:] == [
        "4 trials: 4 complete",
        "Differences are against lr 0.01, paired by seed; "
        "± is half of a 95% interval of one row; p allows for all rows (Holm)",
        "results/s: summary.csv  trials.csv  metrics.csv  sweep.toml  provenance.json",
        "Next: mlpcli eval results/s",
    ]
    assert run(["sweep", str(write()), "--executor", "serial"]) == 0
    again, err = capsys.readouterr()
    assert again == out
    assert err == "s: 2 configurations, 4 trials (4 known) on iris, 1 job\n"


def test_one_seed_has_no_intervals_to_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", str(write(seeds=1)), "--executor", "serial", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "Differences are against lr 0.01, paired by seed\n" in out and "±" not in out


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(base={**BASE, "optimizer": "sgd", "depth": 2}, grid={"lr": [0.1, 1e38]})
    assert run(["sweep", str(file), "--executor", "serial", "--json", "--quiet"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["name"] == "s" and found["metric"] == "val_accuracy"
    assert found["counts"] == {"complete": 2, "diverged": 2}
    table = rows(Path("results/s"), "summary.csv")
    assert [[("" if cell is None else str(cell)) for cell in row.values()] for row in found["summary"]] == [
        list(row.values()) for row in table
    ]
    assert [*found["summary"][0]] == [*table[0]]
    assert err.count("\n") == 1 and err.startswith("mlpcli: error: 2 of 4 trials failed or diverged")


def test_dry_run_shows_what_would_run_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(seeds=3, where=["lr < 0.1 or dropout == 0"], grid={"lr": [0.01, 0.1], "dropout": [0.0, 0.5]})
    assert run(["sweep", str(file), "--dry-run", "--jobs", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert run(["sweep", str(file), "--dry-run", "--jobs", "2"]) == 0
    out = capsys.readouterr().out
    assert not Path("results").exists()
    assert len(found["trials"]) == 9 and sum(map(len, found["stacks"])) == 9 and found["seconds"] > 0
    for trial in found["trials"]:
        assert trial["trial"] in found["stacks"][trial["stack"]]
    assert "9 trials, 3 left out by where" in out and len(out.splitlines()) == 12
    folder = sweep(file, Path("results"))
    planned = [{name: str(value) for name, value in trial.items() if name != "stack"} for trial in found["trials"]]
    assert [{name: row[name] for name in planned[0]} for row in rows(folder, "trials.csv")] == planned


def test_a_billion_trials_are_refused_at_once(tmp_path: Path) -> None:
    names = ["lr", "dropout", "weight_decay", "momentum", "beta1", "beta2", "input_dropout", "label_smoothing", "eps"]
    write(grid={name: [(index + 1) / 16 for index in range(10)] for name in names}, seeds=1)
    command = [sys.executable, "-m", "mlpcli", "sweep", "s.toml"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)  # to list them takes hours
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    assert "1,000,000,000 trials" in result.stderr and "--max-trials 1000000000" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.toml"]


def test_all_mistakes_of_a_file_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(base={**BASE, "widht": 4, "epochs": "ten"}, grid={"dropout": [0.1, 1.5]}, where=["width > 9000"])
    assert run(["sweep", str(file)]) == 2
    err = capsys.readouterr().err
    for words in ("did you mean width", "[base] epochs", "1.5", "width > 9000"):
        assert words in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.toml"]


def test_what_does_not_suit_the_data_is_refused_before_anything_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(grid={"dataset": ["iris", "digits", "wine"]}, base={**BASE, "init": "xor", "hidden": [2]})
    assert run(["sweep", str(file)]) == 2
    err = capsys.readouterr().err
    assert all(f"dataset = '{name}'" in err or f'dataset = "{name}"' in err for name in ("iris", "digits", "wine"))
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("flags", "number", "code", "word"),
    [
        (("--executor", "serial"), signal.SIGTERM, 143, "terminated"),
        (("--executor", "serial"), signal.SIGINT, 130, "interrupted"),
        (("--jobs", "2"), signal.SIGINT, 130, "interrupted"),
    ],
)
def test_interrupted_and_gone_on_with(start: Any, flags: tuple[str, ...], number: int, code: int, word: str) -> None:
    file = many()
    process = start(file, Path("results"), *flags, "--quiet", before=HOLD.format(3))
    assert eventually(lambda: recorded(3))
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (code, "")
    kept = len(seconds(Path("results/s")))
    expected = f"mlpcli: error: {word}. {kept} of 36 trials are kept in results/s. Go on with the same command\n"
    assert err == expected
    assert eventually(lambda: not alive(process.pid))
    if code == 143 and "serial" in flags:
        before = seconds(Path("results/s"))
        assert run(["sweep", str(file), "--executor", "serial", "--quiet"]) == 0
        assert before.items() <= seconds(Path("results/s")).items()


def test_ctrl_c_twice(start: Any) -> None:
    process = start(many(), Path("results"), "--jobs", "2", "--quiet", before=HOLD.format(1))
    assert eventually(lambda: recorded(1))
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (130, -signal.SIGINT)  # which a shell calls 130 too
    assert "Traceback" not in err and err.count("\n") <= 1
    assert eventually(lambda: not alive(process.pid))


def test_one_sweep_in_a_folder(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = many()
    first = start(file, Path("results"), "--jobs", "1", "--quiet", before=HOLD.format(1))
    assert eventually(lambda: recorded(1))
    assert run(["sweep", str(file), "--executor", "serial"]) == 75
    err = capsys.readouterr().err
    assert f"process {first.pid}" in err and err.count("\n") == 1
    assert first.poll() is None
    first.kill()
    first.communicate()
    assert eventually(lambda: not alive(first.pid))
    again = ["sweep", str(write(seeds=1)), "--executor", "serial", "--quiet"]  # lacks what was finished
    assert run([*again, "--force"]) == 0  # free at once


def test_a_full_disk(start: Any, tmp_path: Path) -> None:
    """A limit on the size of files stands for it: a write fails half-way, as it does on a full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    file = many()
    assert run(["sweep", str(file), "--dry-run"]) == 0  # the data are prepared
    process = start(file, Path("results"), "--jobs", "2", "--quiet", preexec_fn=limit)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 74, err
    pattern = (
        r"mlpcli: error: cannot write results/s/metrics\.csv: File too large\. (\d+) of 36 trials are kept in .*\n"
    )
    found = re.fullmatch(pattern, err)
    assert found and int(found[1]) == len(seconds(Path("results/s"))) > 0
    before = seconds(Path("results/s"))
    assert run(["sweep", str(file), "--executor", "serial", "--quiet"]) == 0
    assert before.items() <= seconds(Path("results/s")).items()


def test_a_reader_that_leaves_harms_nothing(start: Any) -> None:
    file = write(seeds=3)
    for stream in ("stdout", "stderr"):
        process = start(file, Path(f"results-{stream}"), "--executor", "serial")
        getattr(process, stream).close()
        setattr(process, stream, None)
        assert process.wait(PATIENCE) == 0
        assert len(rows(Path(f"results-{stream}/s"), "summary.csv")) == 2


def test_a_scheduler_that_is_lost(start: Any, tmp_path: Path) -> None:
    file = many()
    (tmp_path / "cluster").mkdir()
    with HandCluster(tmp_path / "cluster", 1) as cluster:
        flags = ("--executor", f"dask://{cluster.location}", "--quiet")
        process = start(file, Path("results"), *flags, before=HOLD.format(3))
        assert eventually(lambda: recorded(3) or process.poll() is not None)
        os.killpg(cluster.scheduler.pid, signal.SIGKILL)
        Path("go").touch()
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 69, err
    assert "lost the scheduler" in err and err.count("\n") == 1
    before = seconds(Path("results/s"))
    assert f"{len(before)} of 36 trials are kept" in err and 3 <= len(before) < 36
    assert run(["sweep", str(file), "--executor", "serial", "--quiet"]) == 0
    assert before.items() <= seconds(Path("results/s")).items()


def test_flags_that_change_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    file = write()
    folder = sweep(
        file, Path("results"), "--set", "epochs=1", "--set", "dropout=0.1", "--seeds", "3,5", "--name", "other"
    )
    assert [row["seed"] for row in rows(folder, "trials.csv")] == ["3", "5", "3", "5"]
    assert len(rows(folder, "metrics.csv")) == 4
    again = sweep(folder / "sweep.toml", Path("elsewhere"), "--name", "other")  # it says the same without the flags
    assert timeless(again) == timeless(folder)
    assert run(["sweep", str(file), "--max-trials", "3"]) == 2
    assert "--max-trials 4" in capsys.readouterr().err
