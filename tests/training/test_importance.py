"""Permutation importance against scikit-learn's, through the raw table, and against numbers worked by hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.inspection import permutation_importance

import mlpcli
from mlpcli.config.metrics import METRICS
from mlpcli.data import Column, Part
from mlpcli.data.new_rows_in_memory import encode_in_memory, encode_targets
from mlpcli.errors import DataError, UsageError
from mlpcli.nn import Array
from mlpcli.training.importance import Costs, costs, importance_rows, permutations
from mlpcli.training.model import Model

COLUMNS = [Column("a"), Column("b")]
REPEATS = 4


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Numbers with gaps, words, booleans and a constant; two of them tell the kind and the price."""
    rng = np.random.default_rng(3)
    town = rng.choice(["Oslo", "Bern", "Lima"], 240)
    size = rng.normal(0, 1, 240)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(240) < 0.1, np.nan, size),
            "town": town,
            "old": rng.random(240) < 0.4,
            "far": rng.normal(1000, 50, 240),
            "same": 1.0,
            "kind": np.where(size + 2 * (town == "Oslo") > 0.7, "yes", "no"),
            "price": 100 * size + 50 * (town == "Bern") + rng.normal(0, 1, 240),
        }
    )


class _Scored:
    """What scikit-learn asks of an estimator."""

    def fit(self, x: Any, y: Any) -> None: ...


def orders_of_scikit_learn(seed: int, rows: int) -> list[Array]:
    """The orders of the rows, against the original one, in which it permutes each column."""
    generator = np.random.RandomState(np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1))
    shuffled, order, orders = np.arange(rows), np.arange(rows), []
    for _ in range(REPEATS):
        generator.shuffle(shuffled)
        order = order[shuffled]
        orders.append(order)
    return orders


def importances(model: Model, part: Part, metric: str, orders: list[Array]) -> Array:
    """What each permutation of each column costs, `(columns, permutations)`."""
    found = costs(model, part, METRICS[metric], orders)
    return found.permuted - found.whole


@pytest.mark.parametrize(("target", "other", "metric"), [("kind", "price", "accuracy"), ("price", "kind", "r2")])
def test_the_same_permutations_give_the_numbers_of_scikit_learn(
    frame: pd.DataFrame, target: str, other: str, metric: str
) -> None:
    data = frame.drop(columns=other)
    model = mlpcli.train(data, target=target, width=16, epochs=30, lr=0.01).model
    x, y = data.drop(columns=target), data[target]
    found = permutation_importance(
        _Scored(), x, y, scoring=lambda _, x, y: model.score(x, y), n_repeats=REPEATS, random_state=5
    )
    encoded, given = encode_in_memory(x, model.preprocessing), encode_targets(y, len(x), model.preprocessing)
    part = Part(encoded, given, np.arange(len(x)))
    if metric == "r2":
        part = replace(part, y=model.preprocessing.apply_target(given), own=given)
    before = encoded.copy()
    increases = importances(model, part, metric, orders_of_scikit_learn(5, len(x)))
    names = [column.name for column in model.preprocessing.columns]
    wanted = found["importances"][[list(x.columns).index(name) for name in names]]
    np.testing.assert_allclose(increases, wanted, atol=1e-6)
    assert (part.x == before).all()
    mean = dict(zip(names, increases.mean(axis=1), strict=True))
    assert mean["size"] > 0.1 and mean["size"] > 5 * abs(mean["far"])
    loss = importances(model, part, "loss", orders_of_scikit_learn(5, len(x)))
    assert loss[names.index("size")].min() > 0


def test_the_order_of_rows_stays_and_constants_cost_nothing() -> None:
    model = mlpcli.train("xor", width=8, depth=1, epochs=2).model
    part = Part(np.ones((4, 2), np.float32), np.array([0, 1, 1, 0]), np.arange(4))
    assert (importances(model, part, "loss", permutations(0, 4, 3)) == 0).all()
    spread = Part(np.arange(8, dtype=np.float32).reshape(4, 2), part.y, part.rows)
    assert (importances(model, spread, "loss", [np.arange(4)]) == 0).all()


def test_permutations_follow_from_the_seed() -> None:
    first = permutations(1, 50, 3)
    assert all(sorted(order) == list(range(50)) for order in first)
    assert all((one == two).all() for one, two in zip(first, permutations(1, 50, 3), strict=True))
    assert not (first[0] == first[1]).all() and not (first[0] == permutations(2, 50, 1)[0]).all()


def test_repeats_and_rows_that_cannot_be_explained_are_refused() -> None:
    x, y = np.eye(8), np.arange(8) % 2
    with pytest.raises(UsageError, match="repeats: got 1, expected a whole number, 2 or more"):
        mlpcli.train((x, y), epochs=0, progress=False).model.explain(x, y, repeats=1)
    sparse = scipy.sparse.csr_array(x)
    with pytest.raises(UsageError, match=r"explain on dataset .*its rows are sparse"):
        mlpcli.train((sparse, y), epochs=0, progress=False).model.explain(sparse, y)


def test_a_metric_that_is_not_a_number_is_refused() -> None:
    model: Model = mlpcli.train("friedman1:n=40", width=4, depth=1, epochs=1).model
    part = Part(
        np.ones((1, len(model.preprocessing.features)), np.float32),
        np.zeros((1, 1)),
        np.arange(1),
        own=np.zeros((1, 1)),
    )
    with pytest.raises(DataError, match="r2 is not a finite number on these 1 rows"):
        importances(model, part, "r2", permutations(0, 1, 2))


@pytest.mark.parametrize("networks", [1, 2])
def test_losses_and_gains_that_cancel_cost_nothing(networks: int) -> None:
    """0.3 - 0.1 and 0.3 - 0.5 add up to -2.8e-17, which is no importance; of two networks too."""
    found = [Costs(-0.3, np.array([[-0.1, -0.5], [-0.1, -0.4]]))] * networks
    assert math.fsum([0.3 - 0.1, 0.3 - 0.5]) != 0
    (one, two), (other, zero) = ([row[0], row[3]] for row in importance_rows(COLUMNS, METRICS["accuracy"], found))
    assert (one, other, zero) == ("b", "a", 0.0) and two == pytest.approx(0.05)
