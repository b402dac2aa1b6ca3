"""Rows of runs and sweeps: what each state of a folder becomes, and that a folder which cannot be read is a row too."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlpcli.errors import FileError
from mlpcli.results.files.lock import FolderLock
from mlpcli.results.folders.read_folder import read_folder
from mlpcli.results.reading.folder_rows import differing, list_results, list_trials
from tests.plot.folders import run_folder, sweep_folder


def rows(root: Path) -> dict[str, dict]:
    return {row["name"]: row for row in list_results(root)}


def test_runs_with_scores_options_and_origin(tmp_path: Path) -> None:
    config = {"dataset": "iris", "hidden": [8, 8], "monitor": "val_accuracy", "epochs": 9, "seed": 4}
    run_folder(tmp_path / "a", config=config)
    made = {"version": "1", "started": "2026-01-02T03:04:05+00:00", "tags": ["paper"], "note": "first"}
    (tmp_path / "a" / "provenance.json").write_text(json.dumps(made))
    run_folder(tmp_path / "b", config={**config, "hidden": [8, 4], "lr": 0.5}, state="diverged")
    first, second = list_results(tmp_path)
    assert (first["kind"], first["dataset"], first["state"], first["metric"], first["value"]) == (
        "run",
        "iris",
        "complete",
        "val_accuracy",
        0.9,
    )
    assert (first["when"], first["tags"], first["note"]) == ("2026-01-02T03:04:05Z", ("paper",), "first")
    assert (first["hidden"], first["depth"], first["width"], first["dropout"]) == ((8, 8), 2, 8, 0.0)
    assert (second["state"], second["width"], second["value"]) == ("diverged", None, 0.9)
    assert differing([first, second]) == ["hidden", "lr"]


def test_a_run_that_is_not_finished_is_running_while_its_folder_is_locked(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r", 4)
    (path / "result.json").unlink()
    (path / "config.toml").write_text('dataset = "iris"\nepochs = 60\n')
    with FolderLock(path):
        found = rows(tmp_path)["r"]
        assert (found["state"], found["done"], found["planned"]) == ("running", 4, 60)
    assert rows(tmp_path)["r"]["state"] == "interrupted"
    (path / ".lock").write_text("process 1 on elsewhere\n")  # left by a killed process: no lock is on it
    assert rows(tmp_path)["r"]["state"] == "interrupted"


def test_asking_whether_a_folder_is_locked_does_not_release_it(tmp_path: Path) -> None:
    """Closing any descriptor of a file releases the record locks that the process has on it."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom mlpcli.results.files.lock import is_locked\n"
        "sys.exit(0 if is_locked(Path(sys.argv[1])) else 1)\n"
    )
    asked = [sys.executable, "-c", code, str(tmp_path)]
    with FolderLock(tmp_path):
        list_results(tmp_path.parent)
        assert subprocess.run(asked, check=False).returncode == 0
    assert subprocess.run(asked, check=False).returncode == 1


def test_sweeps_count_their_trials_and_show_the_best(tmp_path: Path) -> None:
    path = sweep_folder(
        tmp_path / "s", {"width": [4, 8]}, seeds=2, states={3: "failed"}, score=lambda v, seed: seed / 2
    )
    (path / "sweep.toml").write_text('name = "s"\nmetric = "val_accuracy"\n[base]\ndataset = "wine"\n')
    found = rows(tmp_path)["s"]
    assert (found["dataset"], found["state"], found["done"], found["failed"], found["value"], found["val_loss"]) == (
        "wine",
        "interrupted",
        4,
        1,
        0.5,
        0.5,
    )
    (path / "summary.csv").write_text("rank,width,n_seeds,val_accuracy_mean\n")
    assert rows(tmp_path)["s"]["state"] == "complete"
    (path / "provenance.json").write_text('{"version": "1", "started": "2026-01-02T03:04:05+00:00", "trials": 6}')
    found = rows(tmp_path)["s"]
    assert (found["state"], found["done"], found["planned"]) == ("complete", 4, 4)  # a race needed fewer than 6
    (path / "summary.csv").unlink()
    found = rows(tmp_path)["s"]
    assert (found["state"], found["done"], found["planned"]) == ("interrupted", 4, 6)
    (path / "trials.csv").unlink()
    assert (rows(tmp_path)["s"]["state"], rows(tmp_path)["s"]["done"]) == ("interrupted", 0)


