"""Parameters: every option of a run has one or is left out for a reason; values are checked, with the names given."""

import inspect
from typing import Any

import numpy as np
import pytest
from sklearn import neural_network

import mlpcli
from mlpcli.config import OPTIONS, RunOptions
from mlpcli.estimators.parameters import FURTHER, RULES, SHARED, options_of, parameters_of

ESTIMATORS = [mlpcli.MLPClassifier, mlpcli.MLPRegressor]
X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1] * 3)

WITHOUT = {
    "dtype": "that of X",
    "width": "hidden_layer_sizes",
    "depth": "hidden_layer_sizes",
    "optimizer": "solver",
    "class_weight": "scikit-learn's own",
    "seed": "random_state",
    "monitor": "early_stopping and tol follow the score or the loss",
    "patience": "n_iter_no_change",
    "min_delta": "tol",
    "keep": "early_stopping keeps the best epoch",
    "preset": "its scaling belongs to tables",
    "record": "there is no folder for its file",
    "record_weights": "there is no folder for its file",
}


def test_every_option_of_training_has_a_parameter_or_a_reason() -> None:
    options = {name for name, option in OPTIONS.items() if option.group not in ("Data", "Reading")} | {"dtype"}
    assert options == {*SHARED.values(), *FURTHER, *WITHOUT}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_names_defaults_and_places_are_those_of_scikit_learn(estimator: Any) -> None:
    theirs = inspect.signature(getattr(neural_network, estimator.__name__)).parameters
    ours = inspect.signature(estimator).parameters
    assert {name: ours[name].default for name in theirs} == {name: theirs[name].default for name in theirs}
    assert {name: ours[name].kind for name in theirs} == {name: theirs[name].kind for name in theirs}
    assert set(ours) - set(theirs) <= {"loss", "class_weight", *FURTHER}
    assert estimator().get_params()["dropout"] == 0.0


BAD: list[tuple[dict[str, Any], str]] = [
    ({"learning_rate_init": -1}, "learning_rate_init: got -1, expected a number above 0"),
    (
        {"hidden_layer_sizes": (0,)},
        "hidden_layer_sizes: got the list .0., expected a list of integers from 1",
    ),
    ({"activation": "rellu"}, "activation: got 'rellu', expected one of relu, .*did you mean"),
    ({"dropout": 1.5}, "dropout: got 1.5, expected a number of at least 0 and below 1"),
    ({"solver": "newton"}, "solver: got 'newton', expected one of sgd, "),
    ({"alpha": -1}, "alpha: got -1, expected a number of at least 0"),
    ({"shuffle": 1}, "shuffle: got 1, expected true or false"),
    ({"n_iter_no_change": 2.5}, "n_iter_no_change: got 2.5, expected an integer of at least 1, or inf"),
    ({"max_iter": 0}, "max_iter: got 0, expected an integer of at least 1"),
    ({"validation_fraction": 1.0}, "validation_fraction: got 1.0, expected"),
    ({"solver": "lbfgs", "dropout": 0.1}, "solver, dropout: lbfgs compares losses, which dropout makes random"),
    ({"schedule": "plateau"}, "schedule: plateau follows validation rows, .*learning_rate='adaptive'"),
    ({"norm": "batch", "batch_size": 1}, "batch_size, norm: batch norm needs batches of two rows or more"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD, ids=[next(iter(one)) for one, _ in BAD])
@pytest.mark.parametrize("error", [ValueError, mlpcli.Error])
def test_bad_values_are_errors_of_both_kinds_under_the_names_given(
    parameters: dict[str, Any], message: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=message):
        mlpcli.MLPClassifier(**parameters).fit(X, Y)


def test_a_misspelled_parameter_is_an_error_of_the_constructor() -> None:
    with pytest.raises(TypeError, match="MLPClassifier: no such parameter: lr; use learning_rate_init"):
        mlpcli.MLPClassifier(lr=0.1)
    with pytest.raises(TypeError, match=r"MLPRegressor: no such parameter: drop_out; did you mean dropout\?"):
        mlpcli.MLPRegressor(drop_out=0.5)


def test_every_rule_is_for_a_parameter_and_allows_its_default() -> None:
    defaults = mlpcli.MLPClassifier().get_params()
    assert all(rule.allows(defaults[name]) for name, rule in RULES.items())


@pytest.mark.parametrize("optimizer", OPTIONS["optimizer"].choices)
def test_options_become_parameters_and_options_again(optimizer: str) -> None:
    shared = {"hidden": (5, 4), "lr": 0.1, "activation": "sigmoid", "weight_decay": 0.1, "loss": "squared"}
    given = RunOptions(optimizer=optimizer, **shared)
    again = options_of(parameters_of(given, mlpcli.MLPRegressor._get_param_names()))
    for name in (*SHARED.values(), *FURTHER, "optimizer"):
        if name != "momentum" or optimizer != "sgd":
            assert getattr(again, name) == getattr(given, name), name
