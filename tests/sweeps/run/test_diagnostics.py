"""diagnostics.csv of a sweep: the rows that `mlpcli train --record` writes, in trial order, whatever came first."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mlpcli.cli.main import run

SWEEP = """
seeds = 2
[base]
dataset = "iris"
width = 4
depth = 1
epochs = 2
record = true
[grid]
batch_size = [4, 8, 16, 32]
"""


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(SWEEP)
    assert run(["sweep", "s.toml", "-q", "--executor", "serial"]) == 0
    return tmp_path / "results"


def test_rows_equal_those_of_train(folder):
    command = ["train", "--dataset", "iris", "--width", "4", "--depth", "1", "--epochs", "2", "--batch-size", "8"]
    assert run([*command, "--record", "--seed", "1", "--threads", "1", "--name", "alone", "-q"]) == 0
    of_trial = [row for row in rows(folder / "s" / "diagnostics.csv") if row.pop("trial") == "3" and row.pop("run_id")]
    assert of_trial == rows(folder / "alone" / "diagnostics.csv")


def test_a_trial_recorded_without_diagnostics_is_run_again(folder):
    path = folder / "s" / "diagnostics.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"\n3,") + 1])  # the rows of trials 3 to 7 are lost
    assert run(["sweep", "s.toml", "-q", "--executor", "serial"]) == 0
    assert path.read_bytes() == whole


def test_variance_of_the_minibatch_gradient_falls_as_one_over_the_batch(folder):
    """At the initial weights; drawn without replacement, the variance has the factor (n - B) / (n - 1) on top."""
    initial = [row for row in rows(folder / "s" / "diagnostics.csv") if row["epoch"] == "0"]
    variance = np.array([float(row["gradient_variance"]) for row in initial]).reshape(4, 2).mean(axis=1)
    sizes, n = np.array([4, 8, 16, 32]), 105
    slope = np.polyfit(np.log(sizes), np.log(variance * (n - 1) / (n - sizes)), 1)[0]
    assert slope == pytest.approx(-1, abs=0.3)
