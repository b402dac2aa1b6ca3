"""`mlpcli explain` from the outside: what it prints and writes, for a run and for a sweep's configuration."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli.cli.main import run
from mlpcli.results.schema.csv_schema import table
from mlpcli.results.statistics import estimate

DATA = "blobs:n=120,k=3,d=4,spread=4"
SWEEP = f"""
name = "s"
seeds = 3
[base]
dataset = "{DATA}"
width = 8
epochs = 2
[grid]
depth = [1, 2]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run `r`, the sweep `s` with all models, and the sweep `few` with the best alone."""
    folder = tmp_path_factory.mktemp("explain")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLPCLI_DATA_HOME", str(folder / "home"))
        assert run(["train", "--dataset", DATA, "--name", "r", "--width", "8", "--epochs", "3", "-q"]) == 0
        Path("s.toml").write_text(SWEEP)
        assert run(["sweep", "s.toml", "-q", "--executor", "serial", "--keep-models", "all"]) == 0
        assert run(["sweep", "s.toml", "-q", "--executor", "serial", "--name", "few"]) == 0
    return folder


@pytest.fixture(autouse=True)
def work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(folder / "home"))


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["explain", *arguments, "--json", "-q"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    found: dict[str, Any] = json.loads(captured.out)
    return found


def test_python_gives_the_numbers_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(0, 1, 90), "far": rng.normal(0, 1, 90), "color": ["red", "blue"] * 45})
    frame["price"] = 3 * frame["size"] + (frame["color"] == "red")
    frame.to_csv("houses.csv", index=False)
    mlpcli.train("houses.csv", target="price", split="ordered", test_size=20, epochs=5, results="results", name="c")
    found, rows = explained(capsys, "c", "--metric", "mae"), frame.tail(20)
    table = mlpcli.load("results/c").explain(rows.drop(columns="price"), rows["price"], "mae")
    assert table.to_dict("records") == found["columns"]
    assert table["column"].tolist()[0] == "size"
    with pytest.raises(mlpcli.Error, match="accuracy"):
        mlpcli.load("results/c").explain(rows.drop(columns="price"), rows["price"], "accuracy")


def test_a_terminal_sees_which_column_is_permuted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run(["explain", "r"]) == 0
    assert "column" in capsys.readouterr().err


def test_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(capsys, "r")
    assert (found["split"], found["rows"], found["interval_over"], found["permutations"]) == (
        "test",
        24,
        "permutations",
        10,
    )
    assert found["file"] == "results/r/explain-test.csv"
    with open(found["file"], newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: str(value) for name, value in row.items()} for row in found["columns"]] == rows
    table("explain-test.csv").columns(list(rows[0]))
    means = [row["importance"] for row in found["columns"]]
    assert means == sorted(means, reverse=True) and means[0] > 0
    assert all(row["ci_low"] <= row["importance"] <= row["ci_high"] for row in found["columns"])
    assert explained(capsys, "r") == found
    assert explained(capsys, "results/r/model.safetensors")["columns"] == found["columns"]
    assert explained(capsys, "r", "--split", "val", "--metric", "loss")["columns"][0]["metric"] == "loss"
    assert Path("results/r/explain-val.csv").exists()


def test_the_table_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "r", "--metric", "loss"]) == 0
    out, err = capsys.readouterr()
    title, header, *rows, _, file = out.splitlines()
    assert title == "increase of loss when the column is permuted, 95% interval over permutations"
    assert header.split() == ["column", "importance", "ci_low", "ci_high"]
    assert sorted(row.split()[0] for row in rows) == ["x1", "x2", "x3", "x4"]
    assert file == "results/r/explain-test.csv"
    assert err == f"1 network, 24 test rows of {DATA}\n"


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_what_took_the_time_is_shown_where_it_cannot_be_written(
    capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    obstacle = Path("results/r/explain-train.csv")
    obstacle.mkdir()
    try:
        assert run(["explain", "r", "--split", "train", "-q", *flags]) == 74
    finally:
        obstacle.rmdir()
    out, err = capsys.readouterr()
    assert f"cannot write {obstacle}" in err
    assert len(json.loads(out)["columns"]) == 4 if flags else "95% interval over permutations" in out


def test_the_interval_of_a_trial_is_over_the_seeds_of_its_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(capsys, "s/0")
    assert found["interval_over"] == "seeds" and len(found["networks"]) == 3
    assert found["file"].startswith(found["networks"][0].removesuffix(".safetensors") + "-eval/")
    alone = [explained(capsys, path)["columns"] for path in found["networks"]]
    for row in found["columns"]:
        of_each = [next(one["importance"] for one in rows if one["column"] == row["column"]) for rows in alone]
        mean = estimate(of_each)
        ends = [row[name] for name in ("importance", "ci_low", "ci_high")]
        assert ends == pytest.approx([mean.mean, mean.ci_low, mean.ci_high], rel=1e-12, abs=1e-15)
    assert sorted(explained(capsys, "s/1")["networks"]) == sorted(found["networks"])
    assert not set(explained(capsys, "s/5")["networks"]) & set(found["networks"])


def test_seeds_without_a_model_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "few"]) == 0
    out, err = capsys.readouterr()
    assert "interval over permutations" in out
    assert "2 trials of this configuration left no model and cannot count" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing"], 2, "there is no run 'nothing'"),
        (["s/best:2"], 2, "means 2 networks"),
        (["r", "--metric", "rmse"], 2, "--metric 'rmse': dataset '"),
        (["r", "--repeats", "1"], 2, "--repeats"),
        (["r", "--split", "all"], 2, "--split"),
    ],
)
def test_what_cannot_be_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert run(["explain", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message in err


def test_another_training_removes_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", "--dataset", DATA, "--name", "again", "--width", "4", "--epochs", "1", "-q"]
    assert run(train) == 0
    explained(capsys, "again")
    assert Path("results/again/explain-test.csv").exists()
    assert run([*train, "--force"]) == 0
    assert not Path("results/again/explain-test.csv").exists()


def test_the_networks_of_an_ensemble_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--dataset", DATA, "--ensemble", "3", "--epochs", "1", "--name", "several", "--quiet"]) == 0
    capsys.readouterr()
    assert run(["explain", "several"]) == 0
    assert capsys.readouterr().err == f"3 networks, 24 test rows of {DATA}\n"
