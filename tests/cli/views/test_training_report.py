"""What is said about a finished training, from result.json alone."""

from typing import Any

import pytest

from mlpcli.cli.views.training_report import remarks, score_table


def parts(loss: float, accuracy: float, test: float) -> dict[str, dict[str, float]]:
    return {
        "train": {"loss": loss, "accuracy": accuracy},
        "val": {"loss": loss, "accuracy": test},
        "test": {"loss": loss, "accuracy": test},
    }


def result(loss: float = 0.1, train: float = 0.99, test: float = 0.95, **changes: Any) -> dict[str, Any]:
    """A training of two hidden layers, where `no` is the answer for 84 of 100 rows."""
    config = {
        "task": "classification",
        "monitor": "val_accuracy",
        "keep": "best",
        "epochs": 30,
        "activation": "relu",
        "hidden": [8, 8],
    }
    return {
        "state": "complete",
        "metrics": parts(loss, train, test),
        "baseline": parts(0.44, 0.84, 0.841),
        "baseline_answer": "no",
        "linear": parts(0.3, 0.9, 0.9),
        "signal_flow": {"constant_units": [0.0, 0.1], "first_gradient_norm": 0.1, "output_gradient_norm": 0.2},
        "best_epoch": 17,
        "epochs_run": 30,
        "config": {**config, **changes.pop("config", {})},
        **changes,
    }


def only(found: dict[str, Any]) -> str:
    (remark,) = remarks(found)
    return remark


def test_the_scores_of_simpler_models_stand_below_those_of_the_network() -> None:
    headers, rows = score_table(result())
    assert headers == ["", "loss", "accuracy"]
    assert [row[0] for row in rows] == ["train", "val", "test", "test, always 'no'", "test, linear model"]
    assert [row[2] for row in rows] == ["0.9900", "0.9500", "0.9500", "0.8410", "0.9000"]


def test_scores_that_are_not_there_have_no_row() -> None:
    nothing: dict[str, float | None] = {"loss": None, "accuracy": None}
    half: dict[str, float | None] = {"loss": None, "accuracy": 0.5}
    _, rows = score_table(result(metrics={"train": nothing, "val": half, "test": nothing}))
    assert [row[0] for row in rows] == ["val", "test, always 'no'", "test, linear model"]
    assert rows[0] == ["val", "", "0.5000"]


def test_a_good_training_needs_no_remark() -> None:
    assert not list(remarks(result()))


@pytest.mark.parametrize(("train", "advice"), [(0.99, "--dropout 0.2"), (0.83, "more --epochs")])
def test_below_the_majority_class(train: float, advice: str) -> None:
    said = only(result(train=train, test=0.831))
    assert said.startswith(
        "accuracy 0.8310 on the test rows is no better than always answering 'no', which gets 0.8410"
    )
    assert advice in said


def test_below_a_linear_model() -> None:
    assert "is worse than 0.9000 of a linear model" in only(result(test=0.87))
    assert not list(remarks(result(test=0.87, config={"hidden": []})))


def test_the_best_epoch_at_an_end_of_the_training() -> None:
    assert "epoch 1 of 30 was the best by val_accuracy" in only(result(best_epoch=1))
    assert only(result(best_epoch=30)).endswith("Try --epochs 60")
    assert not list(remarks(result(best_epoch=30, test=1.0)))
    assert not list(remarks(result(best_epoch=30, config={"keep": "last"})))


def test_a_training_that_does_not_move_names_the_cause() -> None:
    flow = {"constant_units": [0.5] * 100, "first_gradient_norm": 1e-11, "output_gradient_norm": 4e-3}
    said = only(result(loss=0.44, signal_flow=flow))
    assert said.startswith(
        "the gradient vanishes: its norm is 1.0e-11 in the first layer and 4.0e-03 in the output layer"
    )
    assert said.endswith("so the 100 hidden layers do not learn. Try --norm batch or a smaller --depth")
    tanh = only(result(loss=0.44, signal_flow=flow, config={"activation": "tanh"}))
    assert tanh.endswith("Try --norm batch, a smaller --depth or --activation relu")
    dead = {"constant_units": [0.5, 1.0], "first_gradient_norm": 0.0, "output_gradient_norm": 0.1}
    assert "every unit of hidden layer 2" in only(result(loss=0.44, signal_flow=dead))
    assert "nothing was learned" in only(result(loss=0.44))


def test_a_result_without_baselines_or_epochs_or_that_diverged_is_not_remarked_on() -> None:
    old = {key: value for key, value in result(test=0.1).items() if key not in ("baseline", "linear")}
    assert not list(remarks(old))
    assert len(score_table(old)[1]) == 3
    assert not list(remarks(result(test=0.1, state="diverged")))
    assert not list(remarks(result(test=0.1, epochs_run=0)))


def test_several_targets_are_compared_by_the_loss() -> None:
    numbers = {"loss": 0.1, "rmse": 3.0, "r2": 0.9}
    found = result(
        metrics={"train": numbers, "val": None, "test": {**numbers, "loss": 0.6}},
        baseline={"train": {**numbers, "loss": 0.5}, "val": None, "test": {**numbers, "loss": 0.5}},
        linear={"train": numbers, "val": None, "test": numbers},
        baseline_answer=[1.0, 2.0],
        config={"task": "regression", "monitor": "auto", "keep": "last"},
    )
    assert only(found).startswith("loss 0.6000 on the test rows is no better than always answering the means")


def test_several_labels_are_compared_with_their_majorities() -> None:
    _, rows = score_table(result(baseline_answer=[0.0, 1.0], config={"task": "multilabel"}))
    assert rows[3][0] == "test, always each label's majority"


def test_a_run_that_can_improve_no_further_says_so_and_is_not_told_to_go_on() -> None:
    ended = result(
        best_epoch=12, epochs_run=12, stopped="no step lowers the training loss further", config={"optimizer": "lbfgs"}
    )
    assert only(ended) == "lbfgs ended at epoch 12 of 30: no step lowers the training loss further"


def test_an_optimizer_that_takes_no_dropout_is_not_offered_it() -> None:
    assert "--weight-decay 0.01" in only(result(train=0.99, test=0.831, config={"optimizer": "lbfgs"}))


@pytest.mark.parametrize(
    ("config", "advice"),
    [
        ({"dropout": 0.5}, "--weight-decay 0.01"),
        ({"dropout": 0.5, "weight_decay": 0.1}, "a larger --weight-decay"),
        ({"dropout": 0.1}, "--dropout 0.2"),
    ],
)
def test_what_is_set_already_is_not_advised(config: dict[str, Any], advice: str) -> None:
    said = only(result(train=0.99, test=0.831, config=config))
    assert f"try {advice}, a smaller --width" in said


def test_a_network_with_a_norm_is_not_told_to_take_one() -> None:
    flow = {"constant_units": [1.0, 1.0], "first_gradient_norm": 0.0, "output_gradient_norm": 0.1}
    said = only(result(loss=0.44, signal_flow=flow, config={"norm": "batch"}))
    assert said.endswith("Try a lower --lr or another --init")
