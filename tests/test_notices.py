"""Every warning to a Python program names the line of that program."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli import MLPClassifier, MLPRegressor

X, Y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
FRAME = pd.DataFrame({"size": np.arange(20.0), "color": ["red", "blue"] * 10})
OTHERS = FRAME.assign(color="green")
TRIED: dict[str, Any] = {"hidden_layer_sizes": (4,), "random_state": 0}


@pytest.fixture(scope="module")
def model() -> mlpcli.Model:
    return mlpcli.train((FRAME, Y), epochs=1, width=4, depth=1, progress=False).model


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.predict(OTHERS),
        lambda model: model.predict_proba(OTHERS),
        lambda model: model.hidden(OTHERS),
        lambda model: model.score(OTHERS, Y),
        lambda model: model.evaluate(OTHERS, Y),
        lambda model: model.explain(OTHERS, Y, repeats=2),
        lambda model: model.score(FRAME, pd.Series(Y, index=FRAME.index[::-1])),
        lambda model: mlpcli.train((FRAME, pd.Series(Y, index=FRAME.index[::-1])), epochs=0, progress=False),
        lambda model: mlpcli.sweep({"base": {"dataset": "xor", "lr": 1e300}}, executor="serial", progress=False),
        lambda model: mlpcli.sweep({"base": {"dataset": "xor"}}, executor="serial", time_limit=1e-6, progress=False),
        lambda model: MLPClassifier(max_iter=1, **TRIED).fit(X, Y),
        lambda model: MLPRegressor(max_iter=1, **TRIED).fit(X, Y),
        lambda model: MLPRegressor(max_iter=1, solver="lbfgs", **TRIED).fit(X, X[:, 0] ** 2),
        lambda model: MLPClassifier(batch_size=100, max_iter=1, **TRIED).fit(X, Y),
        lambda model: MLPClassifier(batch_size=100, **TRIED).partial_fit(X, Y, classes=[0, 1]),
        lambda model: MLPRegressor(schedule="linear", max_iter=1, **TRIED).partial_fit(X, Y).partial_fit(X, Y),
    ],
)
def test_the_line_of_the_caller(model: mlpcli.Model, call: Callable[[mlpcli.Model], Any]) -> None:
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        call(model)
    here = (__file__, call.__code__.co_firstlineno)
    assert given and {(warning.filename, warning.lineno) for warning in given} == {here}
