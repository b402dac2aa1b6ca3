"""Weights of rows: w is worth w copies of the row, in training and in every metric."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as sk
from sklearn.utils.class_weight import compute_sample_weight

from mlpcli.config import RunOptions
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.training.baselines import baseline_scores
from mlpcli.training.build import class_weights
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.metrics.evaluate import evaluate
from mlpcli.training.model import Model
from mlpcli.training.scores import score
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, finish, resolved

FULL = {"batch_size": "full", "epochs": 20, "optimizer": "momentum", "dtype": "float64", "keep": "last"}
PROBLEMS = [CLASSES, TWO_CLASSES, NUMBERS]


def counts(rows: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 4, rows)


def with_weights(data: Prepared) -> Prepared:
    parts = {}
    for name, part in data.parts.items():
        parts[name] = replace(part, weights=counts(len(part)).astype(np.float64))
    return replace(data, **parts)


def with_copies(data: Prepared) -> Prepared:
    parts = {}
    for name, part in data.parts.items():
        rows = np.repeat(np.arange(len(part)), counts(len(part)))
        parts[name] = part.take(rows)
    return replace(data, **parts)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("given", [{}, {"weight_decay": 0.1, "clip_norm": 0.5}])
def test_a_weight_is_worth_as_many_copies(name: str, given: dict[str, Any]) -> None:
    data = dataset(name, dtype="float64")
    run = resolved(data, **FULL, **given)
    trained = []
    for rows in (with_weights(data), with_copies(data)):
        trainer = Trainer([run], rows)
        table = [row for epoch in trainer.epochs() for _, row in epoch]
        trained.append((trainer.kept_params, table[-1], trainer.results()[0]))
    (params, row, results), (expected_params, expected_row, expected_results) = trained
    assert_allclose(params, expected_params, rtol=1e-9, atol=1e-12)
    for part, metrics in expected_results.items():
        assert results[part] == pytest.approx(metrics, rel=1e-9), part
    for column in ("train_loss", "val_loss", "grad_norm"):
        assert row[column] == pytest.approx(expected_row[column], rel=1e-9)


def test_class_weights_balance_the_weights_of_the_classes() -> None:
    data = dataset(CLASSES, dtype="float64")
    run = resolved(data, class_weight="balanced")
    assert_allclose(class_weights(run, with_weights(data)), class_weights(run, with_copies(data)))
    weights = class_weights(run, with_weights(data))
    assert weights is not None
    totals = np.bincount(data.train.y, counts(len(data.train)) * weights[data.train.y])
    assert_allclose(totals, totals[0])


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_baselines_are_those_of_the_copies(name: str) -> None:
    data = dataset(name, dtype="float64")
    run = resolved(data, dtype="float64")
    found, expected = (
        baseline_scores(run, rows)["baseline"]["train"] for rows in (with_weights(data), with_copies(data))
    )
    assert found == pytest.approx(expected)


def test_weights_by_name_weigh_rows_as_scikit_learn_does() -> None:
    data = dataset(CLASSES)
    given = {"0": 1.0, "2": 5.0}  # class 1 is not named
    run = resolved(data, class_weight=given)
    assert run.class_weight == "0=1,2=5"
    by_class = class_weights(run, data)
    assert by_class is not None
    by_row = compute_sample_weight({0: 1.0, 1: 1.0, 2: 5.0}, data.train.y)
    assert_allclose(by_class[data.train.y], by_row / by_row.mean())
    weighted = class_weights(run, with_weights(data))
    assert weighted is not None and np.average(weighted[data.train.y], weights=with_weights(data).train.weights) == (
        pytest.approx(1)
    )
    assert_allclose(class_weights(run, with_copies(data)), weighted)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("setosaa=2", "class_weight: dataset 'iris' has no class 'setosaa'; did you mean setosa?"),
        ("7=2", "class_weight: dataset 'iris' has no class '7'; its classes are 'setosa', 'versicolor', 'virginica'"),
        ({"setosa": 0, "versicolor": 0, "virginica": 0, "x": 1}, "class_weight: dataset 'iris' has no class 'x'; its"),
    ],
)
def test_classes_that_do_not_exist_are_named(given: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolved(dataset("iris"), dataset="iris", class_weight=given)
    assert str(caught.value).startswith(message)


def test_classes_without_weight_are_refused() -> None:
    data = dataset(CLASSES)
    y = np.asarray(data.train.y)
    data = replace(data, train=replace(data.train, weights=(y != 2).astype(np.float64)))
    with pytest.raises(UsageError, match="class_weight: every class that the training rows have weighs 0"):
        resolved(data, class_weight={"0": 0.0, "1": 0.0, "2": 1.0})


@pytest.mark.parametrize("name", PROBLEMS)
def test_metrics_are_scikit_learns_with_sample_weight(name: str) -> None:
    data = with_weights(dataset(name, dtype="float64"))
    run = resolved(data, dtype="float64", epochs=2)
    trainer = Trainer([run], data)
    for _ in trainer.epochs():
        pass
    trainer.results()
    model = Model.of(run, data, trainer.tensors(0))
    part = data.train
    found, scores, w = score(model, part).metrics, model.scores(part.x), part.weights
    if data.classes:
        p, decided = model.probabilities(scores), model.decide(scores)
        names = range(len(data.classes))
        expected = {
            "loss": sk.log_loss(part.y, p, sample_weight=w, labels=names),
            "accuracy": sk.accuracy_score(part.y, decided, sample_weight=w),
            "balanced_accuracy": sk.balanced_accuracy_score(part.y, decided, sample_weight=w),
            "macro_f1": sk.f1_score(part.y, decided, average="macro", sample_weight=w),
            "roc_auc": np.mean([sk.roc_auc_score(part.y == k, p[:, k], sample_weight=w) for k in names]),
        }
    else:
        scale = data.preprocessing.target_scale[0]
        y, predicted = part.y * scale, scores * scale
        expected = {
            "loss": np.average((part.y - scores)[:, 0] ** 2 / 2, weights=w),
            "rmse": sk.root_mean_squared_error(y, predicted, sample_weight=w),
            "mae": sk.mean_absolute_error(y, predicted, sample_weight=w),
            "r2": sk.r2_score(y, predicted, sample_weight=w),
            "max_error": np.abs(y - predicted)[w > 0].max(),
        }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("name", [CLASSES, TWO_CLASSES])
def test_tables_of_classes_count_the_copies(name: str) -> None:
    data = dataset(name, dtype="float64")
    run = resolved(data, dtype="float64")
    trainer = Trainer([run], data)
    trainer.results()
    model = Model.of(run, data, trainer.tensors(0))
    found, expected = (score(model, rows.parts["test"]) for rows in (with_weights(data), with_copies(data)))
    for table, other in zip((found.classes, found.confusion), (expected.classes, expected.confusion), strict=True):
        assert table is not None and other is not None
        for cells, wanted in zip(table.rows, other.rows, strict=True):
            assert cells[0] == wanted[0] and cells[1:] == pytest.approx(wanted[1:])


def test_rows_of_weight_0_count_for_nothing() -> None:
    data = dataset(NUMBERS)
    part = replace(data.train, weights=np.repeat([1.0, 0.0], [1, len(data.train) - 1]))
    run = resolved(data)
    trainer = Trainer([run], data)
    found = evaluate(trainer.network, trainer.replicas.loss, part, data.preprocessing)
    alone = data.train.take(slice(1))
    expected = evaluate(trainer.network, trainer.replicas.loss, alone, data.preprocessing)
    assert np.isnan(found.pop("r2")) and np.isnan(expected.pop("r2"))
    for name, value in expected.items():
        assert_allclose(found[name], value, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", PROBLEMS)
def test_weights_of_1_change_nothing(name: str) -> None:
    data = dataset(name)
    ones = replace(data, **{key: replace(part, weights=np.ones(len(part))) for key, part in data.parts.items()})
    run = resolved(data)
    first, second = Trainer([run], data), Trainer([run], ones)
    finish(first), finish(second)
    assert_array_equal(first.kept_params, second.kept_params)


@pytest.mark.parametrize("name", PROBLEMS)
def test_stacks_with_weights_equal_their_runs_alone(name: str) -> None:
    data = with_weights(dataset(name))
    runs = [resolved(data, seed=seed) for seed in (0, 1, 5)]
    stacked = finish(Trainer(runs, data))
    assert stacked == [alone for run in runs for alone in finish(Trainer([run], data))]


def test_diagnostics_see_the_weights() -> None:
    data = dataset(CLASSES, dtype="float64")
    options = {"record": True, "epochs": 0, "batch_size": "full", "dtype": "float64"}
    run = RunOptions(**resolved(data, **options).model_dump() | {"epochs": 1})
    norms = []
    for rows in (with_weights(data), with_copies(data)):
        trainer = Trainer([run], rows)
        next(trainer.epochs())
        norms.append(trainer.diagnostics[0][1]["gradient_norm_full"])
    assert norms[0] == pytest.approx(norms[1])
