"""Estimators and trained runs: one made of the other, weights that are set by hand, and what cannot be asked."""

import pickle
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import mlpcli
from mlpcli.estimators.faults import ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on classes, and one on quantities."""
    folder = tmp_path_factory.mktemp("results")
    common: dict[str, Any] = {"width": 8, "depth": 1, "epochs": 5, "results": folder}
    mlpcli.train("iris", name="classes", norm="batch", optimizer="momentum", activation="sigmoid", **common)
    mlpcli.train("diabetes", name="quantities", **common)
    return folder


def test_an_estimator_of_a_run_predicts_as_its_model(results: Path) -> None:
    model = mlpcli.load("classes", results=results)
    for estimator in (mlpcli.MLPClassifier.from_run("classes", results=results), mlpcli.to_estimator(model)):
        np.testing.assert_array_equal(estimator.predict(X), model.predict(X))
        np.testing.assert_array_equal(estimator.predict_proba(X), model.predict_proba(X))
        assert estimator.score(X, model.predict(X)) == 1.0
        assert estimator.get_params()["norm"] == "batch"
        assert estimator.activation == "logistic"
        assert (estimator.solver, estimator.nesterovs_momentum) == ("sgd", False)


def test_a_regression_is_in_the_targets_own_units(results: Path) -> None:
    model, rows = mlpcli.load("quantities", results=results), load_diabetes().data[:20]
    estimator = mlpcli.MLPRegressor.from_run(results / "quantities")
    np.testing.assert_allclose(estimator.predict(rows), model.predict(rows), rtol=1e-6)
    assert estimator.predict(rows).mean() > 50


def test_a_run_of_the_other_task_is_refused(results: Path) -> None:
    with pytest.raises(mlpcli.Error, match="the network predicts quantities: MLPRegressor takes it"):
        mlpcli.MLPClassifier.from_run("quantities", results=results)
    with pytest.raises(mlpcli.Error, match="the network predicts classes: MLPClassifier takes it"):
        mlpcli.MLPRegressor.from_run("classes", results=results)


def test_an_estimator_of_a_run_is_fitted_anew_and_not_trained_further(results: Path) -> None:
    estimator = mlpcli.MLPClassifier.from_run("classes", results=results)
    with pytest.raises(mlpcli.Error, match="partial_fit: the network is that of a run"):
        estimator.partial_fit(X, Y)
    assert estimator.fit(X, Y).predict(X[:3]).shape == (3,)


def test_the_model_of_an_estimator_is_saved_and_loaded(tmp_path: Path) -> None:
    estimator = mlpcli.MLPClassifier(hidden_layer_sizes=(6,), max_iter=5, random_state=0).fit(X, Y)
    estimator.model_.save(tmp_path / "iris.safetensors")
    again = mlpcli.load(tmp_path / "iris.safetensors")
    np.testing.assert_array_equal(again.predict(X), estimator.predict(X))
    np.testing.assert_array_equal(again.predict_proba(X), estimator.predict_proba(X))


def test_labels_are_a_model_too(tmp_path: Path) -> None:
    labels = np.stack([Y == 0, X[:, 0] > 5.8], axis=1).astype(int)
    fitted = mlpcli.MLPClassifier(hidden_layer_sizes=(6,), max_iter=5, random_state=0).fit(X, labels)
    fitted.model_.save(tmp_path / "labels.safetensors")
    again = mlpcli.MLPClassifier.from_run(tmp_path / "labels.safetensors")
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.score(X, fitted.predict(X)) == 1.0


@pytest.mark.parametrize("kind", [bool, float, int, str])
def test_the_model_of_an_estimator_predicts_the_labels_that_were_given(kind: type, tmp_path: Path) -> None:
    labels = (Y > 0).astype(kind)
    estimator = mlpcli.MLPClassifier(hidden_layer_sizes=(6,), max_iter=5, random_state=0).fit(X, labels)
    np.testing.assert_array_equal(estimator.model_.predict(X), estimator.predict(X))
    assert estimator.model_.score(X, labels) == estimator.score(X, labels)
    estimator.model_.export(tmp_path / "exported.py")
    found = runpy.run_path(str(tmp_path / "exported.py"))["predict"](X)
    np.testing.assert_array_equal(found, estimator.predict(X))


def test_what_a_model_file_cannot_hold_is_said() -> None:
    counts = mlpcli.MLPRegressor(loss="poisson", hidden_layer_sizes=(3,), max_iter=1).fit(X, Y)
    with pytest.raises(mlpcli.Error, match="a model file has no place for outputs of exp"):
        _ = counts.model_
    single = mlpcli.MLPClassifier(hidden_layer_sizes=(3,), max_iter=1).fit(X, np.zeros(len(X)))
    assert single.predict(X).tolist() == [0.0] * len(X)
    with pytest.raises(mlpcli.Error, match="a model file has no place for a single class: fit rows of two or more"):
        _ = single.model_
    with pytest.raises(NotFittedError):
        _ = mlpcli.MLPRegressor().model_


def test_weights_that_are_set_by_hand_are_used() -> None:
    """In place, as another list, and as the start of the next epoch."""
    estimator = mlpcli.MLPRegressor(hidden_layer_sizes=(1,), activation="identity", max_iter=1, random_state=0)
    estimator.fit([[0.0], [1.0]], [0.0, 1.0])
    estimator.coefs_ = [np.array([[2.0]]), np.array([[3.0]])]
    estimator.intercepts_ = [np.array([0.5]), np.array([-1.0])]
    assert estimator.predict([[1.0]]) == pytest.approx([6.5])  # (2 * 1 + 0.5) * 3 - 1
    estimator.coefs_[1][...] = 10.0
    assert estimator.predict([[1.0]]) == pytest.approx([24.0])
    estimator.set_params(learning_rate_init=1e-12).partial_fit([[1.0]], [24.0])
    assert estimator.loss_ == pytest.approx(0.5 * 1e-4 * (2.0**2 + 10.0**2), rel=1e-6)  # the penalty alone


def test_an_interrupted_fit_keeps_what_was_learned() -> None:
    class Interrupted(mlpcli.MLPClassifier):
        def _rating(self, X: Any, y: Any, weights: Any) -> float:
            if len(self._course.scores) == 3:
                raise KeyboardInterrupt
            return float(super()._rating(X, y, weights))

    with pytest.warns(UserWarning, match="interrupted"):
        estimator = Interrupted(early_stopping=True, random_state=0).fit(X, Y)
    assert (len(estimator.loss_curve_), len(estimator.validation_scores_)) == (4, 3)
    assert estimator.predict(X).shape == (150,)


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.2},
        {"norm": "layer"},
        {"init": "he"},
        {"schedule": "cosine"},
        {"max_norm": 0.5},
        {"lift": "quadratic"},
    ],
    ids=lambda options: next(iter(options)),
)
@pytest.mark.parametrize("estimator", [mlpcli.MLPClassifier, mlpcli.MLPRegressor])
def test_options_of_a_run_change_the_training_and_follow_the_seed(estimator: Any, options: dict[str, Any]) -> None:
    plain, one, again = (
        estimator(hidden_layer_sizes=(5,), max_iter=4, random_state=0, learning_rate_init=0.1, **chosen).fit(X, Y)
        for chosen in ({}, options, options)
    )
    assert one.loss_curve_ == again.loss_curve_ != plain.loss_curve_


def test_a_warm_start_keeps_norms_and_refuses_other_shapes() -> None:
    estimator = mlpcli.MLPClassifier(hidden_layer_sizes=(5,), norm="batch", max_iter=3, warm_start=True, random_state=0)
    before = estimator.fit(X, Y).model_.network.statistics["hidden.0.norm.running_mean"][0].copy()
    estimator.set_params(learning_rate_init=1e-12, max_iter=1).fit(X, Y)  # one batch, which moves the statistics alone
    after = estimator.model_.network.statistics["hidden.0.norm.running_mean"][0]
    np.testing.assert_allclose(after, 0.9 * before + 0.1 * (X @ estimator.coefs_[0]).mean(axis=0), rtol=1e-6)
    with pytest.raises(ValueError, match="the parameters now describe a network of other shapes"):
        estimator.set_params(hidden_layer_sizes=(6,)).fit(X, Y)


def test_the_bound_on_incoming_weights_holds() -> None:
    estimator = mlpcli.MLPClassifier(hidden_layer_sizes=(5,), max_iter=4, random_state=0, max_norm=0.5).fit(X, Y)
    assert max(np.linalg.norm(weights, axis=0).max() for weights in estimator.coefs_) <= 0.5 + 1e-9


def test_unfinished_training_warns() -> None:
    for solver in ("adam", "lbfgs"):
        with pytest.warns(ConvergenceWarning) as caught:
            mlpcli.MLPClassifier(solver=solver, max_iter=2).fit(X, Y)
        assert caught[0].filename == __file__  # the line that called fit


def test_weight_decay_is_a_penalty_for_lbfgs_too() -> None:
    """alpha is divided by the rows, weight_decay is not."""
    parameters = {"solver": "lbfgs", "hidden_layer_sizes": (3,), "random_state": 0, "max_iter": 1000, "tol": 1e-8}
    by_alpha, by_decay = (
        mlpcli.MLPClassifier(**parameters, **penalty).fit(X, Y)
        for penalty in ({"alpha": 0.1 * len(X)}, {"alpha": 0.0, "weight_decay": 0.1})
    )
    np.testing.assert_allclose(by_decay.predict_proba(X), by_alpha.predict_proba(X), atol=1e-3)


def test_chunks_cannot_be_balanced_one_by_one() -> None:
    with pytest.raises(ParameterError, match="class_weight='balanced' needs all rows"):
        mlpcli.MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=np.unique(Y))


def test_a_chunk_may_lack_a_class_that_has_a_weight() -> None:
    parameters: Any = {"hidden_layer_sizes": (4,), "random_state": 0, "shuffle": False}
    by_class = mlpcli.MLPClassifier(**parameters, class_weight={2: 5.0})
    by_row = mlpcli.MLPClassifier(**parameters)
    for rows in (slice(100), slice(150)):
        by_class.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
        by_row.partial_fit(X[rows], Y[rows], classes=[0, 1, 2], sample_weight=np.where(Y[rows] == 2, 5.0, 1.0))
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])
    with pytest.raises(ValueError, match="are not in class_weight"):
        mlpcli.MLPClassifier(class_weight={9: 5.0}).partial_fit(X, Y, classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("labels", "given", "expected"),
    [
        ([0, 1, 2], {1: 5, np.int64(2): 3}, {1: 5, 2: 3}),
        ([0.0, 1.0, 2.0], {1.0: 5}, {1: 5}),
        ([True, False, False], {True: 5, False: 2}, {True: 5, False: 2}),
        (["a, b", "c=d", "e"], {"a, b": 0.5}, {"a, b": 0.5}),
        ([0, 1, 2], "balanced", "balanced"),
        ([0, 1, 2], None, None),
    ],
)
def test_an_estimator_of_a_run_has_its_weights_of_classes(labels: list[Any], given: Any, expected: Any) -> None:
    run = mlpcli.train((X, np.array(labels)[Y]), class_weight=given, epochs=1, width=4, progress=False)
    assert mlpcli.MLPClassifier.of(run.model).get_params()["class_weight"] == expected


@pytest.mark.parametrize("schedule", ["linear", "cosine", "cycles"])
def test_a_schedule_that_has_ended_is_said(schedule: str) -> None:
    regressor = mlpcli.MLPRegressor(hidden_layer_sizes=(3,), schedule=schedule, max_iter=3, random_state=0)
    for _ in range(3):
        regressor.partial_fit(X, X[:, 0])
    before = regressor.coefs_[0].copy()
    with pytest.warns(UserWarning, match=f"schedule {schedule} has come to its end after max_iter=3 epochs"):
        regressor.partial_fit(X, X[:, 0])
    np.testing.assert_array_equal(regressor.coefs_[0], before)
    regressor.set_params(max_iter=8).partial_fit(X, X[:, 0])
    assert not np.array_equal(regressor.coefs_[0], before)


def test_a_batch_size_that_is_set_between_calls_leaves_schedules_in_epochs() -> None:
    """By hand, from weights of 0: the gradient of (w x - y)^2 / 2 is -mean(x y) at w = 0, and 0 where y is 0.

    The rate falls from 1 by a quarter each epoch, and momentum rises over 4 epochs from 0.1 to 0.9. Two steps of an
    epoch that change nothing, then steps of an epoch each at the rates 3/4 and 1/2, the last with momentum 0.5.
    """
    x, y = np.ones((20, 1)), np.ones(20)
    regressor = mlpcli.MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", nesterovs_momentum=False, learning_rate_init=1e-3, alpha=0.0, batch_size=10
    )
    regressor.set_params(schedule="linear", max_iter=4, momentum=0.1, momentum_final=0.9, momentum_epochs=4.0)
    regressor.set_params(init="zeros").partial_fit(x, 0 * y)
    assert float(regressor.coefs_[0][0, 0]) == 0
    regressor.set_params(batch_size=20).partial_fit(x, y)
    first = 1e-3 * 0.75
    assert float(regressor.coefs_[0][0, 0]) == pytest.approx(first)
    regressor.partial_fit(x, y)
    slope = 1 - 2 * first  # the bias has moved as far
    assert float(regressor.coefs_[0][0, 0]) == pytest.approx(first + 1e-3 * 0.5 * (0.5 * 1 + slope))


@pytest.mark.parametrize(
    "changes",
    [
        {"weight_decay": 0.5},
        {"clip_norm": 1e-3},
        {"max_norm": 0.1},
        {"dropout": 0.5},
        {"lr_multiplier": 0.1},
        {"label_smoothing": 0.3},
        {"activation": "tanh"},
        {"momentum": 0.1},
        {"momentum": 0.0},
        {"solver": "adam"},
    ],
)
def test_parameters_of_today_count_in_partial_fit(changes: dict[str, Any]) -> None:
    parameters = {"hidden_layer_sizes": (5,), "solver": "sgd", "random_state": 0}
    same, other = (mlpcli.MLPClassifier(**parameters) for _ in range(2))
    for estimator in (same, other):
        estimator.partial_fit(X, Y, classes=[0, 1, 2])
    other = pickle.loads(pickle.dumps(other)) if "clip_norm" in changes else other
    other.set_params(**changes)
    for estimator in (same, other):
        estimator.partial_fit(X, Y)
    assert not np.allclose(other.coefs_[0], same.coefs_[0], rtol=1e-4)
    weights = [weight.copy() for weight in other.coefs_]
    with pytest.raises(ParameterError, match="the parameters now describe a network of other shapes"):
        other.set_params(hidden_layer_sizes=(6,)).partial_fit(X, Y)
    with pytest.raises(ParameterError, match="the parameters now describe a network of other shapes"):
        other.partial_fit(X, Y)
    for before, after in zip(weights, other.coefs_, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_chunk_has_the_targets_of_the_network() -> None:
    two = np.stack([X[:, 0], X[:, 1]], axis=1)
    regressor = mlpcli.MLPRegressor(hidden_layer_sizes=(3,)).partial_fit(X, two)
    with pytest.raises(ParameterError, match="y has 1 targets, and the network 2"):
        regressor.partial_fit(X, X[:, 0])
