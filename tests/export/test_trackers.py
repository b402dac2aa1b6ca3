"""Histories as TensorBoard's own reader and an MLflow store give them back."""

from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

from mlpcli.errors import Busy, FileError, Unavailable, UsageError
from mlpcli.export.histories import ended_trials
from mlpcli.export.mlflow_store import MlflowStore
from mlpcli.export.trackers import TRACKERS, check_tracker, write_histories
from mlpcli.results.folders.read_folder import ResultsFolder, read_folder
from tests.plot.folders import run_folder, sweep_folder


def sweep(path: Path) -> ResultsFolder:
    """Two configurations with two seeds; the last trial diverged."""
    grid = {"dropout": [0.0, 0.5]}
    folder = sweep_folder(path, grid, seeds=2, epochs=3, states={3: "diverged"})
    (folder / "provenance.json").write_text('{"version": "0.2.0", "started": "2026-01-02T03:04:05+00:00"}')
    with (folder / "sweep.toml").open("a") as file:
        file.write('[base]\ndataset = "digits"\nhidden = [8, 4]\n')
    return read_folder(folder)


def write(folder: ResultsFolder, tracker: str, place: Path | str) -> list[bool]:
    return list(write_histories(folder, tracker, str(place)))


STARTED = 1767323045  # 2026-01-02T03:04:05Z


