"""`folds` in a sweep: each fold of each seed is a trial equal to `train --fold`, and intervals are corrected."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mlpcli.cli.main import run
from tests.sweeps.sweeps import rows, seconds, sweep, timeless, write_sweep

BASE = {"dataset": "iris", "width": 4, "depth": 1, "epochs": 3}
KEYS = {"seeds": 2, "folds": 3, "base": BASE, "grid": {"lr": [0.01, 0.1]}}


pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture(scope="module")
def swept(place: Path) -> Path:
    return sweep(write_sweep(place / "s.toml", **KEYS), place)


def test_trials_are_seeds_times_folds(swept: Path) -> None:
    found = [(row["lr"], row["seed"], row["fold"]) for row in rows(swept, "trials.csv")]
    assert found == [(lr, seed, fold) for lr in ("0.01", "0.1") for seed in "01" for fold in "012"]


def test_a_trial_is_what_train_trains(swept: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [part for name, value in BASE.items() for part in (f"--{name}", str(value))]
    flags = ["--lr", "0.01", "--seed", "1", "--folds", "3", "--fold", "2", "--threads", "1"]
    capsys.readouterr()
    assert run(["train", *options, *flags, "--results", str(place), "--json", "--quiet"]) == 0
    result = json.loads(capsys.readouterr().out)
    row = rows(swept, "trials.csv")[5]
    assert result["run_id"] == row["run_id"]
    assert repr(result["metrics"]["val"]["loss"]) == row["val_loss"]


def test_intervals_are_those_of_nadeau_and_bengio(swept: Path) -> None:
    """Variance s^2 (1/n + 1/(k - 1)) with n = 6 values and k = 3 folds, 5 degrees of freedom."""
    values = {lr: [] for lr in ("0.01", "0.1")}  # type: ignore[var-annotated]
    for row in rows(swept, "trials.csv"):
        values[row["lr"]].append(float(row["val_accuracy"]))
    for row in rows(swept, "summary.csv"):
        own = values[row["lr"]]
        half = stats.t.ppf(0.975, 5) * np.std(own, ddof=1) * math.sqrt(1 / 6 + 1 / 2)
        assert float(row["val_accuracy_ci_high"]) == pytest.approx(np.mean(own) + half)
        gaps = np.subtract(own, values["0.01"])
        if row["p_value"]:
            t = gaps.mean() / (gaps.std(ddof=1) * math.sqrt(1 / 6 + 1 / 2))
            assert float(row["p_value"]) == pytest.approx(2 * stats.t.sf(abs(t), 5))


def test_workers_and_more_seeds(swept: Path, place: Path) -> None:
    assert timeless(sweep(place / "s.toml", place / "two", "--jobs", "2")) == timeless(swept)
    before = seconds(swept)
    shutil.copytree(swept, place / "more" / swept.name)
    folder = sweep(write_sweep(place / "more" / "s.toml", **{**KEYS, "seeds": 3}), place / "more")
    assert len(seconds(folder)) == 18 and before.items() <= seconds(folder).items()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("folds = 1", "folds: got 1, expected an integer of at least 2"),
        ("folds = 3\n[base]\nfold = 1", "[base] fold: a sweep says folds = ... above all tables"),
        ("[grid]\nfolds = [2, 3]", "[grid] folds: a sweep says folds = ... above all tables"),
    ],
)
def test_wrong_folds(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w.toml").write_text(text)
    assert run(["sweep", str(tmp_path / "w.toml")]) == 2
    assert said in capsys.readouterr().err


def test_a_fold_beyond_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--folds", "3", "--fold", "3"]) == 2
    assert "fold 3 of 3: folds count from 0" in capsys.readouterr().err
