"""What is read of results folders, whole, still growing, or damaged."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mlpcli.errors import DataError, FileError
from mlpcli.plot.factors import find_factors, fullness, is_geometric, level_name
from mlpcli.plot.folder import read_folder
from tests.plot.folders import run_folder, sweep_folder


def test_a_run(tmp_path: Path) -> None:
    folder = read_folder(run_folder(tmp_path / "r", 4, recorded=True))
    (trial,) = folder.trials
    assert (folder.is_sweep, folder.metric, folder.varied, trial.seed, trial.values) == (
        False,
        "val_accuracy",
        (),
        3,
        (),
    )
    assert_array_equal(trial.epochs["epoch"], [1, 2, 3, 4])
    assert_array_equal(trial.diagnostics["step"], [0, 40, 80, 120, 160])
    assert trial.scores == {
        "train_loss": 0.1,
        "train_accuracy": 0.95,
        "val_loss": 0.2,
        "val_accuracy": 0.9,
        "best_epoch": 3,
        "epochs_run": 4,
        "parameters": 10,
        "time_s": 1.5,
    }


def test_a_run_without_validation_rows_or_result(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r", validated=False)
    (path / "result.json").unlink()
    folder = read_folder(path)
    assert folder.metric == "train_accuracy"
    assert folder.trials[0].scores == {}
    assert np.isnan(folder.trials[0].epochs["val_loss"]).all()


def test_a_sweep(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8], "hidden": [None, "8,4"]}, seeds=2, states={5: "diverged"})
    folder = read_folder(path)
    assert (folder.is_sweep, folder.varied, len(folder.trials)) == (True, ("width", "hidden"), 8)
    assert [len(trials) for trials in folder.configurations.values()] == [2, 2, 1, 2]
    assert list(folder.configurations) == [("4", ""), ("4", "8,4"), ("8", ""), ("8", "8,4")]
    assert np.isnan(folder.trials[5].scores["val_loss"])
    assert all(len(trial.epochs["epoch"]) == 4 and not trial.diagnostics for trial in folder.trials)


def test_what_ranks_is_said_by_the_summary_the_file_or_the_columns(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, metric="val_loss")
    assert read_folder(path).metric == "val_loss"
    (path / "summary.csv").write_text("rank,width,n_seeds,train_loss_mean,train_loss_std\n")
    assert read_folder(path).metric == "train_loss"
    (path / "summary.csv").unlink()
    (path / "sweep.toml").unlink()
    assert read_folder(path).metric == "val_accuracy"


def test_a_sweep_that_still_runs_is_read_in_the_order_of_its_epochs(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=1)
    header, *lines = (path / "metrics.csv").read_text().splitlines(keepends=True)
    (path / "metrics.csv").write_text("".join([header, *reversed(lines)])[:-5])
    first, second = read_folder(path).trials
    assert_array_equal(first.epochs["epoch"], [2, 3, 4])
    assert_array_equal(second.epochs["epoch"], [1, 2, 3, 4])
    (path / "metrics.csv").unlink()
    assert read_folder(path).trials[0].epochs == {}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("trials.csv", "trial,run_id\n1\n"),
        ("trials.csv", "trial,run_id,state,depth\n1,a,complete,2\n"),
        ("trials.csv", "trial,run_id,state,seed,parameters\n1,a,complete,x,2\n"),
        ("trials.csv", "\xff"),
        ("metrics.csv", "trial,run_id,epoch\n1,a,one\n"),
        ("sweep.toml", "metric = "),
    ],
)
def test_damaged_files_of_a_sweep_are_named(file: str, content: str, tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]})
    (path / file).write_text(content, encoding="latin-1")
    with pytest.raises(DataError, match=f"cannot plot .*{file}"):
        read_folder(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"metrics": 3}', '{"metrics": {"train": {"loss": "x"}}}', "{"])
def test_a_damaged_result_is_named(content: str, tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r")
    (path / "result.json").write_text(content)
    with pytest.raises(DataError, match=r"cannot plot .*result\.json: it is not"):
        read_folder(path)


def test_what_cannot_be_read_is_an_error_of_files(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r")
    (path / "config.toml").unlink()
    with pytest.raises(FileError, match=r"config\.toml"):
        read_folder(path)


def test_a_metric_without_value_is_nan(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r")
    result = json.loads((path / "result.json").read_text())
    result["metrics"]["val"]["loss"] = None
    (path / "result.json").write_text(json.dumps(result))
    assert np.isnan(read_folder(path).trials[0].scores["val_loss"])


def test_factors() -> None:
    rows = [
        (width, init, epochs, "relu") for width in ("16", "4", "8") for init, epochs in (("he", "9"), ("zeros", "0"))
    ]
    width, start = find_factors(("width", "init", "epochs", "activation"), rows)
    assert width.levels == (("4",), ("8",), ("16",))
    assert_array_equal(width.numbers, [4, 8, 16])
    assert (start.options, start.levels, start.numbers) == (("init", "epochs"), (("he", "9"), ("zeros", "0")), None)
    assert start.of(rows[1]) == ("zeros", "0")
    assert start.describe(("zeros", "0")) == "init zeros, epochs 0"
    assert fullness([width, start], 3) == 0.5
    assert find_factors(("width",), [("4",), ("4",)]) == []


@pytest.mark.parametrize(
    ("numbers", "geometric"),
    [
        ([1, 10, 100], True),
        ([1e-4, 1e-3, 3e-3, 1e-1], True),
        ([1, 2, 4], False),
        ([0, 10, 100, 1000], False),
        ([10, 20, 30, 40, 50, 60, 70, 80, 90], False),
        ([5, 5], False),
    ],
)
def test_geometric_numbers(numbers: list[float], geometric: bool) -> None:
    assert is_geometric(np.array(numbers, float)) == geometric


@pytest.mark.parametrize(
    ("level", "name"),
    [(("64,32",), "64, 32"), (("",), "-"), (("0.00123456789",), "0.001235"), (("256",), "256"), (("he", "3"), "he, 3")],
)
def test_names_of_levels(level: tuple[str, ...], name: str) -> None:
    assert level_name(level) == name
