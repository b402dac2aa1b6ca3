"""`mlpcli eval --dataset`: another table, matched by name and treated as training treated its own, to the last bit."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli.cli.main import run
from mlpcli.config import DataOptions
from mlpcli.data import prepare


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def frame() -> pd.DataFrame:
    """150 rows of numbers with gaps, words and booleans, of three kinds and a price."""
    rng = np.random.default_rng(4)
    kind = rng.integers(0, 3, 150)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(150) < 0.1, np.nan, rng.normal(kind, 0.7)),
            "town": rng.choice(["Oslo", "Bern", "Lima"], 150),
            "old": rng.random(150) < 0.4,
            "far": rng.normal(1000, 50, 150),
            "kind": np.array(["no", "yes", "NA"])[kind],
            "price": 1e5 * kind + rng.normal(0, 1e4, 150),
        }
    )
    frame.to_csv("t.csv", index=False)
    return frame


def train(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    words = ["train", "--dataset", "t.csv", "--name", "r", "--width", "16", "--epochs", "4", "--json", "-q", *arguments]
    assert run(words) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def evaluate(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["eval", "r", *arguments, "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    printed: dict[str, Any] = json.loads(captured.out)
    return printed


@pytest.mark.parametrize("target", ["kind", "price", "price,far"])
def test_python_gives_the_metrics_of_the_command(
    capsys: pytest.CaptureFixture[str], frame: pd.DataFrame, target: str
) -> None:
    train(capsys, "--target", target)
    names = target.split(",")
    y = frame[names[0]] if len(names) == 1 else frame[names]
    assert mlpcli.load("r").evaluate(frame, y) == evaluate(capsys, "--dataset", "t.csv")


def rows_of(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


KIND = ["--target", "kind", "--drop", "price"]
PRICE = ["--target", "price", "--drop", "kind"]


@pytest.mark.parametrize("options", [KIND, PRICE, [*KIND, "--norm", "batch"], [*PRICE, "--dtype", "float64"]])
def test_the_test_rows_as_a_table_score_as_they_did_in_training(
    capsys: pytest.CaptureFixture[str], frame: pd.DataFrame, options: list[str]
) -> None:
    metrics = train(capsys, *options)["metrics"]["test"]
    test = prepare(DataOptions(dataset="t.csv", target=options[1], drop=options[3:4] or None)).test
    assert test is not None
    with open("t.csv") as file:
        header, *lines = file
    Path("new.csv").write_text("".join([header, *(lines[row] for row in test.rows)]))
    found = evaluate(capsys, "--dataset", "new.csv", "--predictions", "p.csv")
    assert {name: found[name] for name in metrics} == metrics
    assert found == evaluate(capsys, "--split", "test", "--predictions", "q.csv")
    assert Path("results/r/eval-new.csv").read_bytes() == Path("results/r/eval-test.csv").read_bytes()
    for new, known in zip(rows_of("p.csv"), rows_of("q.csv"), strict=True):
        assert new | {"row": ""} == known | {"row": ""}
    if options[1] == "kind":
        for kind in ("eval-{}-classes.csv", "confusion-{}.csv"):
            files = [Path("results/r", kind.format(name)).read_bytes() for name in ("new", "test")]
            assert files[0] == files[1]


@pytest.mark.parametrize("options", [KIND, PRICE])
def test_columns_in_another_order_change_no_bit(
    capsys: pytest.CaptureFixture[str], frame: pd.DataFrame, options: list[str]
) -> None:
    train(capsys, *options)
    shuffled = frame[["price", "far", "kind", "town", "old", "size"]]
    shuffled.assign(other="2020-01-01").to_csv("shuffled.csv", index=False)
    frame.to_parquet("t.parquet")
    files = {}
    for dataset in ("t.csv", "shuffled.csv", "t.parquet"):
        evaluate(capsys, "--dataset", dataset, "--predictions", "p.csv")
        stem = Path(dataset).stem
        files[dataset] = [Path("p.csv").read_bytes(), Path(f"results/r/eval-{stem}.csv").read_bytes()]
    assert files["t.csv"] == files["shuffled.csv"] == files["t.parquet"]


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_table_on_standard_input(
    capsys: pytest.CaptureFixture[str], frame: pd.DataFrame, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(capsys, *KIND)
    expected = evaluate(capsys, "--dataset", "t.csv")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path("t.csv").read_bytes())))
    assert evaluate(capsys, "--dataset", name) == expected
    assert Path("results/r/eval-stdin.csv").read_bytes() == Path("results/r/eval-t.csv").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert run(["eval", "r", "--dataset", name]) == 65
    assert "mlpcli: error: standard input, line 1: the model needs the column" in capsys.readouterr().err


@pytest.mark.parametrize("options", [KIND, PRICE])
def test_a_row_alone_is_predicted_as_among_others(
    capsys: pytest.CaptureFixture[str], frame: pd.DataFrame, options: list[str]
) -> None:
    train(capsys, *options)
    evaluate(capsys, "--dataset", "t.csv", "--predictions", "all.csv")
    together = rows_of("all.csv")
    for at in (0, 74, 149):
        frame.iloc[[at]].to_csv("one.csv", index=False)
        evaluate(capsys, "--dataset", "one.csv", "--predictions", "p.csv")
        (alone,) = rows_of("p.csv")
        for name in alone.keys() - {"row"}:
            if name.startswith("probability") or options is PRICE:
                assert float(alone[name]) == pytest.approx(float(together[at][name]), rel=1e-5, abs=1e-5)
            else:
                assert alone[name] == together[at][name]


def test_a_table_without_its_target_is_predicted_only(capsys: pytest.CaptureFixture[str], frame: pd.DataFrame) -> None:
    train(capsys, *KIND)
    evaluate(capsys, "--dataset", "t.csv", "--predictions", "known.csv")
    before = sorted(path.name for path in Path("results/r").iterdir())
    frame.drop(columns=["kind", "price"]).to_csv("un known.csv", index=False)
    assert run(["eval", "r", "--dataset", "un known.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == "results/r/predictions-un-known.csv\n"
    said, *summary = err.splitlines()
    assert said == "results/r/model.safetensors: 150 rows of un known.csv, without kind: predictions only"
    assert summary[0].split() == ["column", "kind", "inputs", "gaps", "values"]
    assert sorted(path.name for path in Path("results/r").iterdir()) == sorted([*before, "predictions-un-known.csv"])
    predicted = rows_of("results/r/predictions-un-known.csv")
    assert list(predicted[0]) == ["row", "prediction", *(f"probability_{name}" for name in ("NA", "no", "yes"))]
    known = rows_of("known.csv")
    assert predicted == [{name: row[name] for name in predicted[0]} for row in known]
    printed = evaluate(capsys, "--dataset", "un known.csv", "--predictions", "mine.csv")
    assert printed == {"predictions": "mine.csv"}
    assert Path("mine.csv").read_bytes() == Path("results/r/predictions-un-known.csv").read_bytes()
    train(capsys, *KIND)
    assert sorted(path.name for path in Path("results/r").iterdir()) == [
        name for name in before if not name.startswith(("eval", "confusion", "calibration"))
    ]


def test_a_bare_model_file_is_enough(capsys: pytest.CaptureFixture[str], frame: pd.DataFrame) -> None:
    train(capsys, *PRICE)
    Path("results/r/model.safetensors").rename("m.safetensors")
    frame.drop(columns="price").to_csv("new.csv", index=False)
    assert run(["eval", "m.safetensors", "--dataset", "new.csv", "--predictions", "p.csv", "-q"]) == 0
    assert capsys.readouterr().out == "p.csv\n"
    assert not Path("m-eval").exists()
    assert run(["eval", "m.safetensors", "--dataset", "new.csv", "-q"]) == 0
    assert Path("m-eval/predictions-new.csv").read_bytes() == Path("p.csv").read_bytes()


def test_files_are_read_as_in_training(capsys: pytest.CaptureFixture[str], frame: pd.DataFrame) -> None:
    frame = frame.replace({"town": {"Lima": "Zürich"}})
    frame.to_csv("t.csv", sep=";", index=False, encoding="latin-1")
    frame.to_csv("plain.csv", index=False)
    frame.to_csv("t.tsv", sep="\t", index=False)
    train(capsys, *KIND, "--delimiter", ";", "--encoding", "latin-1")
    found = evaluate(capsys, "--dataset", "t.csv")
    assert found == evaluate(capsys, "--dataset", "t.tsv")
    assert found == evaluate(capsys, "--dataset", "plain.csv", "--delimiter", ",", "--encoding", "utf-8")


def test_a_table_called_like_a_split(capsys: pytest.CaptureFixture[str], frame: pd.DataFrame) -> None:
    train(capsys, *KIND)
    frame.to_csv("test.csv", index=False)
    evaluate(capsys)
    own = Path("results/r/eval-test.csv").read_bytes()
    evaluate(capsys, "--dataset", "test.csv")
    assert Path("results/r/eval-test.csv").read_bytes() == own
    assert Path("results/r/eval-test.csv.csv").exists()


def test_one_row_of_one_class(capsys: pytest.CaptureFixture[str], frame: pd.DataFrame) -> None:
    """Metrics that do not exist are null and empty cells."""
    train(capsys, *KIND)
    frame.iloc[[3]].to_csv("one.csv", index=False)
    found = evaluate(capsys, "--dataset", "one.csv")
    assert found["roc_auc"] is None
    assert found["accuracy"] in (0.0, 1.0)
    train(capsys, *PRICE, "--force")
    assert evaluate(capsys, "--dataset", "one.csv")["r2"] is None


@pytest.mark.parametrize(
    ("change", "arguments", "code", "message"),
    [
        ({"drop": "town"}, [], 65, "new.csv, line 1: the model needs the column 'town', which is missing"),
        ({"rename": {"town": "twon"}}, [], 65, "needs the column 'town', which is missing; did you mean twon?"),
        ({"kind": "maybe"}, [], 65, "'maybe' is not one of the model's classes, 'NA', 'no', 'yes'"),
        (
            {"far": "near"},
            [],
            65,
            "new.csv, line 2, column 'far': 'near' is not a number, and the model was trained on numbers",
        ),
        ({}, ["--split", "test"], 2, "--split test, --dataset: all rows of another table are scored"),
        ({}, ["--delimiter", ";;"], 2, "--delimiter: got ';;', expected one ASCII character"),
        ({}, ["--dataset", "iris"], 65, "the model needs the column"),
        ({}, ["--dataset", "irsi"], 2, "no such dataset; did you mean iris?"),
        ({}, ["--dataset", "no.csv"], 74, "cannot read no.csv: No such file or directory"),
    ],
)
def test_tables_that_do_not_fit(
    capsys: pytest.CaptureFixture[str],
    frame: pd.DataFrame,
    change: dict[str, Any],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    train(capsys, *KIND)
    values = {name: value for name, value in change.items() if name not in ("drop", "rename")}
    changed = frame.assign(**values).drop(columns=change.get("drop", [])).rename(columns=change.get("rename", {}))
    changed.to_csv("new.csv", index=False)
    before = sorted(Path().rglob("*"))
    assert run(["eval", "r", "--dataset", "new.csv", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert message in err
    assert sorted(Path().rglob("*")) == before


def test_how_a_file_is_read_needs_a_file(capsys: pytest.CaptureFixture[str], frame: pd.DataFrame) -> None:
    train(capsys, *KIND)
    assert run(["eval", "r", "--delimiter", ";"]) == 2
    assert "only another table is read with other options. Name it with --dataset" in capsys.readouterr().err
