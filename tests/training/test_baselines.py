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


def test_the_constant_answer_of_a_regression_is_the_mean() -> None:
    data = dataset(NUMBERS)
    found = baseline_scores(resolved(data), data)
    dummy = DummyRegressor().fit(data.train.x, data.train.y)
    assert data.test is not None
    assert found["baseline"]["test"] is not None
    own = data.preprocessing.inverse_target(np.asarray(data.train.y))
    assert found["baseline_answer"] == pytest.approx([own.mean()])
    assert found["baseline"]["test"]["r2"] == pytest.approx(r2_score(data.test.y, dummy.predict(data.test.x)), abs=1e-6)


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
