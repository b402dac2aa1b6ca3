"""The estimators beside scikit-learn's: its own checks, and the same numbers from the same random state."""

import warnings
from inspect import signature
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator

import mlpcli

PAIRS = {
    "classifier": (mlpcli.MLPClassifier, neural_network.MLPClassifier),
    "regressor": (mlpcli.MLPRegressor, neural_network.MLPRegressor),
}

since_1_7 = pytest.mark.skipif(
    "loss" not in signature(neural_network.MLPRegressor).parameters,
    reason="scikit-learn's perceptrons have sample_weight and a Poisson loss since 1.7",
)

X, LABELS = (array[:300] for array in load_digits(return_X_y=True))
X = X / 16
QUANTITY = X[:, 20] - X[:, 30] * X[:, 42]


def both(kind: str, y: NDArray[Any], fit: dict[str, Any] | None = None, x: Any = X, **parameters: Any) -> list[Any]:
    """Our estimator and scikit-learn's, fitted on the same rows from the same random state."""
    made = [estimator(**{"random_state": 3, "max_iter": 8} | parameters) for estimator in PAIRS[kind]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [estimator.fit(x, y, **fit or {}) for estimator in made]


SKIPPED = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}
"""Checks that skip themselves for scikit-learn's perceptrons too."""


@pytest.mark.parametrize(
    "parameters",
    [pytest.param({}, marks=pytest.mark.slow, id="as they are"), pytest.param({"max_iter": 30}, id="short")],
)
@pytest.mark.parametrize("kind", PAIRS)
def test_every_check_of_scikit_learn_passes(kind: str, parameters: dict[str, Any]) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        outcomes = check_estimator(PAIRS[kind][0](**parameters), on_fail=None, on_skip=None)
    assert {one["check_name"] for one in outcomes if one["status"] == "skipped"} <= SKIPPED
    assert [(one["check_name"], one["exception"]) for one in outcomes if one["status"] == "failed"] == []
    assert len(outcomes) > 50


SOLVERS: dict[str, dict[str, Any]] = {
    "adam": {},
    "sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.02},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.02},
    "inverse scaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
    "adaptive rate": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1, "max_iter": 30},
    "strong penalty": {"alpha": 5.0, "batch_size": 32},
    "early stopping": {"early_stopping": True, "batch_size": 64},
    "sigmoid": {"activation": "logistic", "hidden_layer_sizes": (20, 10)},
    "in order": {"shuffle": False, "batch_size": 77, "activation": "tanh"},
    "large epsilon": {"epsilon": 0.1},
    "stops": {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 50},
}


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("kind", PAIRS)
def test_losses_after_the_same_steps_are_equal(kind: str, name: str) -> None:
    y = LABELS if kind == "classifier" else QUANTITY
    ours, theirs = both(kind, y, **SOLVERS[name])
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert ours.n_iter_ == theirs.n_iter_
    assert (ours.t_, ours.n_layers_, ours.n_outputs_) == (theirs.t_, theirs.n_layers_, theirs.n_outputs_)
    assert ours.out_activation_ == theirs.out_activation_
    for own, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-6, atol=1e-9)
    for attribute in ("loss_", "best_loss_", "best_validation_score_", "validation_scores_"):
        own, other = getattr(ours, attribute), getattr(theirs, attribute)
        assert (own is None) == (other is None)
        if own is not None:
            np.testing.assert_allclose(own, other, rtol=1e-9)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-9)


def test_an_adaptive_rate_was_lowered_in_that_test() -> None:
    """Else it would compare constant rates."""
    ours, _ = both("classifier", LABELS, **SOLVERS["adaptive rate"])
    assert ours._learner.rate < 0.001


@since_1_7
@pytest.mark.parametrize("kind", PAIRS)
def test_weighted_rows_are_learned_as_scikit_learn_learns_them(kind: str) -> None:
    weights = np.random.default_rng(0).uniform(0, 3, len(X))
    ours, theirs = both(kind, LABELS if kind == "classifier" else QUANTITY, {"sample_weight": weights})
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_two_classes_share_one_output() -> None:
    x, y = make_classification(80, 6, random_state=1)
    ours, theirs = both("classifier", y, x=x, early_stopping=True, batch_size=16)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-6)
    assert ours.out_activation_ == "logistic"


