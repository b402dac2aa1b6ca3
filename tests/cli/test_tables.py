"""Tables that users bring, on the command line: which columns are used, how files are read, what tells runs apart."""

import csv
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from mlpcli.cli.main import run
from mlpcli.config import DataOptions
from mlpcli.data import prepare


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def write(path: str, rows: list[list[Any]], **how: Any) -> None:
    encoding = how.pop("encoding", "utf-8")
    with open(path, "w", newline="", encoding=encoding) as file:
        csv.writer(file, **how).writerows(rows)


def small() -> list[list[Any]]:
    rng = np.random.default_rng(0)
    kinds = ["naïve", "plain"]
    rows = [[at, rng.normal(at % 2), rng.normal(), kinds[at % 2]] for at in range(60)]
    return [["id", "a", "b", "kind"], *rows]


def train(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["train", "--target", "kind", "--width", "8", "--epochs", "2", "--json", "-q", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    result: dict[str, Any] = json.loads(captured.out)
    return result


def test_columns_that_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", small())
    write("without.csv", [row[1:] for row in small()])
    dropped = train(capsys, "--dataset", "t.csv", "--drop", "id", "--name", "r")
    assert dropped["parameters"] == (2 + 1) * 8 + (8 + 1) * 8 + 9
    assert dropped["metrics"] == train(capsys, "--dataset", "without.csv")["metrics"]
    assert dropped["run_id"] != train(capsys, "--dataset", "t.csv")["run_id"]
    assert tomllib.loads(Path("results/r/config.toml").read_text())["drop"] == ["id"]
    both = train(capsys, "--dataset", "t.csv", "--drop", "id, b")
    assert both["run_id"] == train(capsys, "--dataset", "t.csv", "--drop", "b,id,b")["run_id"]
    assert (
        run(
            [
                "train",
                "--dataset",
                "iris",
                "--drop",
                "petal width (cm)",
                "--epochs",
                "1",
                "--width",
                "8",
                "--json",
                "-q",
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["parameters"] == (3 + 1) * 8 + 9 * 8 + 9 * 3


def test_how_a_file_is_written_is_no_part_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", small())
    write("t.tsv", small(), delimiter="\t")
    write("other.csv", small(), delimiter=";", encoding="latin-1")
    ways = [["t.csv"], ["t.tsv"], ["other.csv", "--delimiter", ";", "--encoding", "latin-1"]]
    results = [train(capsys, "--dataset", *way) for way in ways]
    assert len({result["run_id"] for result in results}) == 1
    assert results[0]["metrics"] == results[1]["metrics"] == results[2]["metrics"]
    Path("c.toml").write_text('dataset = "other.csv"\ndelimiter = ";"\nencoding = "latin-1"\n')
    assert train(capsys, "--config", "c.toml")["run_id"] == results[0]["run_id"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--drop", "idd"], 2, "drop: t.csv, line 1 has no column 'idd' (columns: "),
        (["--drop", "kind,id"], 2, "--drop, --target: column 'kind' cannot be both left out and predicted"),
        (["--drop", "id,a,b"], 65, "no column besides its target"),
        (["--delimiter", ";;"], 2, "--delimiter: got ';;', expected one ASCII character"),
        (["--encoding", "utf-99"], 2, "encoding 'utf-99' is unknown; utf-8, latin-1, cp1252 and utf-16 are common"),
        (["--encoding", "ascii"], 65, "byte 0xc3 is not ascii"),
        (
            ["--dataset", "iris", "--delimiter", ";"],
            2,
            "only .csv, .tsv, .txt files take it, and the dataset is 'iris'",
        ),
    ],
)
def test_what_does_not_fit_the_table(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    write("t.csv", small())
    assert run(["train", "--dataset", "t.csv", "--target", "kind", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert message in err
    assert not Path("results").exists()


def titanic() -> pd.DataFrame:
    """891 passengers: names that are all different, ages, cabins and ports with gaps, and one ship."""
    rng = np.random.default_rng(1912)
    n = 891
    rank = rng.choice([1, 2, 3], n, p=[0.24, 0.21, 0.55])
    woman = rng.random(n) < 0.35
    age = np.clip(rng.gamma(5, 6, n), 1, 80).round()
    chance = 1 / (1 + np.exp(-(2.6 * woman - 1.1 * (rank - 2) - 0.03 * (age - 30) + 1.5 * (age < 10) - 0.8)))
    return pd.DataFrame(
        {
            "passenger": np.arange(1, n + 1),
            "class": rank,
            "name": [f"Passenger, {'Mrs.' if w else 'Mr.'} {at}" for at, w in enumerate(woman)],
            "sex": np.where(woman, "female", "male"),
            "age": np.where(rng.random(n) < 0.2, np.nan, age),
            "siblings": rng.poisson(0.5, n),
            "fare": np.round(np.exp(rng.normal(4.2 - 0.8 * rank, 0.5)), 2),
            "cabin": pd.Series(rng.choice(["A", "B", "C", "D", "E"], n)).mask(rng.random(n) < 0.77),
            "embarked": pd.Series(rng.choice(["S", "C", "Q"], n)).mask(rng.random(n) < 0.01),
            "ship": "RMS Titanic",
            "survived": np.where(rng.random(n) < chance, "yes", "no"),
        }
    )


def houses() -> pd.DataFrame:
    """1,200 sales: a price that is neither linear nor additive in area, age, garage and district, with gaps."""
    rng = np.random.default_rng(1978)
    n = 1200
    area, age = rng.lognormal(4.7, 0.35, n), rng.integers(0, 100, n)
    district = rng.choice(["Harbour", "Old Town", "Hills", "Station"], n)
    worth = pd.Series(district).map({"Harbour": 3.2, "Old Town": 2.6, "Hills": 2.2, "Station": 1.4}).to_numpy()
    garage = rng.random(n) < 0.6
    price = 1000 * (area * worth * (1 - 0.5 * np.sin(np.pi * age / 100)) + 25 * garage) * rng.lognormal(0, 0.08, n)
    return pd.DataFrame(
        {
            "area": np.where(rng.random(n) < 0.05, np.nan, area.round(1)),
            "age": age,
            "district": district,
            "garage": garage,
            "rooms": np.maximum(1, (area / 28 + rng.normal(0, 0.7, n)).round()).astype(int),
            "currency": "EUR",
            "floors": 1,
            "heating": pd.Series(rng.choice(["gas", "oil", "none"], n)).mask(rng.random(n) < 0.3),
            "price": price.round(),
        }
    )


def sklearn_score(frame: pd.DataFrame, target: str, drop: list[str], test: Any, estimator: Any) -> float:
    """Accuracy or R2 on the same test rows of scikit-learn's usual pipeline for mixed columns."""
    x, y = frame.drop(columns=[target, *drop]), frame[target]
    numbers = list(x.select_dtypes(["number", "bool"]))
    texts = [name for name in x if name not in numbers]
    encode = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
        (make_pipeline(SimpleImputer(strategy="constant", fill_value="gap"), OneHotEncoder()), texts),
    )
    is_test = np.isin(np.arange(len(frame)), test)
    with threadpool_limits(1):  # trees wait for each other where other programs keep the cores busy
        fitted = make_pipeline(encode, estimator).fit(x[~is_test], y[~is_test])
    return float(fitted.score(x[is_test], y[is_test]))


TREES_AND_LINES = {
    "accuracy": (HistGradientBoostingClassifier(random_state=0), LogisticRegression()),
    "r2": (HistGradientBoostingRegressor(random_state=0), LinearRegression()),
}


@pytest.mark.parametrize(
    ("frame", "target", "drop", "metric", "error"),
    [(titanic(), "survived", ["name"], "accuracy", 0.052), (houses(), "price", [], "r2", 0.02)],
    ids=["titanic", "houses"],
)
def test_a_table_as_it_comes_needs_one_command(
    frame: pd.DataFrame, target: str, drop: list[str], metric: str, error: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Level with the better of trees and a linear model, within two standard errors, and no warning anywhere."""
    frame.to_csv("t.csv", index=False)
    words = ["train", "--dataset", "t.csv", "--target", target, "--test-size", "0.3", "--json", "--quiet"]
    words += ["--drop", ",".join(drop)] if drop else []
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    ours = json.loads(out)["metrics"]["test"][metric]
    test = prepare(DataOptions(dataset="t.csv", target=target, drop=drop or None, test_size=0.3)).test
    assert test is not None
    theirs = [sklearn_score(frame, target, drop, test.rows, estimator) for estimator in TREES_AND_LINES[metric]]
    assert min(theirs) > 0.65
    assert ours > max(theirs) - error


def test_a_preset_is_recorded_as_the_options_that_it_stands_for(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", small())
    Path("c.toml").write_text("epochs = 3\nwidth = 32\n")
    words = ["train", "--dataset", "t.csv", "--target", "kind", "--json", "-q"]
    assert run([*words, "--preset", "tabular", "--config", "c.toml", "--width", "16", "--name", "p"]) == 0
    result = json.loads(capsys.readouterr().out)
    recorded = tomllib.loads(Path("results/p/config.toml").read_text())
    assert (recorded["epochs"], recorded["hidden"], recorded["batch_size"]) == (3, [16, 16], 256)
    assert (recorded["label_smoothing"], recorded["scale"], recorded["init"]) == (0.1, "robust-clip", "he")
    assert recorded["lr_multiplier"] == [10 / 3**0.5, 2.5, 2.5]
    Path("spelled.toml").write_text(Path("results/p/config.toml").read_text())
    assert run(["train", "--config", "spelled.toml", "--json", "-q", "--name", "q"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["run_id"], again["metrics"]) == (result["run_id"], result["metrics"])
    assert run(["eval", "p", "--dataset", "t.csv", "--json", "-q"]) == 0
    capsys.readouterr()
    assert run([*words, "--preset", "tabula"]) == 2
    assert "--preset: got 'tabula', expected one of none, tabular; did you mean tabular?" in capsys.readouterr().err
