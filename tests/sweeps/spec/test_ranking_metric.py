"""What may rank, in which direction, and the default for each kind of data."""

import pytest

from mlpcli.errors import ExitCode, UsageError
from mlpcli.sweeps.spec.ranking_metric import Kind, metric_problem, ranking_metric

CLASSES, NUMBERS = Kind("classification", 1, 80, 10), Kind("regression", 1, 80, 10)
SEVERAL = NUMBERS._replace(targets=3)


def test_what_may_rank() -> None:
    assert metric_problem("val_mae", every_epoch=False) is None
    assert metric_problem("train_roc_auc", every_epoch=False) is None
    assert metric_problem("val_mae", every_epoch=True) is None
    assert "expected with halving one of train_loss" in str(metric_problem("train_mae", every_epoch=True))
    assert "test rows rank nothing" in str(metric_problem("test_accuracy", every_epoch=False))
    assert str(metric_problem("val_acuracy", every_epoch=False)).endswith("; did you mean val_accuracy?")
    assert str(metric_problem(3, every_epoch=False)).startswith("got 3, expected one of train_loss")
    assert metric_problem("accuracy", every_epoch=False) is not None
    assert metric_problem(["val_loss"], every_epoch=False) is not None


@pytest.mark.parametrize(
    ("metric", "kinds", "expected"),
    [
        (None, [CLASSES], "val_accuracy"),
        (None, [NUMBERS], "val_rmse"),
        (None, [CLASSES._replace(val=0)], "train_accuracy"),
        (None, [NUMBERS._replace(val=0)], "train_rmse"),
        (None, [SEVERAL], "val_r2"),
        (None, [SEVERAL._replace(val=0)], "train_r2"),
        ("train_r2", [SEVERAL._replace(val=1)], "train_r2"),
        (None, [CLASSES, CLASSES], "val_accuracy"),
        ("val_loss", [CLASSES, NUMBERS], "val_loss"),
        ("train_loss", [CLASSES, NUMBERS._replace(val=0)], "train_loss"),
        ("val_r2", [NUMBERS], "val_r2"),
    ],
)
def test_ranking_metric(metric: str | None, kinds: list[Kind], expected: str) -> None:
    assert ranking_metric(metric, kinds) == expected


@pytest.mark.parametrize(
    ("metric", "kinds", "message"),
    [
        (None, [CLASSES, NUMBERS], "ranked by val_accuracy and val_rmse"),
        (None, [CLASSES, CLASSES._replace(val=0)], "ranked by train_accuracy and val_accuracy"),
        ("val_loss", [CLASSES, NUMBERS._replace(val=0)], "no validation rows for val_loss"),
        ("val_accuracy", [NUMBERS], "regression has no val_accuracy"),
        ("train_rmse", [CLASSES], "classification has no train_rmse"),
        ("val_roc_auc", [NUMBERS], "regression has no val_roc_auc; use one of train_loss"),
        ("train_mape", [CLASSES], "classification has no train_mape"),
    ],
)
def test_no_such_number(metric: str | None, kinds: list[Kind], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        ranking_metric(metric, kinds)
    assert caught.value.code == ExitCode.USAGE


def test_a_default_that_halving_cannot_follow_is_refused_with_those_that_it_can() -> None:
    assert ranking_metric(None, [SEVERAL], every_epoch=True) == "val_r2"
    with pytest.raises(UsageError, match="default does not serve here: got 'train_r2', expected with halving one of"):
        ranking_metric(None, [SEVERAL._replace(val=0)], every_epoch=True)
