"""Metrics against scikit-learn's, and the columns of an epoch against a loop written out in plain NumPy."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import ArrayLike
from sklearn import metrics as sk

from mlpcli.data import Part, Preprocessing
from mlpcli.data.prepared.targets import fit_targets
from mlpcli.errors import DataError
from mlpcli.nn import CrossEntropy, Linear, LogisticLoss, Network, Purpose, SquaredLoss, stream
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.metrics.evaluate import BLOCK, evaluate, squared_errors
from mlpcli.training.metrics.outcome import correct
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, resolved, softmax


def linear_network(features: int, outputs: int) -> Network:
    """Scores that are a random affine function, for comparisons with what they should be."""
    network = Network([("output", Linear(features, outputs))], dtype=np.float64)
    network.params[...] = np.random.default_rng(0).normal(size=network.params.shape)
    return network


def scores_of(network: Network, x: np.ndarray) -> np.ndarray:
    return x @ network.parameters["output.weight"] + network.parameters["output.bias"]


def known(task: str, scale: ArrayLike = (1.0,)) -> Preprocessing:
    """Targets of the task; numbers have this standard deviation and the mean 0."""
    spread = tuple(np.asarray(scale).tolist()) if task == "regression" else ()
    targets = tuple(f"y{k}" for k in range(len(spread) or 1))
    classes = ("a", "b", "c") if task == "classification" else None
    return Preprocessing((), targets, classes, (0.0,) * len(spread), spread, "float64")


NUMBER, CLASS = known("regression"), known("classification")


def part(rows: int, y: np.ndarray, features: int = 4) -> Part:
    x = np.random.default_rng(rows).normal(size=(rows, features))
    return Part(x, y, np.arange(rows))


def numbers(part: Part, fitted: Preprocessing) -> Part:
    """The rows of a regression with its targets in their own units."""
    return replace(part, own=fitted.inverse_target(part.y))


@pytest.mark.parametrize("rows", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_classification_metrics_are_those_of_scikit_learn(rows: int) -> None:
    labels = np.random.default_rng(1).integers(0, 3, rows)
    network, rowset = linear_network(4, 3), part(rows, labels)
    scores = scores_of(network, rowset.x)
    found = evaluate(network, CrossEntropy((), np.float64), rowset, CLASS)
    assert found["accuracy"] == sk.accuracy_score(labels, scores.argmax(axis=1))
    expected = sk.log_loss(labels, softmax(scores), labels=[0, 1, 2])
    assert found["loss"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rows", [1, BLOCK + 1])
def test_two_classes_are_decided_by_the_sign_of_one_score(rows: int) -> None:
    labels = np.random.default_rng(2).integers(0, 2, rows)
    network, rowset = linear_network(4, 1), part(rows, labels)
    scores = scores_of(network, rowset.x)[:, 0]
    found = evaluate(network, LogisticLoss((), np.float64), rowset, CLASS)
    assert found["accuracy"] == sk.accuracy_score(labels, scores > 0)
    expected = sk.log_loss(labels, 1 / (1 + np.exp(-scores)), labels=[0, 1])
    assert found["loss"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rows", [2, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("scale", [[2.0], [2.0, 0.5, 100.0]])
def test_regression_metrics_are_those_of_scikit_learn_in_the_targets_own_units(rows: int, scale: list[float]) -> None:
    targets = np.random.default_rng(3).normal(size=(rows, len(scale)))
    network, rowset = linear_network(4, len(scale)), part(rows, targets)
    scores = scores_of(network, rowset.x)
    fitted = known("regression", scale)
    found = evaluate(network, SquaredLoss((), np.float64), numbers(rowset, fitted), fitted)
    true, predicted = targets * scale, scores * scale
    expected = {
        "loss": ((scores - targets) ** 2).sum(axis=1).mean() / 2,
        "rmse": sk.root_mean_squared_error(true, predicted),
        "mae": sk.mean_absolute_error(true, predicted),
        "r2": sk.r2_score(true, predicted),
        "max_error": max(sk.max_error(true[:, k], predicted[:, k]) for k in range(len(scale))),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12), name


def test_r2_of_a_constant_target_and_of_one_row() -> None:
    network = Network([("output", Linear(1, 1))], dtype=np.float64)
    constant = numbers(Part(np.ones((3, 1)), np.zeros((3, 1)), np.arange(3)), NUMBER)
    for bias in (0.0, 1.0):  # hit exactly, and missed
        network.parameters["output.bias"][...] = bias
        expected = sk.r2_score(constant.y, np.full((3, 1), bias))
        assert evaluate(network, SquaredLoss((), np.float64), constant, NUMBER)["r2"] == expected
    single = constant.take(np.arange(1))
    assert np.isnan(evaluate(network, SquaredLoss((), np.float64), single, NUMBER)["r2"])


@pytest.mark.parametrize("rows", [2, 3, 7, 100, 1000])
def test_r2_of_any_constant_target_is_0_or_1(rows: int) -> None:
    """The rounded mean of equal numbers may differ from them, which is no spread."""
    network = Network([("output", Linear(1, 1))], dtype=np.float64)
    for constant in np.random.default_rng(rows).normal(size=100):
        targets = np.full((rows, 1), constant)
        rowset = numbers(Part(np.ones((rows, 1)), targets, np.arange(rows)), NUMBER)
        for bias, expected in ((constant, 1.0), (constant + 1, 0.0)):
            network.parameters["output.bias"][...] = bias
            assert evaluate(network, SquaredLoss((), np.float64), rowset, NUMBER)["r2"] == expected


@pytest.mark.parametrize("power", [-600, -900, 500])
def test_metrics_know_no_unit_that_is_too_small_or_large(power: int) -> None:
    targets, scale = np.random.default_rng(3).normal(size=(50, 2)), np.array([0.7, 130.0])
    network, loss = linear_network(4, 2), SquaredLoss((), np.float64)
    usual, other = known("regression", scale), known("regression", scale * 2.0**power)
    plain, found = (evaluate(network, loss, numbers(part(50, targets), units), units) for units in (usual, other))
    assert found["r2"] == plain["r2"]
    for name in ("rmse", "mae", "max_error"):
        assert found[name] == plain[name] * 2.0**power


def test_targets_of_any_size_are_learned_alike() -> None:
    """In units of 2^-600, some 1e-181, all digits are the same."""
    values = np.random.default_rng(0).normal(size=(40, 2)) + 3
    mean, spread = fit_targets(values)
    assert_allclose(spread, values.std(axis=0), rtol=1e-15)
    unit = 2.0**-600
    assert fit_targets(values * unit) == (tuple(np.array(mean) * unit), tuple(np.array(spread) * unit))
    with pytest.raises(DataError, match="too small to standardize"):
        fit_targets(values * 1e-300)


def test_metrics_of_a_stack_are_those_of_each_network() -> None:
    labels = np.random.default_rng(1).integers(0, 3, 300)
    stack = Network([("output", Linear(4, 3))], (2,), np.float64)
    stack.params[...] = np.random.default_rng(4).normal(size=stack.params.shape)
    found = evaluate(stack, CrossEntropy((2,), np.float64), part(300, labels), CLASS)
    for index in range(2):
        one = Network([("output", Linear(4, 3))], dtype=np.float64)
        one.params[...] = stack.params[index]
        alone = evaluate(one, CrossEntropy((), np.float64), part(300, labels), CLASS)
        assert {name: values[index] for name, values in found.items()} == alone


def test_hits_and_squares_of_a_batch_by_hand() -> None:
    assert correct(np.array([[0.5], [-0.5], [0.0]]), np.array([1, 1, 0])).tolist() == [True, False, True]
    assert correct(np.array([[1.0, 3.0], [2.0, 1.0]]), np.array([1, 1])).tolist() == [True, False]
    errors = squared_errors(np.array([[1.0, 0.0], [3.0, 1.0]]), np.array([[0.0, 0.0], [1.0, 3.0]]))
    assert errors.tolist() == [5.0, 4.0]


def test_the_loss_of_an_epoch_weighs_a_short_batch_by_its_rows() -> None:
    """Losses 10, 10 and 9 in batches of 2 and 1: 29/3, where the mean of the batch means is 9.5 or 9.75."""
    data = dataset(NUMBERS)
    three = replace(data.train.take(slice(3)), y=np.float32([[10], [10], [9]]))
    data = replace(data, train=three, val=None)
    run = resolved(data, init="zeros", loss="absolute", batch_size=2, epochs=1, optimizer="sgd", lr=1e-30)
    ((_, row),) = next(Trainer([run], data).epochs())
    assert row["train_loss"] == pytest.approx(29 / 3, rel=1e-15)
    (scale,) = data.preprocessing.target_scale
    assert row["train_rmse"] == pytest.approx(scale * np.sqrt(281 / 3), rel=1e-15)
    assert row["step"] == 2


def test_an_epoch_of_softmax_regression_written_out() -> None:
    """Every column of the epoch: running means over the batches as they passed, then a clean validation."""
    data = dataset(CLASSES, "float64")
    run = resolved(data, depth=0, optimizer="sgd", lr=0.2, batch_size=20, epochs=2, dtype="float64", keep="last")
    trainer = Trainer([run], data)
    weight, bias = (view[0].copy() for view in trainer.network.tensors().values())
    rows = [row for epoch in trainer.epochs() for _, row in epoch]
    n = len(data.train)
    for epoch, row in enumerate(rows, start=1):
        order = stream(0, Purpose.ORDER, epoch).permutation(n)
        losses, hits, norms = [], [], []
        for start in range(0, n, 20):
            batch = order[start : start + 20]
            x, y = data.train.x[batch], data.train.y[batch]
            p = softmax(x @ weight + bias)
            losses += list(-np.log(p[np.arange(len(y)), y]))
            hits += list(p.argmax(axis=1) == y)
            d = (p - np.eye(3)[y]) / len(y)
            norms.append(np.sqrt(((x.T @ d) ** 2).sum() + (d.sum(axis=0) ** 2).sum()))
            weight, bias = weight - 0.2 * x.T @ d, bias - 0.2 * d.sum(axis=0)
        p = softmax(data.val.x @ weight + bias)
        expected = {
            "epoch": epoch,
            "step": epoch * len(norms),
            "lr": 0.2,
            "train_loss": np.mean(losses),
            "train_accuracy": np.mean(hits),
            "val_loss": sk.log_loss(data.val.y, p, labels=[0, 1, 2]),
            "val_accuracy": sk.accuracy_score(data.val.y, p.argmax(axis=1)),
            "grad_norm": np.mean(norms),
        }
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-10), name
    for found, expected_array in zip(trainer.network.tensors().values(), (weight, bias), strict=True):
        np.testing.assert_allclose(found[0], expected_array, rtol=1e-10, atol=1e-12)


def test_an_epoch_of_least_squares_written_out() -> None:
    data = dataset(NUMBERS, "float64")
    run = resolved(data, depth=0, optimizer="sgd", lr=0.05, batch_size=25, epochs=1, dtype="float64", keep="last")
    trainer = Trainer([run], data)
    weight, bias = (view[0].copy() for view in trainer.network.tensors().values())
    ((_, row),) = next(trainer.epochs())
    errors = []
    order, n = stream(0, Purpose.ORDER, 1).permutation(len(data.train)), len(data.train)
    for start in range(0, n, 25):
        batch = order[start : start + 25]
        x, y = data.train.x[batch], data.train.y[batch]
        error = x @ weight + bias - y
        errors.append(error)
        weight, bias = weight - 0.05 * x.T @ error / len(y), bias - 0.05 * error.mean(axis=0)
    (scale,) = data.preprocessing.target_scale
    squares = np.concatenate(errors) ** 2
    true, predicted = data.val.y * scale, (data.val.x @ weight + bias) * scale
    assert row["train_loss"] == pytest.approx(squares.mean() / 2, rel=1e-10)
    assert row["train_rmse"] == pytest.approx(scale * np.sqrt(squares.mean()), rel=1e-10)
    assert row["val_rmse"] == pytest.approx(sk.root_mean_squared_error(true, predicted), rel=1e-10)
    assert row["val_r2"] == pytest.approx(sk.r2_score(true, predicted), rel=1e-10)
    assert row["val_max_error"] == pytest.approx(sk.max_error(true, predicted), rel=1e-10)


def test_reported_losses_are_without_penalties_smoothing_and_class_weights() -> None:
    for source in (CLASSES, TWO_CLASSES):
        data = dataset(source)
        rows = []
        for options in ({}, {"weight_decay": 1.0, "label_smoothing": 0.5, "class_weight": "balanced"}):
            run = resolved(data, epochs=1, batch_size="full", optimizer="sgd", lr=1e-30, **options)
            ((_, row),) = next(Trainer([run], data).epochs())
            rows.append((row["train_loss"], row["val_loss"]))
        assert rows[0] == rows[1]
