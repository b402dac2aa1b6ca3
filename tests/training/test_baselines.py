"""Simpler models: the constant answer against numbers worked by hand, the linear model against scikit-learn."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, r2_score

from mlpcli.data import Prepared
from mlpcli.training.baselines import baseline_scores
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, resolved


@pytest.mark.parametrize("name", [CLASSES, TWO_CLASSES, "breast_cancer"])
def test_the_constant_answer_is_the_most_frequent_class_with_the_shares_as_probabilities(name: str) -> None:
    data = dataset(name)
    found = baseline_scores(resolved(data), data)
    dummy = DummyClassifier(strategy="prior").fit(data.train.x, data.train.y)
    assert data.classes is not None
    assert found["baseline_answer"] == data.classes[dummy.predict(data.train.x[:1])[0]]
    for part, rows in data.parts.items():
        scores = found["baseline"][part]
        assert scores is not None
        assert scores["accuracy"] == pytest.approx(dummy.score(rows.x, rows.y))
        assert scores["loss"] == pytest.approx(log_loss(rows.y, dummy.predict_proba(rows.x)))


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
@pytest.mark.parametrize("name", [CLASSES, "breast_cancer"])
def test_the_constant_scores_under_a_loss_on_residuals_are_the_shares(name: str, loss: str) -> None:
    data = dataset(name)
    found = baseline_scores(resolved(data, loss=loss, monitor="val_log_loss"), data)
    assert data.test is not None
    y, shares = np.asarray(data.test.y), np.bincount(data.train.y) / len(data.train)
    if len(shares) > 2:
        residuals = shares - (y[:, None] == np.arange(len(shares)))
    else:
        residuals = (shares[1] - shares[0]) - (2.0 * y[:, None] - 1)
    size = np.abs(residuals)
    penalties = {
        "squared": 0.5 * size**2,
        "absolute": size,
        "huber": np.where(size <= 1, 0.5 * size**2, size - 0.5),
    }
    scores = found["baseline"]["test"]
    assert scores is not None
    assert scores["loss"] == pytest.approx(penalties[loss].sum(axis=1).mean())
    assert scores["log_loss"] == pytest.approx(-np.log(shares[y]).mean())
    assert scores["accuracy"] == pytest.approx(np.mean(y == shares.argmax()))


def test_the_constant_answer_of_a_regression_is_the_mean() -> None:
    data = dataset(NUMBERS)
    found = baseline_scores(resolved(data), data)
    dummy = DummyRegressor().fit(data.train.x, data.train.given)
    assert data.test is not None
    assert found["baseline"]["test"] is not None
    assert found["baseline_answer"] == pytest.approx([data.train.given.mean()], rel=1e-15)
    expected = r2_score(data.test.given, dummy.predict(data.test.x))
    assert found["baseline"]["test"]["r2"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", [CLASSES, "breast_cancer", NUMBERS])
def test_the_linear_model_is_that_of_scikit_learn(name: str) -> None:
    data = dataset(name)
    found = baseline_scores(resolved(data), data)["linear"]["train"]
    assert found is not None
    if data.classes:
        model = LogisticRegression(max_iter=5000).fit(data.train.x, data.train.y)
        assert found["accuracy"] == pytest.approx(model.score(data.train.x, data.train.y), abs=0.02)
    else:
        model = LinearRegression().fit(data.train.x, data.train.y)
        assert found["r2"] == pytest.approx(model.score(data.train.x, data.train.y), abs=0.002)


def test_parts_without_rows_have_no_scores() -> None:
    data: Prepared = dataset("xor")
    found = baseline_scores(resolved(data), data)
    assert found["baseline"]["val"] is None
    assert found["linear"]["test"] is None


def test_on_the_folds_of_an_ensemble_they_are_means_over_the_folds() -> None:
    data = dataset(CLASSES, ensemble=3)
    options = resolved(data, ensemble=3)
    found = baseline_scores(options, data)
    assert found["baseline"]["val"] is not None
    hits = []
    for k in range(3):
        fold = data.fold(k)
        assert fold.val is not None
        dummy = DummyClassifier().fit(np.asarray(fold.train.x), fold.train.y)
        hits.append(dummy.score(np.asarray(fold.val.x), fold.val.y))
    assert found["baseline"]["val"]["accuracy"] == pytest.approx(np.mean(hits))
    assert found["linear"]["val"] is not None
    assert found["linear"]["val"]["loss"] < found["baseline"]["val"]["loss"]
