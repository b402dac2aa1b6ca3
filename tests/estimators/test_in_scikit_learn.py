"""The estimators inside scikit-learn's tools: searches, pipelines, ensembles, copies, frames and routed weights."""

import io
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # makes HalvingGridSearchCV importable
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlpcli import MLPClassifier, MLPRegressor

FRAME = load_iris(as_frame=True).frame
X, Y = FRAME.drop(columns="target"), FRAME["target"].map({0: "setosa", 1: "versicolor", 2: "virginica"})


@pytest.fixture(autouse=True)
def unfinished_training_is_no_news() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def small(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(
        **{"hidden_layer_sizes": (12,), "learning_rate_init": 0.03, "max_iter": 40, "batch_size": 32, "random_state": 0}
        | parameters
    )


@pytest.fixture(scope="module")
def fitted() -> MLPClassifier:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return small().fit(X, Y)


class Threads(MLPClassifier):
    """Scores the number of threads with which it was trained."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        return float(self.model_.options.threads)


def test_a_search_finds_options_of_a_run() -> None:
    """In two processes it is tried by `tests.plugins.test_copies`, with a part of the user's own."""
    search = GridSearchCV(small(), {"dropout": [0.0, 0.9], "norm": ["none", "batch"]}, cv=3).fit(X, Y)
    assert search.best_params_["dropout"] == 0.0
    assert search.best_score_ > 0.9


def test_a_worker_of_a_search_trains_with_one_thread() -> None:
    """At a size where a training on its own would take them all."""
    wide = Threads(hidden_layer_sizes=(1000, 1000), max_iter=1, batch_size=120)
    with joblib.parallel_config("threading", n_jobs=2):
        search = GridSearchCV(wide, {"alpha": [0.0, 1e-4]}, cv=[(range(120), range(120, 150))], refit=False)
        search.fit(X, Y)
    assert search.cv_results_["mean_test_score"].tolist() == [1.0, 1.0]


def test_halving_searches_over_epochs() -> None:
    search = HalvingGridSearchCV(
        small(),
        {"alpha": [1e-4, 10.0, 100.0, 1000.0]},
        resource="max_iter",
        min_resources=5,
        max_resources=15,
        cv=2,
        random_state=0,
    ).fit(X, Y)
    assert search.n_resources_ == [5, 15]
    assert search.best_params_["alpha"] == 1e-4


def test_a_pipeline_with_columns_of_kinds() -> None:
    mixed = X.assign(garden=np.where(np.arange(len(X)) % 2, "north", "south"))
    columns = ColumnTransformer([("text", OneHotEncoder(sparse_output=False), ["garden"])], remainder=StandardScaler())
    pipeline = make_pipeline(columns, small()).set_output(transform="pandas").fit(mixed, Y)
    assert pipeline.score(mixed, Y) > 0.9
    assert list(pipeline[-1].feature_names_in_[:2]) == ["text__garden_north", "text__garden_south"]
    assert cross_val_score(pipeline, mixed, Y, cv=3).min() > 0.85


def test_names_of_columns_are_kept_and_checked(fitted: MLPClassifier) -> None:
    assert fitted.feature_names_in_.tolist() == list(X.columns)
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(X.rename(columns={"petal length (cm)": "length"}))


@pytest.mark.parametrize("copy", [clone, pickle, joblib], ids=["clone", "pickle", "joblib"])
def test_copies_predict_and_go_on_as_the_original(copy: Any) -> None:
    original = small(solver="sgd", momentum=0.95, random_state=None).fit(X, Y)
    if copy is clone:
        assert clone(original).get_params() == original.get_params()
        assert not hasattr(clone(original), "coefs_")
        return
    buffer = io.BytesIO()
    copy.dump(original, buffer)
    buffer.seek(0)
    again = copy.load(buffer)
    np.testing.assert_array_equal(again.predict_proba(X), original.predict_proba(X))
    for estimator in (original, again):  # the velocity was copied too
        estimator.set_params(shuffle=False).partial_fit(X, Y)
    np.testing.assert_array_equal(again.coefs_[0], original.coefs_[0])
    again.coefs_[0][...] = 0
    assert original.coefs_[0].any()


@pytest.mark.parametrize("option", ["dropout", "input_dropout"])
def test_a_copy_goes_on_with_new_masks(option: str) -> None:
    original = small(shuffle=False, **{option: 0.5}).partial_fit(X, Y, classes=np.unique(Y))
    for _ in range(2):  # saved and loaded between any two batches, as where rows come day by day
        original.partial_fit(X, Y)
        again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(original))))
        for estimator in (original, again):
            estimator.partial_fit(X, Y)
        np.testing.assert_array_equal(again.coefs_[0], original.coefs_[0])
        original = again


