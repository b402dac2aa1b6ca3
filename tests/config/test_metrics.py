"""The table of metrics: a function for every row, a name for every measure, one direction in every ranking."""

import math

import numpy as np
import pytest

from mlpcli.config import OPTIONS
from mlpcli.config.metrics import (
    METRICS,
    PARTS,
    Measure,
    epoch_columns,
    every_metric_of,
    metrics_of,
    monitored,
    ranking,
)
from mlpcli.training.metrics.functions import FUNCTIONS
from mlpcli.training.metrics.outcome import Outcome

TASKS = ("classification", "multilabel", "regression")


def test_every_metric_has_a_function_and_every_function_a_row() -> None:
    assert FUNCTIONS.keys() == METRICS.keys()
    for metric in METRICS.values():
        assert metric.label and set(metric.epochs) <= {"train", "val"}
        assert {*metric.tasks, *metric.on_request} <= set(TASKS) and not set(metric.tasks) & set(metric.on_request)
        assert metric.tie_break is None or metric.tie_break in METRICS


def outcome(task: str, error: float) -> Outcome:
    """Rows scored without error, with a small one (0.5), or all wrong (2)."""
    if task == "classification":
        labels, right = np.arange(7), np.eye(7)
        scores = (1 - error) * right + error * np.roll(right, 1, axis=1)
        hits = scores.argmax(axis=1) == labels
        return Outcome(np.full(7, error), hits, scores=scores, log_odds=False, targets=labels)
    if task == "multilabel":
        decided = np.array([[True, False], [True, error < 1], [error > 0, False]])
        labels, hits = np.array([[1, 0], [1, 1], [0, 0]]), np.array([error == 0, error < 1, True])
        return Outcome(np.full(3, error), hits, decided, scores=np.where(decided, 1.0, -1.0), targets=labels)
    targets = np.array([[1.0], [2.0], [4.0]])
    errors = np.array([[error], [-error], [error]])
    return Outcome(np.full(3, error), errors=errors, targets=targets)


@pytest.mark.parametrize("name", METRICS)
def test_perfect_predictions_are_the_best_and_within_bounds(name: str) -> None:
    metric = METRICS[name]

    def value(error: float) -> float:
        return float(FUNCTIONS[name](outcome((*metric.tasks, *metric.on_request)[0], error)))

    values = [value(error) for error in (0.0, 0.5, 2.0)]
    assert sorted(values, key=metric.key) == values and metric.key(values[0]) < metric.key(values[2])
    assert all(metric.bounds[0] <= one <= metric.bounds[1] for one in values)
    assert values[0] in metric.bounds


def test_names_of_measures() -> None:
    for part in PARTS:
        for metric in METRICS.values():
            measure = Measure.parse(f"{part}_{metric.name}")
            assert (measure.part, measure.metric, str(measure)) == (part, metric, f"{part}_{metric.name}")
            assert str(measure.on("test")) == f"test_{metric.name}"
    for text in ("", "loss", "val_", "val", "train_lr", "dev_loss", "grad_norm", "time_s"):
        assert Measure.find(text) is None
        with pytest.raises(ValueError, match="not a metric"):
            Measure.parse(text)


def test_columns_of_an_epoch_are_those_of_the_contract() -> None:
    assert ",".join(epoch_columns("classification")) == (
        "epoch,step,lr,train_loss,train_accuracy,val_loss,val_accuracy,grad_norm,epoch_time_s,total_time_s"
    )
    assert ",".join(epoch_columns("regression")) == (
        "epoch,step,lr,train_loss,train_rmse,val_loss,val_rmse,val_r2,val_max_error,grad_norm,epoch_time_s,total_time_s"
    )


def test_what_is_asked_for_is_measured_beside_what_every_run_reports() -> None:
    assert [metric.name for metric in metrics_of("classification")] == ["loss", "accuracy"]
    assert [metric.name for metric in metrics_of("regression")] == ["loss", "rmse", "mae", "r2", "max_error"]
    asked = metrics_of("classification", "val_brier", "train_roc_auc", "val_mape", "auto")
    assert [metric.name for metric in asked] == ["loss", "accuracy", "roc_auc", "brier"]
    assert metrics_of("multilabel", "val_macro_f1") == metrics_of("multilabel")
    before, after = epoch_columns("regression"), epoch_columns("regression", "val_mae", "train_mape", "test_r2")
    assert set(after) - set(before) == {"val_mae"}
    assert METRICS["top_5_accuracy"] not in every_metric_of("classification", classes=5)
    assert METRICS["top_5_accuracy"] in every_metric_of("classification", classes=6)


def test_one_metric_leads_each_task_and_any_can_be_monitored() -> None:
    for chosen in (monitored, ranking):
        assert [chosen(task, 1).name for task in TASKS] == ["accuracy", "accuracy", "rmse"]
    assert (monitored("regression", 2).unit, ranking("regression", 2).name) == ("", "r2")
    for task in TASKS:
        assert sum(metric.leads for metric in metrics_of(task)) == 1
        assert all(f"val_{metric.name}" in OPTIONS["monitor"].choices for metric in every_metric_of(task))


def test_the_key_turns_every_metric_so_that_less_is_better() -> None:
    assert METRICS["accuracy"].key(0.9) == -0.9 and METRICS["loss"].key(0.9) == 0.9
    assert np.array_equal(METRICS["r2"].key(np.array([1.0, -math.inf])), [-1.0, math.inf])
