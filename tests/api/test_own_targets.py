"""Targets of a regression keep the table's numbers on every way in: metrics against scikit-learn's, in float64."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import metrics as sk
from sklearn.datasets import dump_svmlight_file, load_diabetes, load_svmlight_file

import mlpcli
from mlpcli.cli.main import run as command
from mlpcli.config import DataOptions
from mlpcli.data import Part, Prepared, prepare
from mlpcli.data.in_memory import prepare_in_memory
from mlpcli.training.model import Model

ROWS = 240
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(ROWS, 3)).astype(np.float32)
QUICK: dict[str, Any] = {"width": 4, "depth": 1, "epochs": 2, "task": "regression", "progress": False}

TARGETS: dict[str, np.ndarray] = {
    "tenths": RANDOM.integers(1, 9999, ROWS) / 10,
    "ids": 16777217.0 + 2 * np.arange(ROWS),
    "tiny beside large": np.where(np.arange(ROWS) % 2, 1e6, 1e-30) * RANDOM.uniform(1, 2, ROWS),
    "far from 0": 1e9 + RANDOM.normal(size=ROWS),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def frame(y: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({**{f"x{at + 1}": X[:, at].astype(np.float64) for at in range(3)}, "y": y})


def workbook(table: pd.DataFrame) -> None:
    pytest.importorskip("openpyxl")
    table.to_excel("t.xlsx", index=False)


FILES: dict[str, Callable[[pd.DataFrame], object]] = {
    "t.csv": lambda table: table.to_csv("t.csv", index=False),
    "t.csv.gz": lambda table: table.to_csv("t.csv.gz", index=False),
    "t.tsv": lambda table: table.to_csv("t.tsv", index=False, sep="\t"),
    "t.parquet": lambda table: table.to_parquet("t.parquet"),
    "t.feather": lambda table: table.to_feather("t.feather"),
    "t.jsonl": lambda table: Path("t.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in table.to_dict("records"))
    ),
    "t.npz": lambda table: np.savez("t.npz", X=X, y=table["y"].to_numpy()),
    "t.svm": lambda table: dump_svmlight_file(X, table["y"].to_numpy(), "t.svm", zero_based=False),
    "t.xlsx": workbook,
}
WRITTEN: dict[str, Callable[[], np.ndarray]] = {
    "t.svm": lambda: np.asarray(load_svmlight_file("t.svm")[1]),
    "t.xlsx": lambda: pd.read_excel("t.xlsx")["y"].to_numpy(np.float64),
}
"""The numbers of formats whose writers leave out the 17th digit."""
IN_MEMORY: dict[str, Callable[[pd.DataFrame], Any]] = {
    "frame": lambda table: table,
    "dict": lambda table: table.to_dict("list"),
    "arrays": lambda table: (X, table["y"].to_numpy()),
    "lists": lambda table: (X.tolist(), table["y"].tolist()),
    "frame and series": lambda table: (table[["x1", "x2", "x3"]], table["y"]),
    "sparse": lambda table: (scipy.sparse.csr_array(X), table["y"].to_numpy()),
}


def own_metrics(true: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
    """Every metric but the loss, as scikit-learn has it."""
    functions: dict[str, Any] = {
        "rmse": sk.root_mean_squared_error,
        "mae": sk.mean_absolute_error,
        "median_absolute_error": sk.median_absolute_error,
        "mape": sk.mean_absolute_percentage_error,
        "r2": sk.r2_score,
        "explained_variance": sk.explained_variance_score,
    }
    found = {name: float(function(true, predicted, sample_weight=weights)) for name, function in functions.items()}
    return {**found, "max_error": float(np.abs(true - predicted).max())}


def predicted_by(model: Model, part: Part) -> np.ndarray:
    return model.preprocessing.inverse_target(model.scores(part.x))[:, 0]


def check(found: dict[str, Any], expected: dict[str, float]) -> None:
    assert {name: found[name] for name in expected if name in found} == pytest.approx(
        {name: value for name, value in expected.items() if name in found}, rel=1e-12
    )


def check_parts(run: Any, data: Prepared, y: np.ndarray) -> None:
    """The parts hold the table's numbers, and the run has scikit-learn's metrics of them."""
    for name, part in data.parts.items():
        true = y[part.rows]
        assert part.own is not None and part.own.dtype == np.float64
        np.testing.assert_array_equal(part.own[:, 0], true)
        expected = own_metrics(true, predicted_by(run.model, part))
        check(run.metrics[name], expected)


@pytest.mark.parametrize("numbers", TARGETS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_scored_on_its_own_numbers(name: str, numbers: str) -> None:
    FILES[name](frame(TARGETS[numbers]))
    y = WRITTEN[name]() if name in WRITTEN else TARGETS[numbers]
    options = {} if name in ("t.npz", "t.svm") else {"target": "y"}
    run = mlpcli.train(name, **QUICK, **options, results="results", name="r")
    check_parts(run, prepare(run.options.data), y)
    assert command(["eval", "r", "--dataset", name, "--predictions", "p.csv", "-q"]) == 0
    rows = pd.read_csv("p.csv", dtype=str).astype(float)  # digit by digit in every version of pandas
    np.testing.assert_array_equal(rows["target"], y)
    assert command(["eval", "r", "--dataset", name, "-q", "--json"]) == 0
    expected = own_metrics(y, rows["prediction"].to_numpy())
    check(run.model.evaluate(X if name in ("t.npz", "t.svm") else frame(y), y), expected)


@pytest.mark.parametrize("numbers", TARGETS)
@pytest.mark.parametrize("kind", IN_MEMORY)
def test_data_in_memory_are_scored_on_their_own_numbers(kind: str, numbers: str) -> None:
    y = TARGETS[numbers]
    data = IN_MEMORY[kind](frame(y))
    target = {} if isinstance(data, tuple) else {"target": "y"}
    run = mlpcli.train(data=data, **QUICK, **target)
    asked = DataOptions(task="regression", **{name: (value,) for name, value in target.items()})
    check_parts(run, prepare_in_memory(data, asked), y)
    rows = data[0] if isinstance(data, tuple) else frame(y)
    predicted = np.asarray(run.model.predict(rows))
    check(run.model.evaluate(rows, y), own_metrics(y, predicted))
    assert run.model.score(rows, y) == pytest.approx(sk.r2_score(y, predicted), rel=1e-12)


def test_numbers_of_the_table_weights_and_a_table_of_validation_rows(capsys: pytest.CaptureFixture[str]) -> None:
    weights = RANDOM.integers(0, 4, ROWS) + 0.1
    y, other = TARGETS["tenths"], TARGETS["tenths"][::-1] + 0.7
    frame(y).assign(w=weights).to_csv("t.csv", index=False)
    frame(other).assign(w=weights).to_csv("v.csv", index=False)
    run = mlpcli.train(
        "t.csv", **QUICK, target="y", weights="w", val_dataset="v.csv", test_size=0.5, results="results", name="r"
    )
    data = prepare(run.options.data)
    for name, part in data.parts.items():
        true = (other if name == "val" else y)[part.rows]
        np.testing.assert_array_equal(part.given[:, 0], true)
        check(run.metrics[name], own_metrics(true, predicted_by(run.model, part), weights[part.rows]))
    best = run.history.loc[run.history["val_rmse"].idxmin()]
    assert best["val_rmse"] == run.metrics["val"]["rmse"]
    capsys.readouterr()
    assert command(["eval", "r", "--dataset", "v.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    predicted = np.asarray(run.model.predict(frame(other)))
    check(found.get("metrics", found), own_metrics(other, predicted, weights))


def test_scikit_learns_tables_are_scored_on_their_own_numbers() -> None:
    run = mlpcli.train("diabetes", **QUICK)
    check_parts(run, prepare(run.options.data), load_diabetes().target)