def test_the_dataset_of_a_sweep_is_that_of_its_trials(tmp_path: Path) -> None:
    for name, base, grid in (
        ("default", "epochs = 2", {"width": [4, 8]}),
        ("one", 'dataset = "wine"', {"width": [4, 8]}),
        ("two", "epochs = 2", {"dataset": ["wine", "iris"]}),
    ):
        path = sweep_folder(tmp_path / name, grid, seeds=2)
        lists = "".join(f"{option} = {values}\n" for option, values in grid.items())
        (path / "sweep.toml").write_text(f'name = "{name}"\n[base]\n{base}\n[[grid]]\n{lists}')
    found = {name: row["dataset"] for name, row in rows(tmp_path).items()}
    assert found == {"default": "digits", "one": "wine", "two": "wine, iris"}
    (tmp_path / "two/trials.csv").unlink()
    assert rows(tmp_path)["two"]["dataset"] is None


def test_what_cannot_be_read_is_a_row_that_says_so(tmp_path: Path) -> None:
    for name, file, content in (
        ("torn", "result.json", '{"run_id": "0123'),
        ("old", "result.json", '{"run_id": "0123456789ab"}'),
        ("table", "trials.csv", "trial,run_id\n1,2,3\n"),
        ("config", "config.toml", "width = "),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(content)
    (tmp_path / "foreign").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "file").touch()
    found = rows(tmp_path)
    assert {name: row["kind"] for name, row in found.items()} == {
        "config": "damaged",
        "foreign": "other",
        "old": "damaged",
        "table": "damaged",
        "torn": "damaged",
    }
    assert "result.json" in found["torn"]["note"] and "key" in found["old"]["note"]


@pytest.mark.parametrize(
    "config",
    [
        {"hidden": 3},
        {"hidden": [[3]]},
        {"hidden": ["3", {}]},
        {"lr": {}},
        {"lr": [[0.1]]},
        {"dropout": [{}]},
        {"seed": "x"},
    ],
)
def test_options_edited_into_no_options(tmp_path: Path, config: dict[str, object]) -> None:
    """They would be compared and counted as options are."""
    run_folder(tmp_path / "edited", config=config)
    row = rows(tmp_path)["edited"]
    assert row["state"] == "damaged" and f"key config.{next(iter(config))}" in row["note"]


def test_no_folder_is_no_results_and_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    assert list_results(tmp_path / "nowhere") == []
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot read"):
        list_results(tmp_path / "file")


def test_trials_have_options_as_values(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8], "hidden": [None, "8,4"], "lr": [0.1]}, seeds=1)
    found, metric = list_trials(path)
    assert metric == "val_accuracy"
    assert [(row["trial"], row["width"], row["hidden"], row["lr"]) for row in found] == [
        (0, 4, None, 0.1),
        (1, 4, (8, 4), 0.1),
        (2, 8, None, 0.1),
        (3, 8, (8, 4), 0.1),
    ]
    assert [row["val_accuracy"] for row in found] == [
        trial.metrics["val_accuracy"] for trial in read_folder(path).trials
    ]


def test_nothing_is_written(tmp_path: Path) -> None:
    run_folder(tmp_path / "r")
    sweep_folder(tmp_path / "s", {"width": [4]})
    before = {path: os.stat(path).st_mtime_ns for path in tmp_path.rglob("*")}
    list_results(tmp_path)
    assert {path: os.stat(path).st_mtime_ns for path in tmp_path.rglob("*")} == before
