"""`mlpcli eval` from the outside: from the model file alone, wherever it stands, and never from a damaged one."""

import csv
import json
import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from mlpcli.cli.main import run
from mlpcli.config import DataOptions
from mlpcli.data import prepare

CLASSES = ["--dataset", "blobs:n=200,k=3,spread=4"]
NUMBERS = ["--dataset", "friedman1:n=100"]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def train(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Train the run `r`; what its result.json says."""
    assert run(["train", "--name", "r", "--width", "8", "--epochs", "2", "--json", "-q", *arguments]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def evaluate(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The metrics that the command prints as JSON."""
    assert run(["eval", *arguments, "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    metrics: dict[str, Any] = json.loads(captured.out)
    return metrics


def table(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("source", [CLASSES, NUMBERS, ["--dataset", "linnerud"], [*CLASSES, "--norm", "batch"]])
def test_metrics_are_exactly_those_of_the_training(capsys: pytest.CaptureFixture[str], source: list[str]) -> None:
    result = train(capsys, *source)
    for split, metrics in result["metrics"].items():
        found = evaluate(capsys, "r", "--split", split)
        assert {name: found[name] for name in metrics} == metrics
        (row,) = table(f"results/r/eval-{split}.csv")
        assert {name: float(value) for name, value in row.items()} == found
    assert evaluate(capsys, "r") == found  # the test rows are the default


def test_the_model_file_is_enough(
    capsys: pytest.CaptureFixture[str], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(work.parent / "home"))
    result = train(capsys, *CLASSES)
    (work / "elsewhere").mkdir()
    shutil.move("results/r/model.safetensors", "elsewhere/model.safetensors")
    shutil.copy("elsewhere/model.safetensors", "elsewhere/best one")
    shutil.rmtree("results")
    shutil.rmtree(work.parent / "home")
    for name in ("elsewhere/model.safetensors", "elsewhere", "elsewhere/best one"):
        found = evaluate(capsys, name)
        assert found["accuracy"] == result["metrics"]["test"]["accuracy"]
    assert sorted(path.name for path in Path("elsewhere").iterdir()) == [
        "best one",
        "best one-eval",
        "calibration-test.csv",
        "confusion-test.csv",
        "eval-test-classes.csv",
        "eval-test.csv",
        "model.safetensors",
    ]


@pytest.mark.parametrize("name", ["r", "results/r", "results/r/", "results/r/model.safetensors"])
def test_a_run_has_several_names(capsys: pytest.CaptureFixture[str], name: str) -> None:
    train(capsys, *CLASSES)
    evaluate(capsys, name)
    assert Path("results/r/eval-test.csv").exists()


def test_a_run_below_other_results(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES, "--results", "mine")
    evaluate(capsys, "r", "--results", "mine")
    assert Path("mine/r/eval-test.csv").exists()


def test_predictions_and_tables_agree_with_scikit_learn(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES)
    metrics = evaluate(capsys, "r", "--split", "train", "--predictions", "p.csv")
    rows = table("p.csv")
    assert list(rows[0]) == ["row", "target", "prediction", "probability_0", "probability_1", "probability_2"]
    data = prepare(DataOptions(dataset="blobs:n=200,k=3,spread=4"))
    assert [int(row["row"]) for row in rows] == data.train.rows.tolist()
    target, prediction = ([int(row[name]) for row in rows] for name in ("target", "prediction"))
    assert target == data.train.y.tolist()
    shares = np.array([[float(row[f"probability_{code}"]) for code in range(3)] for row in rows])
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-14)
    assert prediction == shares.argmax(axis=1).tolist()
    expected = {
        "loss": sk.log_loss(target, shares),
        "accuracy": sk.accuracy_score(target, prediction),
        "balanced_accuracy": sk.balanced_accuracy_score(target, prediction),
        "macro_f1": sk.f1_score(target, prediction, average="macro"),
        "roc_auc": sk.roc_auc_score(target, shares, multi_class="ovr"),
        "average_precision": sk.average_precision_score(target, shares),
        "log_loss": sk.log_loss(target, shares),
        "brier": sum(sk.brier_score_loss(np.array(target) == code, shares[:, code]) for code in range(3)),
    }
    assert metrics == pytest.approx(expected, rel=1e-6)
    report = sk.classification_report(target, prediction, output_dict=True, zero_division=0)
    for row in table("results/r/eval-train-classes.csv"):
        found = [float(row[name]) for name in ("precision", "recall", "f1", "support")]
        assert found == pytest.approx(list(report[row["class"]].values()))
    confusion = table("results/r/confusion-train.csv")
    assert [row["target\\prediction"] for row in confusion] == ["0", "1", "2"]
    assert [[int(row[str(code)]) for code in range(3)] for row in confusion] == sk.confusion_matrix(
        target, prediction
    ).tolist()


def test_the_table_itself_is_not_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES)
    before = Path("p.csv")
    evaluate(capsys, "r", "--predictions", str(before))
    content = before.read_bytes()
    assert run(["eval", "r", "--dataset", "p.csv", "--predictions", "./p.csv"]) == 2
    assert "--predictions 'p.csv': that is the table itself. Nothing was written" in capsys.readouterr().err
    assert before.read_bytes() == content


def test_two_classes(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, "--dataset", "moons:n=200,noise=0.3")
    metrics = evaluate(capsys, "r", "--split", "train", "--predictions", "p.csv")
    rows = table("p.csv")
    target = [int(row["target"]) for row in rows]
    positive = [float(row["probability_1"]) for row in rows]
    assert metrics["roc_auc"] == pytest.approx(sk.roc_auc_score(target, positive))
    assert metrics["loss"] == pytest.approx(sk.log_loss(target, positive), rel=1e-6)
    assert [row["prediction"] for row in rows] == [str(int(share > 0.5)) for share in positive]


@pytest.mark.parametrize("source", [["diabetes"], ["linnerud", "--val-size", "0"]])
def test_regression_in_the_targets_own_units(capsys: pytest.CaptureFixture[str], source: list[str]) -> None:
    result = train(capsys, "--dataset", *source)
    metrics = evaluate(capsys, "r", "--predictions", "p.csv")
    assert metrics.items() >= result["metrics"]["test"].items()
    rows = table("p.csv")
    names = [name for name in rows[0] if name.startswith("target")]
    assert names == (["target"] if source == ["diabetes"] else ["target_Weight", "target_Waist", "target_Pulse"])
    true = np.array([[float(row[name]) for name in names] for row in rows])
    predicted = np.array([[float(row[name.replace("target", "prediction")]) for name in names] for row in rows])
    assert (true == true.round()).all()  # as the source wrote them
    assert metrics["rmse"] == pytest.approx(sk.root_mean_squared_error(true, predicted), rel=1e-12)
    assert metrics["mae"] == pytest.approx(sk.mean_absolute_error(true, predicted), rel=1e-12)
    assert metrics["r2"] == pytest.approx(sk.r2_score(true, predicted), rel=1e-12)
    assert metrics["max_error"] == pytest.approx(np.abs(true - predicted).max(), rel=1e-12)
    assert metrics["mape"] == pytest.approx(sk.mean_absolute_percentage_error(true, predicted), rel=1e-12)
    files = ["eval-test-targets.csv"] * (len(names) > 1) + ["eval-test.csv"]
    assert sorted(path.name for path in Path("results/r").glob("eval*")) == files


def test_weighted_rows_and_several_labels(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"{i % 11},{i % 13},{i % 3},{int(i % 11 > 5)},{int(i % 13 > 4)}" for i in range(200)]
    Path("t.csv").write_text("\n".join(["a,b,w,high,wide", *lines]))
    result = train(capsys, "--dataset", "t.csv", "--target", "high,wide", "--task", "multilabel", "--weights", "w")
    assert evaluate(capsys, "r").items() >= result["metrics"]["test"].items()
    found = evaluate(capsys, "r", "--dataset", "t.csv", "--predictions", "p.csv")
    rows, weights = table("p.csv"), [i % 3 for i in range(200)]
    y, decided = (
        np.array([[int(row[f"{kind}_{name}"]) for name in ("high", "wide")] for row in rows])
        for kind in ("target", "prediction")
    )
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, decided, sample_weight=weights))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(y, decided, average="macro", sample_weight=weights))
    classes = table("results/r/eval-t-classes.csv")
    assert [row["class"] for row in classes] == ["high", "wide"]
    Path("new.csv").write_text("b,a,high,wide\n1,2,0,0\n9,9,1,1\n")
    assert run(["eval", "r", "--dataset", "new.csv"]) == 0
    assert "2 rows of new.csv, each counted once for lack of the weights w" in capsys.readouterr().err


