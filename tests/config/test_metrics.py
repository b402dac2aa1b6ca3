"""The table of metrics: a function for every row, a name for every measure, one direction in every ranking."""

import math

import numpy as np
import pytest

from mlpcli.config import OPTIONS
from mlpcli.config.metrics import METRICS, PARTS, Measure, epoch_columns, metrics_of, monitored, ranking
from mlpcli.training.evaluate import FUNCTIONS, Outcome

TASKS = ("classification", "multilabel", "regression")


def test_every_metric_has_a_function_and_every_function_a_row() -> None:
    assert FUNCTIONS.keys() == METRICS.keys()
    for metric in METRICS.values():
        assert metric.label and set(metric.tasks) <= set(TASKS) and set(metric.epochs) <= {"train", "val"}
        assert metric.tie_break is None or metric.tie_break in METRICS


@pytest.mark.parametrize("name", METRICS)
def test_perfect_predictions_are_the_best_and_within_bounds(name: str) -> None:
    metric = METRICS[name]
    targets = np.array([[1.0], [2.0], [4.0]])

    def value(error: float) -> float:
        losses, hits = np.full(3, error), np.array([error == 0, error < 1, True])
        if "multilabel" in metric.tasks:
            decided = np.array([[True, False], [True, error < 1], [error > 0, False]])
            labels = np.array([[1, 0], [1, 1], [0, 0]])
            return float(FUNCTIONS[name](Outcome(losses, hits, decided, targets=labels)))
        return float(FUNCTIONS[name](Outcome(losses, hits, errors=np.full((3, 1), error), targets=targets)))

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


def test_one_metric_leads_each_task_and_any_can_be_monitored() -> None:
    for chosen in (monitored, ranking):
        assert [chosen(task, 1).name for task in TASKS] == ["accuracy", "accuracy", "rmse"]
    assert (monitored("regression", 2).unit, ranking("regression", 2).name) == ("", "r2")
    for task in TASKS:
        assert sum(metric.leads for metric in metrics_of(task)) == 1
        assert all(f"val_{metric.name}" in OPTIONS["monitor"].choices for metric in metrics_of(task))


def test_the_key_turns_every_metric_so_that_less_is_better() -> None:
    assert METRICS["accuracy"].key(0.9) == -0.9 and METRICS["loss"].key(0.9) == 0.9
    assert np.array_equal(METRICS["r2"].key(np.array([1.0, -math.inf])), [-1.0, math.inf])