def test_several_labels_at_once() -> None:
    labels = (X[:, [20, 30, 42]] > 0.5).astype(int)
    ours, theirs = both("classifier", labels)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.out_activation_ == "logistic"


def test_labels_of_a_sparse_matrix_are_predicted_as_one() -> None:
    labels = csr_matrix(np.stack([LABELS % 2, LABELS > 4], axis=1).astype(int))
    ours, theirs = (estimator.predict(X) for estimator in both("classifier", labels))
    assert type(ours) is type(theirs) and (ours.toarray() == theirs.toarray()).all()


@since_1_7
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_several_targets(loss: str) -> None:
    y = np.abs(np.stack([QUANTITY, X[:, 10], X[:, 12] ** 2], axis=1))
    ours, theirs = both("regressor", y, loss=loss)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", PAIRS)
def test_lbfgs_ends_at_the_same_minimum(kind: str) -> None:
    """From the same weights: on a convex problem, a network without hidden units, to many digits."""
    y = LABELS % 3 if kind == "classifier" else load_diabetes().target[: len(X)] / 100
    ours, theirs = both(
        kind, y, solver="lbfgs", alpha=1.0, max_iter=2000, tol=1e-7, hidden_layer_sizes=(4,), activation="identity"
    )
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_inputs_decide_the_precision(dtype: type) -> None:
    ours, theirs = both("classifier", LABELS, x=X.astype(dtype))
    assert {array.dtype for array in ours.coefs_ + ours.intercepts_} == {np.dtype(dtype)}
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)


def test_epochs_one_by_one_are_those_of_a_fit() -> None:
    parameters: dict[str, Any] = {"solver": "sgd", "batch_size": 300, "learning_rate_init": 0.05}
    ours, theirs = (estimator(random_state=0, **parameters) for estimator in PAIRS["classifier"])
    for _ in range(5):
        ours.partial_fit(X, LABELS, classes=range(10))
        theirs.partial_fit(X, LABELS, classes=range(10))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    fitted, _ = both("classifier", LABELS, random_state=0, max_iter=5, **parameters)
    np.testing.assert_allclose(fitted.loss_curve_, ours.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("alphas", [(0.0001, 2.0), (2.0, 0.0)])
def test_alpha_may_change_between_calls_of_partial_fit(solver: str, alphas: tuple[float, float]) -> None:
    pair = [estimator(solver=solver, alpha=alphas[0], random_state=0) for estimator in PAIRS["regressor"]]
    for estimator in pair:
        estimator.partial_fit(X, QUANTITY).partial_fit(X, QUANTITY)
        estimator.set_params(alpha=alphas[1]).partial_fit(X, QUANTITY).partial_fit(X, QUANTITY)
    np.testing.assert_allclose(pair[0].loss_curve_, pair[1].loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_rate_that_is_set_between_calls_is_that_of_the_optimizer(solver: str) -> None:
    """scikit-learn's optimizer keeps its rate; here it is set there too."""
    ours, theirs = (estimator(solver=solver, random_state=0) for estimator in PAIRS["regressor"])
    for estimator in (ours, theirs):
        estimator.partial_fit(X, QUANTITY).partial_fit(X, QUANTITY)
    ours.set_params(learning_rate_init=0.0003)
    theirs._optimizer.learning_rate_init = theirs._optimizer.learning_rate = 0.0003
    for estimator in (ours, theirs):
        estimator.partial_fit(X, QUANTITY).partial_fit(X, QUANTITY)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_a_second_fit_with_warm_start_goes_on_under_new_parameters() -> None:
    ours, theirs = both("classifier", LABELS, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for estimator in (ours, theirs):
            estimator.set_params(learning_rate_init=0.01, beta_1=0.8, alpha=1.0).fit(X, LABELS)
    assert len(ours.loss_curve_) == 16
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
