"""A sweep over optimizers of which one trains run by run: the law of results, and options that it ignores."""

from pathlib import Path

import pytest

from tests.sweeps.sweeps import rows, sweep, timeless, write_sweep

BASE = {"dataset": "iris", "epochs": 6, "width": 4, "depth": 1}
GRID = {"optimizer": ["adam", "lbfgs"], "batch_size": [16, 32], "weight_decay": [0.0, 0.01]}


@pytest.fixture(scope="module")
def serial(place: Path) -> Path:
    file = write_sweep(place / "optimizers.toml", seeds=3, base=BASE, grid=GRID)
    return sweep(file, place / "serial", "--keep-models", "all")


def models(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted((folder / "models").iterdir())}


def test_batch_sizes_that_lbfgs_does_not_read_are_one_trial(serial: Path) -> None:
    trials = rows(serial, "trials.csv")
    assert [row["state"] for row in trials] == ["complete"] * 18
    of_lbfgs = [row for row in trials if row["optimizer"] == "lbfgs"]
    assert len(of_lbfgs) == 6 and {row["batch_size"] for row in of_lbfgs} == {""}
    steps = {row["step"] for row in rows(serial, "metrics.csv") if row["run_id"] in {one["run_id"] for one in of_lbfgs}}
    assert steps == {str(step) for step in range(1, 7)}


@pytest.mark.parametrize("jobs", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_any_number_of_jobs_gives_the_same_bytes(place: Path, serial: Path, jobs: str) -> None:
    found = sweep(place / "optimizers.toml", place / f"jobs{jobs}", "--keep-models", "all", "--jobs", jobs)
    assert timeless(found) == timeless(serial)
    assert models(found) == models(serial)