def test_tensorboard_reads_curves_scores_and_hyperparameters(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s")
    assert write(folder, "tensorboard", tmp_path / "log") == [True] * 4
    for trial in folder.trials:
        events = EventAccumulator(str(tmp_path / "log" / "s" / str(trial.number))).Reload()
        epochs = folder.epochs(trial)
        for tag, column in (("train/loss", "train_loss"), ("val/accuracy", "val_accuracy"), ("lr", "lr")):
            scalars = events.Scalars(tag)
            assert [scalar.step for scalar in scalars] == [1, 2, 3]
            assert [scalar.value for scalar in scalars] == pytest.approx(list(epochs[column]))
            times = [scalar.wall_time - STARTED for scalar in scalars]
            assert times == pytest.approx(list(epochs["total_time_s"]), abs=1e-5)
        kept = {tag: events.Scalars(tag)[0].value for tag in events.Tags()["scalars"] if tag.startswith("kept/")}
        assert kept == pytest.approx({f"kept/{k}": v for k, v in trial.metrics.items() if v is not None})
        content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
        start = metadata.parse_session_start_info_plugin_data(content)
        assert start.hparams["dropout"].number_value == float(str(trial.options["dropout"]))
        assert start.hparams["hidden"].string_value == "8,4"
        content = events.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
        assert metadata.parse_session_end_info_plugin_data(content).status == (2 if trial.state == "diverged" else 1)


def test_trials_of_cross_validation_have_their_fold(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s")
    file = folder.path / "sweep.toml"
    file.write_text(f"folds = 5\n{file.read_text()}")
    folded = replace(folder, trials=tuple(replace(trial, fold=trial.number) for trial in folder.trials))
    told = [(one.options.get("folds"), one.options.get("fold")) for one in ended_trials(folded)]
    assert told == [(5, 0), (5, 1), (5, 2), (5, 3)]


def test_trials_that_are_there_stay_and_new_ones_are_added(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s")
    write(folder, "tensorboard", tmp_path / "log")
    before = {path: path.read_bytes() for path in (tmp_path / "log").rglob("events*")}
    assert write(folder, "tensorboard", tmp_path / "log") == [False] * 4
    assert {path: path.read_bytes() for path in (tmp_path / "log").rglob("events*")} == before
    run = read_folder(run_folder(tmp_path / "r", 2))
    assert write(run, "tensorboard", tmp_path / "log") == [True]
    assert sorted(path.name for path in (tmp_path / "log").iterdir()) == ["r", "s"]


def test_a_trial_takes_the_place_of_another_that_had_its_name(tmp_path: Path) -> None:
    def value() -> float:
        return EventAccumulator(str(tmp_path / "log" / "r")).Reload().Scalars("kept/val_accuracy")[0].value

    write(read_folder(run_folder(tmp_path / "r", 2)), "tensorboard", tmp_path / "log")
    first = value()
    rmtree(tmp_path / "r")
    metrics = {"train": {"accuracy": 0.5}, "val": {"accuracy": 0.25}, "test": None}
    other = read_folder(run_folder(tmp_path / "r", 2, run_id="ba9876543210", metrics=metrics))
    assert write(other, "tensorboard", tmp_path / "log") == [True]
    assert (first, value()) == (pytest.approx(0.9), 0.25)
    assert write(other, "tensorboard", tmp_path / "log") == [False]
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["r"]


@pytest.mark.parametrize("kind", ["a folder of somebody else", "a file of somebody else beside ours", "a link"])
def test_nothing_that_others_wrote_is_replaced(kind: str, tmp_path: Path) -> None:
    old, place = read_folder(run_folder(tmp_path / "r", 2, run_id="ba9876543210")), tmp_path / "log" / "r"
    write(old, "tensorboard", tmp_path / "log")
    if kind == "a folder of somebody else":
        (place / "mlpcli.run_id").unlink()
    elif kind == "a link":
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
    else:
        (place / "notes.txt").write_text("mine")
    rmtree(tmp_path / "r")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    new = read_folder(run_folder(tmp_path / "r", 2))
    with pytest.raises(FileError, match=r"it is more than what mlpcli wrote of a trial\. Move it away"):
        write(new, "tensorboard", tmp_path / "log")
    assert {path: path.read_bytes() for path in before} == before
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["r"]


def test_a_run_that_has_not_ended_is_left_out(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r", 2)
    (path / "result.json").unlink()
    assert write(read_folder(path), "tensorboard", tmp_path / "log") == []
    assert not (tmp_path / "log").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file")
    with pytest.raises(FileError, match="it exists and is not a folder"):
        write(sweep(tmp_path / "s"), "tensorboard", tmp_path / "log")


@pytest.mark.filterwarnings("ignore")  # of MLflow's own code
@pytest.mark.slow  # its database takes half a minute to set up; mlflow comes with the extra `proofs`
def test_an_mlflow_store_gives_parameters_and_metrics_back(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    folder, store = sweep(tmp_path / "s"), f"sqlite:///{tmp_path / 'store.db'}"
    assert write(folder, "mlflow", store) == [True] * 4
    client = MlflowClient(store)
    identity = client.get_experiment_by_name("s").experiment_id
    left = client.create_run(identity, tags={"mlpcli.begun": folder.trials[0].run_id}).info.run_id  # by an interruption
    own = client.create_run(identity, run_name="a training of the user's that still runs").info.run_id
    assert write(folder, "mlflow", store) == [False] * 4
    stages = {run: client.get_run(run).info.lifecycle_stage for run in (left, own)}
    assert stages == {left: "deleted", own: "active"}
    client.delete_run(own)
    runs = {run.data.tags["mlpcli.run_id"]: run for run in client.search_runs([identity])}
    assert runs.keys() == {trial.run_id for trial in folder.trials}
    for trial in folder.trials:
        run, epochs = runs[trial.run_id], folder.epochs(trial)
        assert run.data.params["dropout"] == str(float(str(trial.options["dropout"])))
        assert run.data.params["hidden"] == "8,4"
        assert run.info.status == ("FAILED" if trial.state == "diverged" else "FINISHED")
        history = sorted(client.get_metric_history(run.info.run_id, "val_loss"), key=lambda metric: metric.step)
        assert [metric.step for metric in history] == [1, 2, 3]
        assert [metric.value for metric in history] == list(epochs["val_loss"])
        assert [metric.timestamp for metric in history] == [
            round(1000 * (STARTED + seconds)) for seconds in epochs["total_time_s"]
        ]
        if trial.state == "complete":
            assert run.data.metrics["kept_test_accuracy"] == trial.metrics["test_accuracy"]
    with pytest.raises(Unavailable, match="cannot write to the MLflow store nowhere://x: "):
        write(folder, "mlflow", "nowhere://x")

    class Late:
        """A client that asks for the experiment before another export makes it."""

        asked = False

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def get_experiment_by_name(self, name: str) -> Any:
            self.asked, before = True, not self.asked
            return None if before else client.get_experiment_by_name(name)

    late, first = MlflowStore(store), next(ended_trials(folder))
    late.__dict__["_client"] = Late()
    assert late.has(first)


@pytest.mark.filterwarnings("ignore")  # of MLflow's own code
@pytest.mark.slow  # mlflow takes seconds to load, and comes with the extra `proofs`
def test_one_export_at_a_time_writes_to_a_store_in_a_file(tmp_path: Path) -> None:
    folder, place = sweep(tmp_path / "s"), f"sqlite:///{tmp_path / 'new.db'}"
    writing = MlflowStore(place)
    writing._lock = writing._locked()
    with pytest.raises(
        Busy, match=r"another export writes to .*new\.db\. Nothing was written\. Wait for its end, then"
    ):
        write(folder, "mlflow", place)
    assert not (tmp_path / "new.db").exists()
    writing.close()
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.filterwarnings("ignore")  # of MLflow's own code
@pytest.mark.slow  # mlflow takes seconds to load, and comes with the extra `proofs`
def test_an_address_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sweep(tmp_path / "s")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^'sqlite:new\.db' is no address of an MLflow store\. .* Use sqlite:///FILE"):
        write(folder, "mlflow", "sqlite:new.db")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("name", TRACKERS)
def test_a_tracker_that_is_not_installed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.export.trackers.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=rf"{name} is not installed. Nothing was written. Type: .*\[{name}\]"):
        check_tracker(name)
