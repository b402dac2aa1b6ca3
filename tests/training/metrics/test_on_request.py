"""Metrics that a run measures only where it is asked to, from the option to the files."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import mlpcli
from mlpcli.errors import UsageError

QUICK = {"width": 8, "depth": 1, "epochs": 6, "threads": 1}
MOONS = "moons:n=150,noise=0.3"


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
    sweep = mlpcli.sweep(spec, results=tmp_path)
    trials, summary = sweep.trials, sweep.summary
    assert {"train_brier", "val_brier", "test_brier"} <= set(trials.columns)
    assert "val_brier" in sweep.history and {"val_brier_mean", "test_brier_mean"} <= set(summary.columns)
    second = sweep.history[sweep.history.epoch <= 2].groupby("trial").val_brier.min()
    assert list(trials.state == "complete") == list(second == second.min())


def test_another_metric_in_the_file_trains_again_what_did_not_measure_it(tmp_path: Path) -> None:
    spec = {"name": "s", "seeds": 2, "base": {"dataset": MOONS, **QUICK}, "grid": {"lr": [0.01, 0.1]}}
    before = mlpcli.sweep(spec, results=tmp_path).trials
    after = mlpcli.sweep({**spec, "metric": "val_average_precision"}, results=tmp_path)
    assert after.trials.val_average_precision.notna().all()
    np.testing.assert_array_equal(after.trials.val_loss, before.val_loss)
    assert list(after.summary.val_average_precision_mean) == sorted(after.summary.val_average_precision_mean)[::-1]
    again = mlpcli.sweep(spec, results=tmp_path).trials  # what is there has all that this file asks for
    assert list(again.time_s) == list(after.trials.time_s)


def test_a_metric_that_the_rows_do_not_define_is_refused_before_training(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    np.savez(tmp_path / "zeros.npz", X=x, y=np.where(x[:, 0] > 0, x[:, 0], 0.0))
    numbers = str(tmp_path / "zeros.npz")
    with pytest.raises(UsageError, match="val_mape is not defined on 4 validation rows: it needs targets other than 0"):
        mlpcli.train(numbers, monitor="val_mape", **QUICK)
    with pytest.raises(
        UsageError, match=r"metric on dataset 'zeros.npz': train_mape is not defined on 28 training rows"
    ):
        mlpcli.sweep({"name": "s", "metric": "train_mape", "base": {"dataset": numbers, **QUICK}}, results=tmp_path)
    with pytest.raises(UsageError, match=r"val_top_5_accuracy is not defined on .* it needs six classes or more"):
        mlpcli.train("iris", monitor="val_top_5_accuracy", **QUICK)
    with pytest.raises(UsageError, match="classification has no val_mape; use one of auto, val_loss, val_accuracy"):
        mlpcli.train("iris", monitor="val_mape", **QUICK)
    assert not list(tmp_path.glob("*/"))


def test_columns_have_an_importance_by_any_metric() -> None:
    from mlpcli.config.metrics import METRICS
    from mlpcli.data import prepare
    from mlpcli.training.importance import importances

    run = mlpcli.train(MOONS, **QUICK)
    part = prepare(run.options.data).train
    order = np.random.default_rng(0).permutation(len(part))
    (first, _), model = importances(run.model, part, METRICS["roc_auc"], [order]), run.model
    x = part.x.copy()
    areas = []
    for _ in range(2):
        areas.append(roc_auc_score(part.y, model.scores(x)[:, 0]))
        x[:, 0] = x[order, 0]
    assert first[0] == pytest.approx(areas[0] - areas[1])
