"""Metrics that a run measures only where it is asked to, from the option to the files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import mlpcli
from mlpcli.config import DataOptions, RunOptions
from mlpcli.config.metrics import METRICS
from mlpcli.data import prepare
from mlpcli.errors import UsageError
from mlpcli.training.importance import costs
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.metrics.functions import FUNCTIONS
from mlpcli.training.planned_run import plan_run

CHOICES = {"choices": ["val_loss", "val_brier", "val_roc_auc"]}
QUICK = {"width": 8, "depth": 1, "epochs": 6, "threads": 1}
MOONS = "moons:n=150,noise=0.3"


def sweep(spec: dict[str, Any], results: Path) -> mlpcli.Sweep:
    return mlpcli.sweep(spec, executor="serial", results=results)


def test_the_monitored_metric_stands_in_the_files_and_chooses_the_epoch(tmp_path: Path) -> None:
    run = mlpcli.train(MOONS, monitor="val_roc_auc", results=tmp_path, **QUICK)
    history = run.history
    assert list(history.columns[5:8]) == ["val_loss", "val_accuracy", "val_roc_auc"]
    best = int(history["val_roc_auc"].argmax())
    assert run.result["best_epoch"] == best + 1
    for part in ("train", "val", "test"):
        assert list(run.metrics[part]) == ["loss", "accuracy", "roc_auc"]
    assert run.metrics["val"]["roc_auc"] == history["val_roc_auc"][best]
    assert run.result["baseline"]["val"]["roc_auc"] == 0.5 < run.result["linear"]["val"]["roc_auc"]
    plain = mlpcli.train(MOONS, **QUICK)
    assert "val_roc_auc" not in plain.history and list(plain.metrics["val"]) == ["loss", "accuracy"]
    np.testing.assert_array_equal(plain.history["train_loss"], history["train_loss"])


def test_any_metric_ranks_a_sweep_with_halving_too(tmp_path: Path) -> None:
    spec = {
        "name": "s",
        "metric": "val_brier",
        "seeds": 1,
        "base": {"dataset": MOONS, **QUICK},
        "grid": {"lr": [1e-4, 0.01, 0.1]},
        "halving": {"min_epochs": 2, "factor": 3},
    }
    found = sweep(spec, tmp_path)
    trials, summary = found.trials, found.summary
    assert {"train_brier", "val_brier", "test_brier"} <= set(trials.columns)
    assert "val_brier" in found.history and {"val_brier_mean", "test_brier_mean"} <= set(summary.columns)
    second = found.history[found.history.epoch <= 2].groupby("trial").val_brier.min()
    assert list(trials.state == "complete") == list(second == second.min())


def test_another_metric_in_the_file_trains_again_what_did_not_measure_it(tmp_path: Path) -> None:
    spec = {"name": "s", "seeds": 2, "base": {"dataset": MOONS, **QUICK}, "grid": {"lr": [0.01, 0.1]}}
    before = sweep(spec, tmp_path).trials
    after = sweep({**spec, "metric": "val_average_precision"}, tmp_path)
    assert after.trials.val_average_precision.notna().all()
    np.testing.assert_array_equal(after.trials.val_loss, before.val_loss)
    assert list(after.summary.val_average_precision_mean) == sorted(after.summary.val_average_precision_mean)[::-1]
    again = sweep(spec, tmp_path).trials  # what is there has all that this file asks for
    assert list(again.time_s) == list(after.trials.time_s)


def test_a_metric_that_some_trials_measured_alone_is_measured_by_all(tmp_path: Path) -> None:
    grid = {"monitor": ["val_loss", "val_roc_auc"], "lr": [0.01, 0.1]}
    spec = {"name": "s", "seeds": 1, "base": {"dataset": MOONS, **QUICK}, "grid": grid}
    sweep(spec, tmp_path / "two")
    ranked = {**spec, "metric": "val_roc_auc"}
    after, whole = (sweep(ranked, tmp_path / name) for name in ("two", "one"))
    assert after.trials.val_roc_auc.notna().all()
    np.testing.assert_array_equal(after.summary.val_roc_auc_mean, whole.summary.val_roc_auc_mean)


def test_a_metric_that_the_rows_do_not_define_is_refused_before_training(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    np.savez(tmp_path / "zeros.npz", X=x, y=np.where(x[:, 0] > 0, x[:, 0], 0.0))
    numbers = str(tmp_path / "zeros.npz")
    with pytest.raises(UsageError, match="val_mape is not defined on 4 validation rows: it needs targets other than 0"):
        mlpcli.train(numbers, monitor="val_mape", **QUICK)
    with pytest.raises(
        UsageError, match=r"metric on dataset 'zeros.npz': train_mape is not defined on 28 training rows"
    ):
        sweep({"name": "s", "metric": "train_mape", "base": {"dataset": numbers, **QUICK}}, tmp_path)
    with pytest.raises(UsageError, match=r"val_top_5_accuracy is not defined on .* it needs six classes or more"):
        mlpcli.train("iris", monitor="val_top_5_accuracy", **QUICK)
    with pytest.raises(UsageError, match="classification has no val_mape; use one of auto, val_loss, val_accuracy"):
        mlpcli.train("iris", monitor="val_mape", **QUICK)
    assert not list(tmp_path.glob("*/"))


def test_columns_have_an_importance_by_any_metric() -> None:
    run = mlpcli.train(MOONS, **QUICK)
    part = prepare(run.options.data).train
    order = np.random.default_rng(0).permutation(len(part))
    found, model = costs(run.model, part, METRICS["roc_auc"], [order]), run.model
    x = part.x.copy()
    areas = []
    for _ in range(2):
        areas.append(roc_auc_score(part.y, model.scores(x)[:, 0]))
        x[:, 0] = x[order, 0]
    assert found.permuted[0, 0] - found.whole == pytest.approx(areas[0] - areas[1])


def test_what_ranks_by_training_rows_costs_nothing_per_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []
    roc_auc = FUNCTIONS["roc_auc"]
    monkeypatch.setitem(FUNCTIONS, "roc_auc", lambda scored: measured.append("roc_auc") or roc_auc(scored))
    data = prepare(DataOptions(dataset=MOONS))
    run = plan_run(RunOptions(dataset=MOONS, **QUICK), data).options
    for measure, parts_and_epochs in ((None, 0), ("train_roc_auc", 3), ("val_roc_auc", 3 + 6)):
        measured.clear()
        trainer = Trainer([run], data, measure)
        assert all(set(row) == set(trainer.columns) for epoch in trainer.epochs() for _, row in epoch)
        (metrics,) = trainer.results()
        assert len(measured) == parts_and_epochs
        assert metrics["train"] and ("roc_auc" in metrics["train"]) == (measure is not None)


def test_trials_of_a_later_batch_may_monitor_what_the_first_did_not(tmp_path: Path) -> None:
    spec = {
        "name": "s",
        "seeds": 1,
        "base": {"dataset": MOONS, **QUICK},
        "search": {"sampler": "qmc", "trials": 4, "batch": 1, "monitor": CHOICES},
    }
    found = sweep(spec, tmp_path)
    assert list(found.trials.state) == ["complete"] * len(found.trials) and found.trials.monitor.nunique() > 1
    asked = [name for name in ("val_brier", "val_roc_auc") if name in found.history]
    assert asked == [name for name in [found.trials.monitor[0]] if name != "val_loss"]
