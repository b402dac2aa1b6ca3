"""What must not be combined, each rule with a set that breaks it and the nearest set that does not."""

from typing import Any

import pytest

from mlpcli.config import RunOptions, Source, build, resolve
from mlpcli.config.rules import MAX_WEIGHTS, conflicts, task_conflicts, validation_conflicts
from mlpcli.errors import UsageError

XOR = {"init": "xor", "hidden": [2]}
SAWTOOTH = {"init": "sawtooth", "width": 2, "depth": 5}
INTERPOLATE = {"init": "interpolate", "depth": 1}
LBFGS = {"optimizer": "lbfgs"}


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ({"batch_size": 1, "norm": "batch"}, {"batch_size": 2, "norm": "batch"}),
        ({"batch_size": 1, "norm": "batch"}, {"batch_size": 1, "norm": "batch", "depth": 0}),
        ({"batch_size": 1, "norm": "batch"}, {"batch_size": 1, "norm": "layer"}),
        ({"max_norm": [1.0, 2.0]}, {"max_norm": [1.0, 2.0, 0.0]}),
        ({"max_norm": [1.0, 2.0], "depth": 0}, {"max_norm": [1.0], "depth": 0}),
        ({"init_scale": [1.0, 2.0]}, {"init_scale": [1.0, 2.0, 0.0]}),
        ({"lr_multiplier": [1.0] * 4}, {"lr_multiplier": [0.64, 0.25, 0.25]}),
        ({"test_size": 0.5, "val_size": 0.5}, {"test_size": 0.5, "val_size": 0.4999}),
        ({"test_size": 0.9}, {"test_size": 900}),
        ({"eps": 1e-300}, {"eps": 1e-150, "dtype": "float64"}),
        ({"eps": 9e-20}, {"eps": 1e-19}),
        ({"eps": 1e-300, "dtype": "float64"}, {"eps": 1e-154, "dtype": "float64"}),
        ({"width": 46_341, "depth": 2}, {"width": 46_340, "depth": 2}),
        ({**XOR, "hidden": [3]}, XOR),
        ({**XOR, "hidden": [2, 2]}, XOR),
        ({**XOR, "activation": "tanh"}, XOR),
        ({**XOR, "norm": "layer"}, XOR),
        ({**XOR, "lift": "quadratic"}, XOR),
        ({**XOR, "init_scale": 2.0}, {**XOR, "init_scale": 1.0, "lr_multiplier": 2.0}),
        ({**XOR, "init_bias": 1.0}, {**XOR, "input_gain": 1.0}),
        ({**SAWTOOTH, "width": 3}, SAWTOOTH),
        ({**SAWTOOTH, "depth": 0}, SAWTOOTH),
        ({**INTERPOLATE, "depth": 2}, INTERPOLATE),
        ({**INTERPOLATE, "activation": "elu"}, {**INTERPOLATE, "width": 7}),
        ({**LBFGS, "dropout": 0.1}, {**LBFGS, "dropout": 0.1, "depth": 0}),
        ({**LBFGS, "input_dropout": 0.1, "depth": 0}, {**LBFGS, "weight_decay": 0.1}),
        ({**LBFGS, "norm": "batch"}, {**LBFGS, "norm": "layer"}),
        ({**LBFGS, "norm": "batch"}, {**LBFGS, "norm": "batch", "depth": 0}),
        ({**LBFGS, "preset": "tabular"}, {"optimizer": "sgd", "preset": "tabular"}),
        ({**LBFGS, "schedule": "cosine"}, {**LBFGS, "lr": 0.1}),
        ({**LBFGS, "warmup": 1.0}, {**LBFGS, "momentum": 0.5, "batch_size": 7}),
        ({**LBFGS, "clip_norm": 1.0}, {"optimizer": "sgd", "clip_norm": 1.0}),
        ({**LBFGS, "max_norm": 1.0}, {"optimizer": "sgd", "max_norm": 1.0}),
        ({**LBFGS, "input_gain": 1.0}, {"optimizer": "sgd", "input_gain": 1.0}),
        ({**LBFGS, "lr_multiplier": [1.0, 2.0, 1.0]}, {**LBFGS, "lr_multiplier": [1.0, 1.0, 1.0]}),
        ({"task": "regression", "loss": "cross-entropy"}, {"task": "regression", "loss": "huber"}),
        ({"task": "regression", "monitor": "val_accuracy"}, {"task": "regression", "monitor": "val_r2"}),
    ],
)
def test_rules(bad: dict[str, object], good: dict[str, object]) -> None:
    build(Source(good, ""))
    with pytest.raises(UsageError):
        build(Source(bad, ""))


