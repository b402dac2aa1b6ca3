"""Calibration and thresholds against scikit-learn's curves, with weights, and in the files of `mlpcli eval`."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from mlpcli.cli.main import run
from mlpcli.results.schema.csv_schema import table
from mlpcli.training.metrics.probability_tables import MOST_THRESHOLDS, bin_rows, thresholds

RNG = np.random.default_rng(8)
PROBABILITIES = RNG.random(300).round(2) * 0.98 + 0.005  # with ties, none at the edge of a bin
POSITIVE = RNG.random(300) < PROBABILITIES
WEIGHTS = RNG.integers(0, 4, 300).astype(float)


def test_bins_are_the_calibration_curve_of_scikit_learn() -> None:
    bins = bin_rows(PROBABILITIES, POSITIVE)
    share, mean = calibration_curve(POSITIVE, PROBABILITIES, n_bins=10)
    np.testing.assert_allclose(bins.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(bins.share, share, rtol=1e-12)
    assert bins.rows.sum() == 300
    assert bin_rows(np.array([0.0, 1.0]), np.array([False, True])).rows.tolist() == [1, 1]


def test_thresholds_are_the_precision_recall_curve_of_scikit_learn() -> None:
    for weights in (None, WEIGHTS):
        curve = thresholds(PROBABILITIES, POSITIVE, weights)
        precision, recall, found = sk.precision_recall_curve(POSITIVE, PROBABILITIES, sample_weight=weights)
        np.testing.assert_array_equal(curve.threshold, found)
        np.testing.assert_allclose(curve.precision, precision[:-1], rtol=1e-12)
        np.testing.assert_allclose(curve.recall, recall[:-1], rtol=1e-12)
        for at in (0, 17, 60):
            decided = curve.threshold[at] <= PROBABILITIES
            assert curve.f1[at] == pytest.approx(sk.f1_score(POSITIVE, decided, sample_weight=weights))
            assert curve.accuracy[at] == pytest.approx(sk.accuracy_score(POSITIVE, decided, sample_weight=weights))


def test_a_weight_counts_like_rows() -> None:
    times = WEIGHTS.astype(int)
    several, true = np.repeat(PROBABILITIES, times), np.repeat(POSITIVE, times)
    weighted, repeated = bin_rows(PROBABILITIES, POSITIVE, WEIGHTS), bin_rows(several, true)
    for one, other in zip(weighted[:3], repeated[:3], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert (weighted.effective < repeated.effective).all()  # one row of weight 2 settles less than two rows
    for one, other in zip(thresholds(PROBABILITIES, POSITIVE, WEIGHTS), thresholds(several, true), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_large_table_is_thinned() -> None:
    probabilities = np.random.default_rng(0).permutation(np.linspace(0.0001, 0.9999, 5000))
    curve = thresholds(probabilities, probabilities > 0.5)
    assert len(curve.threshold) == MOST_THRESHOLDS
    assert (curve.threshold[0], curve.threshold[-1]) == (probabilities.min(), probabilities.max())
    decided = probabilities >= curve.threshold[400]
    assert curve.precision[400] == sk.precision_score(probabilities > 0.5, decided)


def rows_of(path: str) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    table(Path(path).name).columns(list(rows[0]))
    return [{name: float(cell) for name, cell in row.items()} for row in rows]


@pytest.mark.parametrize(("dataset", "two"), [("moons:n=120", True), ("blobs:n=120,k=3,spread=4", False)])
def test_the_files_of_eval(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dataset: str,
    two: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", "--dataset", dataset, "--name", "r", "--width", "4", "--epochs", "2", "-q"]) == 0
    capsys.readouterr()
    assert run(["eval", "r", "--split", "train", "--predictions", "p.csv", "--json", "-q"]) == 0
    accuracy = json.loads(capsys.readouterr().out)["accuracy"]
    with open("p.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    bins = rows_of("results/r/calibration-train.csv")
    assert sum(row["rows"] for row in bins) == len(rows)
    hits = sum(row["share"] * row["rows"] for row in bins)
    if two:
        assert hits == pytest.approx(sum(row["target"] == "1" for row in rows))
        shares = sorted({float(row["probability_1"]) for row in rows})
        found = rows_of("results/r/thresholds-train.csv")
        assert [row["threshold"] for row in found] == shares
        half = next(row for row in found if row["threshold"] >= 0.5)
        assert half["accuracy"] == pytest.approx(accuracy)
    else:
        assert hits / len(rows) == pytest.approx(accuracy)
        assert not Path("results/r/thresholds-train.csv").exists()
