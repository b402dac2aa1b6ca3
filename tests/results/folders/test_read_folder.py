"""Reading the folders of runs and sweeps: finished, still growing, and damaged in every way."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mlpcli.errors import DataError, FileError
from mlpcli.results.folders.read_folder import read_folder
from tests.plot.folders import run_folder, sweep_folder


def test_a_run(tmp_path: Path) -> None:
    folder = read_folder(run_folder(tmp_path / "r", 4, recorded=True))
    (trial,) = folder.trials
    assert (folder.is_sweep, folder.metric, folder.varied, trial.seed, trial.options) == (
        False,
        "val_accuracy",
        (),
        3,
        {},
    )
    assert_array_equal(folder.epochs(trial)["epoch"], [1, 2, 3, 4])
    assert_array_equal(folder.diagnostics(trial)["step"], [0, 40, 80, 120, 160])
    assert trial.numbers == {
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
    assert set(folder.trials[0].numbers.values()) == {None} and folder.trials[0].state is None
    assert np.isnan(folder.epochs(folder.trials[0])["val_loss"]).all()


def test_a_sweep(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8], "hidden": [None, "8,4"]}, seeds=2, states={5: "diverged"})
    folder = read_folder(path)
    assert (folder.is_sweep, folder.varied, len(folder.trials)) == (True, ("width", "hidden"), 8)
    assert [len(trials) for trials in folder.configurations.values()] == [2, 2, 1, 2]
    assert list(folder.configurations) == [("4", ""), ("4", "8,4"), ("8", ""), ("8", "8,4")]
    assert folder.trials[5].metrics["val_loss"] is None
    assert all(len(folder.epochs(trial)["epoch"]) == 4 and not folder.diagnostics(trial) for trial in folder.trials)


def test_two_trials_of_one_run_have_its_epochs_once(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"split_seed": ["seed", "0"]}, seeds=1, epochs=4)
    for name in ("trials.csv", "metrics.csv"):
        (path / name).write_text((path / name).read_text().replace("000000000001", "000000000000"))
    folder = read_folder(path)
    assert [list(folder.epochs(trial)["epoch"]) for trial in folder.trials] == [[1, 2, 3, 4]] * 2


def test_without_its_file_a_sweep_tells_by_its_values_what_was_drawn(tmp_path: Path) -> None:
    """Tables alone may have been copied: an option with a value of its own in most configurations was drawn."""
    drawn = [{"lr": 0.1 / count, "width": 4 * (count % 2 + 1)} for count in range(1, 13)]
    path = sweep_folder(tmp_path / "s", configurations=drawn, drawn=["lr"], seeds=1)
    assert read_folder(path).drawn == {"lr"}
    (path / "sweep.toml").unlink()
    assert read_folder(path).drawn == {"lr"}
    path = sweep_folder(tmp_path / "zip", configurations=[{"lr": 0.1, "width": 4}, {"lr": 0.2, "width": 8}], seeds=1)
    (path / "sweep.toml").unlink()
    assert read_folder(path).drawn == frozenset()


@pytest.mark.parametrize("keys", ["seeds = 0", "seeds = []", '[base]\nseed = "x"'])
def test_seeds_that_no_sweep_has_are_damage(keys: str, tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]})
    (path / "sweep.toml").write_text(f"{keys}\n[confirm]\ntop = 1\nseeds = 2\n")
    with pytest.raises(DataError, match="seed"):
        read_folder(path)


def test_what_ranks_is_said_by_the_origin_the_summary_the_file_or_the_columns(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, metric="val_loss")
    assert read_folder(path).metric == "val_loss"
    (path / "provenance.json").write_text('{"version": "1", "metric": "train_accuracy"}')
    assert read_folder(path).metric == "train_accuracy"
    (path / "provenance.json").write_text('{"version": "1", "metric": "val_word"}')
    with pytest.raises(DataError, match=r"provenance\.json: key metric: .*'val_word' is not a metric"):
        read_folder(path)
    (path / "provenance.json").write_text('{"version": "1"}')
    (path / "summary.csv").write_text("rank,width,n_seeds,train_loss_mean,train_loss_std\n")
    assert read_folder(path).metric == "train_loss"
    (path / "summary.csv").unlink()
    (path / "sweep.toml").unlink()
    assert read_folder(path).metric == "val_accuracy"


def test_a_sweep_that_still_runs_is_read_in_the_order_of_its_epochs(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=1)
    header, *lines = (path / "metrics.csv").read_text().splitlines(keepends=True)
    (path / "metrics.csv").write_text("".join([header, *reversed(lines)])[:-5])
    folder = read_folder(path)
    first, second = folder.trials
    assert_array_equal(folder.epochs(first)["epoch"], [2, 3, 4])
    assert_array_equal(folder.epochs(second)["epoch"], [1, 2, 3, 4])
    (path / "metrics.csv").unlink()
    folder = read_folder(path)
    assert folder.epochs(folder.trials[0]) == {}


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
    with pytest.raises(DataError, match=f"cannot use .*{file}"):
        read_folder(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"metrics": 3}', '{"metrics": {"train": {"loss": "x"}}}', "{"])
def test_a_damaged_result_is_named(content: str, tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r")
    (path / "result.json").write_text(content)
    with pytest.raises(DataError, match=r"cannot use .*result\.json: "):
        read_folder(path)


def test_what_cannot_be_read_is_an_error_of_files(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r")
    (path / "config.toml").unlink()
    with pytest.raises(FileError, match=r"config\.toml"):
        read_folder(path)


def test_a_metric_without_value_is_none(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r")
    result = json.loads((path / "result.json").read_text())
    result["metrics"]["val"]["loss"] = None
    (path / "result.json").write_text(json.dumps(result))
    assert read_folder(path).trials[0].metrics["val_loss"] is None


def test_diagnostics_without_one_of_their_columns_are_refused(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r", 4, recorded=True) / "diagnostics.csv"
    lines = path.read_text().splitlines()
    for index, name in enumerate(lines[0].split(",")):
        cut = [",".join(cell for at, cell in enumerate(line.split(",")) if at != index) for line in lines]
        path.write_text("\n".join(cut) + "\n")
        with pytest.raises(DataError, match=rf"diagnostics\.csv: column {name} is missing"):
            read_folder(path.parent)