@pytest.mark.parametrize("parameters", [{}, {"solver": "sgd"}, {"schedule": "cosine", "max_iter": 4}])
def test_an_estimator_that_an_earlier_version_pickled_goes_on(parameters: dict[str, Any]) -> None:
    original = small(shuffle=False, batch_size=50, **parameters).partial_fit(X, Y, classes=np.unique(Y))
    state = original.__getstate__()
    del state["_asked"], state["_paused"]["lr"], state["_paused"]["steps_per_epoch"]
    again = MLPClassifier.__new__(MLPClassifier)
    again.__setstate__(pickle.loads(pickle.dumps(state)))
    for _ in range(2):
        for estimator in (original, again):
            estimator.partial_fit(X, Y)
        np.testing.assert_array_equal(again.coefs_[0], original.coefs_[0])


def test_an_estimator_that_an_earlier_version_pickled_goes_on_with_dropout() -> None:
    original = small(shuffle=False, batch_size=50, dropout=0.5).partial_fit(X, Y, classes=np.unique(Y))
    state = original.__getstate__()
    begins = pickle.loads(pickle.dumps(state))
    begins["_paused"]["drawn"] = 0  # as those versions did: with the first masks
    for name in ("lr", "steps_per_epoch", "batch_size", "drawn"):
        del state["_paused"][name]
    fitted = []
    for one in (begins, pickle.loads(pickle.dumps(state))):
        again = MLPClassifier.__new__(MLPClassifier)
        again.__setstate__(one)
        fitted.append(again.partial_fit(X, Y).coefs_[0])
    np.testing.assert_array_equal(*fitted)


def test_importance_of_columns(fitted: MLPClassifier) -> None:
    importance = permutation_importance(fitted, X, Y, n_repeats=3, random_state=0).importances_mean
    assert X.columns[importance.argmax()].startswith("petal")


def test_ensembles_and_calibration() -> None:
    calibrated = CalibratedClassifierCV(small(), cv=3).fit(X, Y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    voting = VotingClassifier([("one", small()), ("other", small(dropout=0.1))], voting="soft").fit(X, Y)
    bagging = BaggingClassifier(small(), 3, random_state=0).fit(X, Y)
    assert min(one.score(X, Y) for one in (calibrated, voting, bagging)) > 0.9


def test_weights_are_routed() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        routed = small().set_fit_request(sample_weight=True)
        weights = (Y == "setosa").to_numpy(float)
        weighted = cross_val_predict(routed, X, Y, cv=3, params={"sample_weight": weights})
    assert set(weighted) == {"setosa"}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_rows_are_learned_like_dense_ones(solver: str) -> None:
    x = X.to_numpy() * (X.to_numpy() > 2)
    dense = small(solver=solver).fit(x, Y)
    for sparse in (scipy.sparse.csr_array(x), scipy.sparse.csc_matrix(x)):
        other = small(solver=solver).fit(sparse, Y)
        np.testing.assert_array_equal(other.coefs_[0], dense.coefs_[0])
        np.testing.assert_array_equal(other.predict_proba(sparse), dense.predict_proba(x))


def test_classes_may_be_weighted() -> None:
    weighted = small(class_weight={"setosa": 0.0, "versicolor": 1.0, "virginica": 0.0}).fit(X, Y)
    assert set(weighted.predict(X)) == {"versicolor"}
    by_rows = small().fit(X, Y, sample_weight=np.ones(len(X)))
    np.testing.assert_allclose(small(class_weight="balanced").fit(X, Y).coefs_[0], by_rows.coefs_[0])


def test_threads_may_predict_at_once(fitted: MLPClassifier) -> None:
    rows = np.repeat(X.to_numpy(), 20, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the array has no names of columns
        alone = fitted.predict_proba(rows)
        together = joblib.Parallel(4, backend="threading")(
            joblib.delayed(fitted.predict_proba)(rows[start:]) for start in range(0, 1000, 50)
        )
    for start, probabilities in zip(range(0, 1000, 50), together, strict=True):
        np.testing.assert_allclose(probabilities, alone[start:], atol=1e-12)


@pytest.mark.slow  # polars comes with the extra `proofs`
def test_a_polars_frame_has_its_names() -> None:
    import polars

    frame = polars.from_pandas(X.assign(species=Y))
    fitted = small().fit(frame.drop("species"), frame["species"])
    assert fitted.feature_names_in_.tolist() == list(X.columns)
    np.testing.assert_array_equal(fitted.predict(frame.drop("species")), small().fit(X, Y).predict(X))


def test_a_frame_of_targets_and_their_names() -> None:
    y = pd.DataFrame({"length": X.iloc[:, 2], "width": X.iloc[:, 3]})
    regressor = MLPRegressor(hidden_layer_sizes=(10,), solver="lbfgs", random_state=0).fit(X.iloc[:, :2], y)
    assert regressor.predict(X.iloc[:3, :2]).shape == (3, 2)