def test_classes_named_like_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """From a table on disk to the files of its scores, every column has a name of its own."""
    names = ["target", "row", "=1+1", 'a "b", c']
    rng = np.random.default_rng(0)
    with open("t.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "prediction", "kind"])
        writer.writerows([rng.normal(at % 4), rng.normal(at % 3), names[at % 4]] for at in range(120))
    train(capsys, "--dataset", "t.csv", "--target", "kind")
    metrics = evaluate(capsys, "r", "--split", "train", "--predictions", "p.csv")
    with open("p.csv", newline="") as file:
        header, *lines = csv.reader(file)
    assert len(set(header)) == len(header) == 7
    assert header[:3] == ["row", "target", "prediction"]
    assert {line[1] for line in lines} == {"target", "row", "'=1+1", 'a "b", c'}
    assert metrics["accuracy"] == pytest.approx(np.mean([line[1] == line[2] for line in lines]))
    with open("results/r/confusion-train.csv", newline="") as file:
        header, *lines = csv.reader(file)
    assert len(set(header)) == len(header) == 5
    assert sum(int(cell) for line in lines for cell in line[1:]) == 84
    assert evaluate(capsys, "r")["accuracy"] >= 0


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES)
    assert run(["eval", "r", "--split", "val"]) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    heading, *summary = err.splitlines()
    assert heading == "results/r/model.safetensors: 20 val rows of blobs:n=200,k=3,spread=4"
    assert [line.split()[0] for line in summary] == ["column", "x1", "blob"]
    metrics, classes, confusion, files = out.split("\n\n")
    assert metrics.split()[:5] == ["loss", "accuracy", "balanced_accuracy", "macro_f1", "roc_auc"]
    assert classes.split()[:5] == ["class", "precision", "recall", "f1", "support"]
    assert confusion.split()[0] == "target\\prediction"
    assert files.split() == [
        "results/r/eval-val.csv",
        "results/r/eval-val-classes.csv",
        "results/r/confusion-val.csv",
        "results/r/calibration-val.csv",
    ]


