"""Sweeps with [search], [confirm], [halving] and [race] as users run them; files are equal however they ran."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.main import run
from mlpcli.sweeps.run.engine import Engine
from tests.sweeps.sweeps import rows, run_killed, seconds, sweep, timeless, write_sweep

BASE = {"dataset": "iris", "depth": 1, "epochs": 6, "batch_size": 16}
OPTIONS: dict[str, Any] = {
    "lr": {"low": 1e-4, "high": 1.0, "log": True},
    "width": {"low": 4, "high": 16, "step": 4},
    "norm": {"choices": ["none", "layer"]},
}
CONFIRM = {"confirm": {"top": 2, "seeds": 3}}
KINDS: dict[str, dict[str, Any]] = {
    "tpe": {"search": {"sampler": "tpe", "trials": 15, **OPTIONS}, "halving": {"min_epochs": 2}, **CONFIRM},
    "cmaes": {"search": {"sampler": "cmaes", "trials": 10, **OPTIONS}, **CONFIRM},
    "race": {"grid": {"lr": [1e-4, 1e-2, 0.1, 1.0]}, "seeds": 5, "race": {"min_seeds": 2}, **CONFIRM},
}


pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture(scope="module", params=KINDS)
def file(place: Path, request: pytest.FixtureRequest) -> Path:
    return write_sweep(place / f"{request.param}.toml", **{"seeds": 2, "base": BASE, **KINDS[request.param]})


@pytest.fixture(scope="module")
def serial(place: Path, file: Path) -> Path:
    return sweep(file, place / "serial")


def record(folder: Path) -> bytes:
    path = folder / "search.jsonl"
    return path.read_bytes() if path.exists() else b""


def test_confirmed_rows_rank_first_and_by_fresh_seeds_alone(serial: Path) -> None:
    """The numbers of summary.csv worked again from trials.csv."""
    used = 5 if serial.name == "race" else 2
    trials, summary = rows(serial, "trials.csv"), rows(serial, "summary.csv")
    assert [row["confirmed"] for row in summary] == ["true"] * 2 + ["false"] * (len(summary) - 2)
    means = []
    for row in summary[:2]:
        names = [name for name in ("lr", "width", "norm") if name in row]
        mine = [one for one in trials if all(one[name] == row[name] for name in names)]
        fresh = [float(one["val_accuracy"]) for one in mine if int(one["seed"]) >= used]
        assert len(fresh) == 3 and row["n_seeds"] == "3"
        means.append(sum(fresh) / 3)
        assert float(row["val_accuracy_mean"]) == pytest.approx(means[-1])
    assert means == sorted(means, reverse=True)


def test_the_record_tells_what_was_asked(serial: Path) -> None:
    lines = [json.loads(line) for line in record(serial).splitlines()]
    assert bool(lines) == (serial.name != "race")
    trials = {(row["lr"], row["seed"]): row for row in rows(serial, "trials.csv")}
    for line in lines:
        for seed, value in line["val_accuracy"].items():
            trial = trials[repr(line["options"]["lr"]), seed]
            assert (trial["state"] != "pruned" and line["epochs"] is None) <= (float(trial["val_accuracy"]) == value)


@pytest.mark.parametrize("jobs", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_worker_processes(place: Path, file: Path, serial: Path, jobs: str) -> None:
    folder = sweep(file, place / jobs, "--jobs", jobs)
    assert timeless(folder) == timeless(serial) and record(folder) == record(serial)


@pytest.mark.parametrize("file", ["tpe"], indirect=True)
def test_killed_and_run_again(place: Path, file: Path, serial: Path) -> None:
    folder = run_killed(file, place / "killed", (6, 15))
    assert (timeless(folder), record(folder)) == (timeless(serial), record(serial))


@pytest.mark.slow
def test_killed_twenty_times_and_on_dask(place: Path, file: Path, serial: Path) -> None:
    folder = run_killed(file, place / "killed often", range(0, 40, 2))
    assert (timeless(folder), record(folder)) == (timeless(serial), record(serial))
    folder = sweep(file, place / "dask", "--executor", "dask", "--jobs", "2")
    assert (timeless(folder), record(folder)) == (timeless(serial), record(serial))


def test_an_extended_search_trains_what_is_new(place: Path) -> None:
    keys = {"seeds": 2, "base": BASE}
    file = write_sweep(place / "extended.toml", **keys, search={"trials": 6, **OPTIONS})
    before = seconds(sweep(file, place))
    write_sweep(file, **keys, search={"trials": 10, **OPTIONS})
    after = seconds(sweep(file, place))
    assert len(before) == 12 and len(after) == 20 and before.items() <= after.items()
    assert timeless(place / "extended") == timeless(sweep(file, place / "at once"))
    assert sweep(file, place) and seconds(place / "extended") == after


def test_what_is_said(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_sweep(place / "said.toml", seeds=2, base=BASE, search={"trials": 10, **OPTIONS})
    assert run(["sweep", str(file), "--dry-run", "--jobs", "1"]) == 0
    assert "10 trials; up to 10 more are chosen by the results of these" in capsys.readouterr().out
    flags = ["--results", str(place), "--executor", "serial"]
    assert run(["sweep", str(file), *flags]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("batch")]
    best = r"batch 1 of 2: 5 configurations; best so far val_accuracy 0\.\d+ ± \d[.\d]*, lr = .*"
    assert len(said) == 2 and re.fullmatch(best, said[0])
    monkeypatch.setattr(Engine, "done", None)  # nothing is trained any more
    assert run(["sweep", str(file), *flags]) == 0
    assert "batch" not in capsys.readouterr().err
