"""The law of results: a trial's numbers depend on neither jobs, executor, stacks, order, interruption nor command."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlpcli.cli.main import run
from mlpcli.sweeps.plan.stacks import Group, Stack
from mlpcli.sweeps.run import stack_jobs
from tests.sweeps.sweeps import rows, sweep, timeless, write_sweep
from tests.workers.hand_cluster import HandCluster

BASE = {"dataset": "digits", "test_size": 0.6, "epochs": 8, "width": 12, "patience": 2, "optimizer": "sgd"}
GRID = {"dropout": [0.0, 0.2], "norm": ["none", "batch"], "lr": [0.05, 0.5, 1e38]}


@pytest.fixture(scope="module")
def file(place: Path) -> Path:
    return write_sweep(place / "law.toml", seeds=5, base=BASE, grid=GRID, compare={"dropout": 0.0, "norm": "none"})


@pytest.fixture(scope="module")
def serial(place: Path, file: Path) -> Path:
    """60 trials in one process, all models kept."""
    return sweep(file, place / "serial", "--keep-models", "all", code=1)


def test_the_sweep_has_what_is_to_be_proved(serial: Path) -> None:
    trials = rows(serial, "trials.csv")
    assert len(trials) == 60 and [row["trial"] for row in trials] == [str(number) for number in range(60)]
    assert {row["state"] for row in trials if row["lr"] == "1e+38"} == {"diverged"}
    epochs = {row["epochs_run"] for row in trials if row["state"] == "complete"}
    assert "8" in epochs and len(epochs) > 2
    assert all("loss became" in row["error"] or "weights" in row["error"] for row in trials if row["lr"] == "1e+38")


@pytest.mark.parametrize("count", ["1", "2"])
def test_worker_processes(place: Path, file: Path, serial: Path, count: str) -> None:
    found = sweep(file, place / f"jobs{count}", "--jobs", count, "--keep-models", "all", code=1)
    assert timeless(found) == timeless(serial)
    assert models(found) == models(serial)


def test_any_stacks_in_any_order(place: Path, file: Path, serial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(0)

    def shuffled(groups: Sequence[Group], count: int) -> list[Stack]:
        stacks = []
        for group in groups:
            numbers = list(group.trials)
            rng.shuffle(numbers)
            while numbers:
                size = rng.randint(1, 7)
                stacks.append(Stack(tuple(numbers[:size]), 0.0))
                del numbers[:size]
        rng.shuffle(stacks)
        return stacks

    monkeypatch.setattr(stack_jobs, "make_stacks", shuffled)
    found = sweep(file, place / "shuffled", "--keep-models", "all", code=1)
    assert timeless(found) == timeless(serial)
    assert models(found) == models(serial)


def test_a_cluster_that_shares_nothing_with_us(place: Path, file: Path, serial: Path) -> None:
    (place / "cluster").mkdir()
    with HandCluster(place / "cluster", 2) as cluster:
        found = sweep(file, place / "dask", "--executor", f"dask://{cluster.location}", "--keep-models", "all", code=1)
    assert timeless(found) == timeless(serial)
    assert models(found) == models(serial)


@pytest.mark.parametrize("number", [0, 27, 37, 52])
def test_a_trial_equals_a_run(place: Path, serial: Path, number: int) -> None:
    trial = rows(serial, "trials.csv")[number]
    options = {**BASE, **{name: trial[name] for name in GRID}, "seed": trial["seed"]}
    flags = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    code = run(["train", *flags, "--threads", "1", "--results", str(place), "--name", f"t{number}", "--quiet"])
    assert code == (0 if trial["state"] == "complete" else 1)
    folder = place / f"t{number}"
    result = json.loads((folder / "result.json").read_bytes())
    for name in ("run_id", "state", "parameters", "epochs_run", "best_epoch"):
        assert str(result[name]) == trial[name]
    scores = {f"{part}_{name}": repr(value) for part, of in result["metrics"].items() for name, value in of.items()}
    assert scores == {name: trial[name] for name in scores} and len(scores) == 6
    kept = models(serial).get(f"{trial['run_id']}.safetensors")
    assert kept == ((folder / "model.safetensors").read_bytes() if code == 0 else None)
    header, *epochs = timeless(serial, ("metrics.csv",))["metrics.csv"]
    own = [row[2:] for row in epochs if row[0] == str(number)]
    assert timeless(folder, ("metrics.csv",))["metrics.csv"] == [header[2:], *own]


def models(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "models").iterdir()}
