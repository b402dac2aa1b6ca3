"""Weights of every epoch: those that the run had, the same after an interruption, gone when they are not asked for."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlpcli
from mlpcli.config import RunOptions, as_dict
from mlpcli.config.metrics import epoch_columns
from mlpcli.errors import DataError, Interrupted, UsageError
from mlpcli.results.folders.run_folder import RunFolder
from mlpcli.training import session
from mlpcli.training.metrics.evaluate import evaluate
from mlpcli.training.model import Model
from mlpcli.training.planned_run import PlannedRun, plan_run
from mlpcli.training.session import train_run
from mlpcli.training.weight_history import models_by_epoch
from tests.training.problems import CLASSES, dataset


def planned(**options: Any) -> PlannedRun:
    known = {"dataset": CLASSES, "width": 5, "epochs": 4, "norm": "batch", "record_weights": True}
    return plan_run(RunOptions(**{**known, **options}), dataset(CLASSES), threads=1)


def trained(run: PlannedRun, root: Path, kill: int = 0, **how: bool) -> Path:
    columns = epoch_columns(run.data.task)
    with RunFolder(root, "r", as_dict(run.options), columns=columns, run_id=run.run_id, **how) as folder:
        train_run(run, folder, lambda row, best: kill == row["epoch"] and os.kill(os.getpid(), signal.SIGINT))
    return folder.path / "weights.safetensors"


def test_the_models_of_the_epochs_have_the_scores_of_metrics_csv(tmp_path: Path) -> None:
    run = planned()
    file = trained(run, tmp_path)
    kept = Model.load(file.with_name("model.safetensors"))
    models = models_by_epoch(file, kept, run.run_id)
    table = mlpcli.open(tmp_path / "r").history
    assert len(models) == len(table) + 1
    for model, loss in zip(models[1:], table["val_loss"], strict=True):
        scores = evaluate(model.network, model.loss, run.data.val, model.preprocessing)
        assert float(scores["loss"]) == pytest.approx(loss, rel=1e-6)
    best = models[mlpcli.open(tmp_path / "r").result["best_epoch"]]
    for name, tensor in kept.network.tensors().items():
        np.testing.assert_array_equal(best.network.tensors()[name], tensor)


def test_recording_changes_no_number_and_no_run_id(tmp_path: Path) -> None:
    plain = planned(record_weights=False)
    assert plain.run_id == planned().run_id
    trained(plain, tmp_path / "plain")
    trained(planned(), tmp_path / "recorded")
    one, other = ((tmp_path / name / "r" / "model.safetensors") for name in ("plain", "recorded"))
    for name, tensor in Model.load(one).network.tensors().items():
        np.testing.assert_array_equal(Model.load(other).network.tensors()[name], tensor)


@pytest.mark.parametrize("patience", [0, 1])
def test_an_interrupted_run_keeps_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    monkeypatch.setattr(session, "CHECKPOINT_EVERY", 0.0)
    run = planned(patience=patience)
    expected = trained(run, tmp_path / "whole").read_bytes()
    for kill in (1, 2):
        with pytest.raises(Interrupted):
            trained(run, tmp_path, kill=kill, force=True)
        assert trained(run, tmp_path, resume=True).read_bytes() == expected


def test_the_file_goes_when_the_run_that_replaces_it_has_none(tmp_path: Path) -> None:
    assert trained(planned(), tmp_path).is_file()
    assert not trained(planned(record_weights=False), tmp_path, force=True).exists()


def test_weights_of_another_run_are_refused(tmp_path: Path) -> None:
    run = planned()
    file = trained(run, tmp_path)
    model = Model.load(file.with_name("model.safetensors"))
    with pytest.raises(DataError, match="those of another run"):
        models_by_epoch(file, model, "0123456789ab")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"cannot use .*weights\.safetensors as weights of epochs"):
        models_by_epoch(file, model, run.run_id)


def test_what_is_too_large_or_has_no_folder_is_refused() -> None:
    with pytest.raises(UsageError, match=r"record_weights: [\d,]+ weights, kept 10,001 times.* Nothing was written"):
        planned(width=64, epochs=10_000)
    with pytest.raises(UsageError, match=r"record_weights: .* Give results"):
        mlpcli.train("xor", record_weights=True)
    with pytest.raises(UsageError, match="record_weights: a sweep keeps no weights"):
        mlpcli.sweep({"base": {"dataset": "xor", "record_weights": True}, "grid": {"width": [2, 3]}}, executor="serial")