def test_the_limit_of_weights_is_between_46340_and_46341_squared() -> None:
    assert 46_340**2 <= MAX_WEIGHTS < 46_341**2


def test_rules_say_what_to_do() -> None:
    (conflict,) = conflicts(RunOptions(batch_size=1, norm="batch"))
    assert conflict.options == ("batch_size", "norm")
    assert conflict.reason == "batch norm needs batches of two rows or more; use batch_size 2 or more"
    (conflict,) = conflicts(RunOptions(optimizer="lbfgs", dropout=0.2))
    assert conflict.options == ("optimizer", "dropout")
    assert conflict.reason == "lbfgs compares losses, which dropout makes random; use dropout 0 or another optimizer"
    (conflict,) = conflicts(RunOptions(lr_multiplier=(1.0, 2.0), depth=2))
    assert conflict.options == ("lr_multiplier", "hidden", "depth")
    assert conflict.reason == "2 values for 3 layers, output included; give one, or one per layer"


@pytest.mark.parametrize(
    ("values", "classes", "numbers"),
    [
        ({"loss": "cross-entropy"}, True, False),
        ({"loss": "squared"}, True, True),
        ({"loss": "absolute"}, True, True),
        ({"loss": "huber"}, True, True),
        ({"label_smoothing": 0.1}, True, False),
        ({"class_weight": "balanced"}, True, False),
        ({"monitor": "val_loss"}, True, True),
        ({"monitor": "val_accuracy"}, True, False),
        ({"monitor": "val_rmse"}, False, True),
        ({"monitor": "val_r2"}, False, True),
        ({"monitor": "val_max_error"}, False, True),
        ({"init": "xor", "hidden": (2,)}, True, False),
        ({"init": "sawtooth", "hidden": (2,)}, True, False),
        ({"init": "interpolate", "hidden": (9,)}, False, True),
    ],
)
def test_what_suits_a_task(values: dict[str, object], classes: bool, numbers: bool) -> None:
    options = RunOptions.model_validate(values)
    assert (list(task_conflicts(options, "classification")) == []) == classes
    assert (list(task_conflicts(options, "regression")) == []) == numbers
    for task, good in (("classification", classes), ("regression", numbers)):
        if good:
            resolve(options, task=task, scale="none", has_validation=True, threads=1)
        else:
            with pytest.raises(UsageError, match=f"^{next(iter(values))}: "):
                resolve(options, task=task, scale="none", has_validation=True, threads=1)


def test_what_needs_validation_rows() -> None:
    assert list(validation_conflicts(RunOptions())) == []
    asked = RunOptions(patience=3, monitor="val_loss")
    assert [conflict.options[0] for conflict in validation_conflicts(asked)] == ["patience", "monitor"]
    with pytest.raises(UsageError, match=r"(?s)2 problems:\n  patience: .*set val_size above 0.*monitor: "):
        resolve(asked, task="classification", scale="none", has_validation=False, threads=1)
    resolve(asked, task="classification", scale="none", has_validation=True, threads=1)


@pytest.mark.parametrize("name", ["record", "record_weights"])
def test_what_describes_one_network_needs_one(name: str) -> None:
    (conflict,) = conflicts(RunOptions(ensemble=2, **{name: True}))  # type: ignore[arg-type]  # a switch
    assert conflict == ((name, "ensemble"), f"{name} describes a single network, not 2; use ensemble 1")


@pytest.mark.parametrize("other", [{"ensemble": 2}, {"folds": 3}, {"val_dataset": "v.csv"}])
def test_a_val_size_that_nothing_reads_leaves_no_rows_out(other: dict[str, Any]) -> None:
    assert list(conflicts(RunOptions(test_size=0.9, val_size=0.2)))
    assert not list(conflicts(RunOptions(test_size=0.9, val_size=0.2, **other)))