def test_a_split_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--dataset", "xor", "--epochs", "1", "--name", "r", "-q"]) == 0
    capsys.readouterr()
    assert run(["eval", "r", "--split", "val"]) == 2
    assert capsys.readouterr().err == "mlpcli: error: --split val: xor has no such rows. It has train\n"
    assert evaluate(capsys, "r")["loss"] > 0
    assert Path("results/r/eval-train.csv").exists()


def refused(capsys: pytest.CaptureFixture[str], name: str, code: int) -> str:
    """The line that `eval` ends with, which writes nothing."""
    before = sorted(Path().rglob("*"))
    assert run(["eval", name]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mlpcli: error: ")
    assert err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
    return err.strip()


def test_cut_and_flipped_files_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A bit anywhere and a cut anywhere; never other numbers, never a bug."""
    train(capsys, *CLASSES, "--width", "3")
    good = Path("results/r/model.safetensors").read_bytes()
    bad = Path("bad.safetensors")
    rng = np.random.default_rng(0)
    for cut in (0, 7, 8, 100, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:cut])
        assert "bad.safetensors as a model" in refused(capsys, str(bad), 65)
    for bit in (0, 65, *rng.integers(0, 8 * len(good), 60), 8 * len(good) - 1):
        damaged = bytearray(good)
        damaged[bit // 8] ^= 1 << (bit % 8)
        bad.write_bytes(bytes(damaged))
        assert "bad.safetensors as a model" in refused(capsys, str(bad), 65)
    bad.write_bytes(good + b"\0")
    assert "bad.safetensors as a model" in refused(capsys, str(bad), 65)


class Payload:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("pwned", "w"))


def test_foreign_files_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros((2, 2), np.float32)}, "plain.safetensors")
    save_file({"weight": np.zeros((2, 2), np.float32)}, "claims.safetensors", {"mlpcli": "{}"})
    Path("pickled.safetensors").write_bytes(pickle.dumps(Payload()))
    np.savez("archive.safetensors.npz", x=np.zeros(3))
    Path("table.csv").write_text("a,b\n1,2\n")
    Path("empty.safetensors").touch()
    for name in (
        "plain.safetensors",
        "claims.safetensors",
        "pickled.safetensors",
        "empty.safetensors",
    ):
        assert f"cannot use {name} as a model" in refused(capsys, name, 65)
    assert not Path("pwned").exists()
    for name in ("archive.safetensors.npz", "table.csv"):
        expected = f"eval '{name}': a table, where a run is meant. Type: mlpcli eval RUN --dataset {name}"
        assert expected in refused(capsys, name, 2)


def test_renamed_tensors_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES, "--depth", "3")
    good = Path("results/r/model.safetensors").read_bytes()
    for old, new in ((b"hidden.1.weight", b"hidden.7.weight"), (b'"output.bias"', b'"output.bios"')):
        assert good.count(old) == 1
        Path("renamed.safetensors").write_bytes(good.replace(old, new))
        assert "as a model" in refused(capsys, "renamed.safetensors", 65)
    swapped = good.replace(b"hidden.1.weight", b"hidden.x.weight").replace(b"hidden.2.weight", b"hidden.1.weight")
    Path("swapped.safetensors").write_bytes(swapped.replace(b"hidden.x.weight", b"hidden.2.weight"))
    assert "as a model" in refused(capsys, "swapped.safetensors", 65)


def test_names_that_lead_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES)
    assert "there is no run 'rr', here or in results; did you mean r?" in refused(capsys, "rr", 2)
    Path("results/r/model.safetensors").rename("results/r/model2.safetensors")
    assert "results/r is finished, but its model.safetensors is gone" in refused(capsys, "r", 2)
    assert "there is no run 'nowhere/at/all'" in refused(capsys, "nowhere/at/all", 2)


def test_data_that_have_changed_since(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    train(capsys, *CLASSES)
    other = prepare(DataOptions(dataset="blobs:n=200,k=3,spread=5"))
    monkeypatch.setattr("mlpcli.api.evaluate.prepare", lambda options, data_home: other)
    line = refused(capsys, "r", 65)
    assert re.fullmatch(
        r"mlpcli: error: cannot score results/r/model\.safetensors on blobs:n=200,k=3,spread=4: "
        r"its content has changed since\. Train again on it",
        line,
    )


def test_predictions_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES)
    assert run(["eval", "r", "--predictions", "no/such/folder/p.csv", "-q"]) == 74
    err = capsys.readouterr().err
    assert err == "mlpcli: error: cannot write no/such/folder/p.csv: No such file or directory\n"


def test_scores_go_with_the_model_they_are_of(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, *CLASSES)
    evaluate(capsys, "r", "--predictions", "p.csv")
    train(capsys, *CLASSES)
    assert not list(Path("results/r").glob("eval*"))
    assert Path("p.csv").exists()


def test_a_finished_run_without_its_model_is_trained_again_by_the_command_that_is_advised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = train(capsys, *CLASSES)["metrics"]
    Path("results/r/model.safetensors").unlink()
    assert run(["eval", "r"]) == 2
    said = capsys.readouterr().err
    assert "is finished, but its model.safetensors is gone. Train it again with --force" in said
    assert train(capsys, *CLASSES, "--force")["metrics"] == metrics
    assert evaluate(capsys, "r")["accuracy"] == metrics["test"]["accuracy"]
