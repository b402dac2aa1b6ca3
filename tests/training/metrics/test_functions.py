"""Every metric that is measured on request, against scikit-learn, by hand where rows tie or decide nothing."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from sklearn import metrics as sk

from mlpcli.config.metrics import METRICS, every_metric_of
from mlpcli.data import Column, Part, Preprocessing
from mlpcli.nn import CrossEntropy, Linear, LogisticLoss, Loss, Network, SquaredLoss
from mlpcli.training.metrics.evaluate import evaluate, is_defined
from mlpcli.training.metrics.functions import FUNCTIONS
from mlpcli.training.metrics.outcome import Outcome
from mlpcli.training.metrics.probabilities import confidences, probabilities
from mlpcli.training.metrics.ranked_rows import average_precision, roc_area

ROWS = 300


def network_of(outputs: int) -> Network:
    network = Network([("output", Linear(4, outputs))], dtype=np.float64)
    network.params[...] = np.random.default_rng(0).normal(size=network.params.shape)
    return network


def part_of(y: np.ndarray, weighted: bool) -> Part:
    """Rows, some of weight 0."""
    rng = np.random.default_rng(7)
    weights = rng.integers(0, 4, len(y)) * rng.random(len(y)) if weighted else None
    return Part(rng.normal(size=(len(y), 4)), y, np.arange(len(y)), weights)


def with_own(part: Part, fitted: Preprocessing) -> Part:
    """The rows of a regression with its targets in their own units."""
    return replace(part, own=fitted.inverse_target(part.y))


def known(task: str, scale: ArrayLike = (), mean: ArrayLike = ()) -> Preprocessing:
    """Targets of the task; numbers have these standard deviations and means."""
    units = [tuple(np.asarray(numbers).tolist()) for numbers in (mean, scale)]
    targets = tuple(f"y{k}" for k in range(len(units[1]) or 2))
    return Preprocessing((), targets, ("a", "b", "c") if task == "classification" else None, *units, "float64")


def scored(network: Network, loss: Loss, part: Part, task: str, **units: Any) -> dict[str, float]:
    fitted = known(task, **units)
    part = with_own(part, fitted) if task == "regression" else part
    found = evaluate(network, loss, part, fitted, every_metric_of(task))
    return {name: float(value) for name, value in found.items()}


def brier(labels: np.ndarray, p: np.ndarray, weights: np.ndarray | None = None) -> float:
    """scikit-learn's score of each class against the others, which added up is that of more than two."""
    each = [sk.brier_score_loss(labels == k, p[:, k], sample_weight=weights) for k in range(p.shape[1])]
    return each[1] if len(each) == 2 else sum(each)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["cross-entropy", "squared"])
@pytest.mark.parametrize("classes", [2, 3, 8])
def test_metrics_of_classes_are_those_of_scikit_learn(classes: int, kind: str, weighted: bool) -> None:
    labels = np.random.default_rng(1).integers(0, classes, ROWS)
    network, part = network_of(1 if classes == 2 else classes), part_of(labels, weighted)
    loss: Loss = SquaredLoss((), np.float64)
    if kind == "cross-entropy":
        loss = LogisticLoss((), np.float64) if classes == 2 else CrossEntropy((), np.float64)
    found = scored(network, loss, part, "classification")
    scores = network.forward(part.x)
    p, w, codes = probabilities(scores, log_odds=kind == "cross-entropy"), part.weights, np.arange(classes)
    decided = (scores[:, 0] > 0).astype(int) if classes == 2 else scores.argmax(axis=1)
    ranks = confidences(scores, log_odds=True) if kind == "cross-entropy" and classes > 2 else scores
    each = [(labels == 1, ranks[:, 0])] if classes == 2 else [(labels == k, ranks[:, k]) for k in codes]
    expected = {
        "accuracy": sk.accuracy_score(labels, decided, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, decided, sample_weight=w),
        "macro_f1": sk.f1_score(labels, decided, average="macro", sample_weight=w),
        "roc_auc": np.mean([sk.roc_auc_score(is_k, rank, sample_weight=w) for is_k, rank in each]),
        "average_precision": np.mean([sk.average_precision_score(is_k, rank, sample_weight=w) for is_k, rank in each]),
        "log_loss": sk.log_loss(labels, p, labels=codes, sample_weight=w),
        "brier": brier(labels, p, w),
    }
    if classes == 8:
        expected["top_5_accuracy"] = sk.top_k_accuracy_score(labels, scores, k=5, labels=codes, sample_weight=w)
    else:
        assert math.isnan(found.pop("top_5_accuracy"))
    assert found.pop("loss") > 0
    assert found == pytest.approx(expected, rel=1e-10)


def test_a_loss_says_itself_whether_its_scores_are_logarithms() -> None:
    class OfLogarithms(SquaredLoss):
        log_odds = True

    labels = np.random.default_rng(1).integers(0, 3, ROWS)
    network, part = network_of(3), part_of(labels, weighted=False)
    found = scored(network, OfLogarithms((), np.float64), part, "classification")
    p = probabilities(network.forward(part.x), log_odds=True)
    assert found["brier"] == pytest.approx(brier(labels, p), rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_rankings_of_labels_are_those_of_scikit_learn(weighted: bool) -> None:
    labels = np.random.default_rng(2).integers(0, 2, (ROWS, 3))
    network, part = network_of(3), part_of(labels, weighted)
    found = scored(network, LogisticLoss((), np.float64), part, "multilabel")
    scores, w = network.forward(part.x), part.weights
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(labels, scores, sample_weight=w))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(labels, scores, sample_weight=w))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [[2.0], [2.0, 0.5, 100.0]])
@pytest.mark.parametrize("rows", [2, ROWS - 1, ROWS])
def test_metrics_of_numbers_are_those_of_scikit_learn(rows: int, scale: list[float], weighted: bool) -> None:
    units = {"scale": np.array(scale), "mean": np.array([30.0, -4.0, 0.25][: len(scale)])}
    targets = np.random.default_rng(3).normal(size=(rows, len(scale)))
    network, part = network_of(len(scale)), part_of(targets, weighted)
    found = scored(network, SquaredLoss((), np.float64), part, "regression", **units)
    true, predicted = (values * units["scale"] + units["mean"] for values in (targets, network.forward(part.x)))
    w = part.weights
    expected = {
        "mape": sk.mean_absolute_percentage_error(true, predicted, sample_weight=w),
        "median_absolute_error": sk.median_absolute_error(true, predicted, sample_weight=w),
        "explained_variance": sk.explained_variance_score(true, predicted, sample_weight=w),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_replicas_have_the_metrics_of_their_networks_alone() -> None:
    """The rank law, bit for bit, on every metric."""
    labels = np.random.default_rng(1).integers(0, 8, ROWS)
    cases: list[tuple[str, type[Loss], np.ndarray, int, list[float]]] = [
        ("classification", CrossEntropy, labels, 8, []),
        ("classification", LogisticLoss, labels % 2, 1, []),
        ("multilabel", LogisticLoss, np.stack([labels % 2, labels // 4], axis=1), 2, []),
        ("regression", SquaredLoss, np.stack([labels / 3.0, labels**2 / 9.0], axis=1), 2, [3.0, 0.2]),
    ]
    for task, kind, y, outputs, scale in cases:
        for weighted in (False, True):
            stack, part = Network([("output", Linear(4, outputs))], (3,)), part_of(y, weighted)
            fitted = known(task, scale, [1.0] * len(scale))
            part = with_own(part, fitted) if scale else part
            stack.params[...] = np.random.default_rng(4).normal(size=stack.params.shape)
            metrics = every_metric_of(task)
            found = evaluate(stack, kind((3,)), part, fitted, metrics)
            for index in range(3):
                one = Network([("output", Linear(4, outputs))])
                one.params[...] = stack.params[index]
                alone = evaluate(one, kind(), part, fitted, metrics)
                for name, values in found.items():
                    np.testing.assert_array_equal(values[index], alone[name], err_msg=name)


def test_ties_count_half_of_the_area_and_are_one_step_of_recall() -> None:
    confidence, positive = np.array([0.5, 0.5, 0.9, 0.1]), np.array([True, False, False, True])
    # pairs (positive, negative): (0.5, 0.5) half, (0.5, 0.9) no, (0.1, 0.5) no, (0.1, 0.9) no
    assert roc_area(confidence, positive) == 0.5 / 4
    # recall 1/2 at precision 1/3, where the two ties are taken together, and 1 at 2/4
    assert average_precision(confidence, positive) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert roc_area(confidence, positive, np.array([2.0, 1.0, 1.0, 2.0])) == 0.5 / 4


def test_no_tie_is_made_by_rounding_to_certainty() -> None:
    scores = np.array([[0.0, 800.0, 1.0], [0.0, 900.0, 1.0]])
    assert (probabilities(scores, log_odds=True)[:, 1] == 1).all()
    order = confidences(scores, log_odds=True)
    assert order[0, 1] < order[1, 1] and np.isfinite(order).all()
    expected = scores[0, 1] - np.logaddexp(0, 1), 0 - np.logaddexp(800, 1), 1 - np.logaddexp(0, 800)
    np.testing.assert_allclose(order[0, [1, 0, 2]], expected)


def test_the_class_that_comes_first_wins_a_tie_for_the_fifth_place() -> None:
    scores = np.zeros((7, 7))
    outcome = Outcome(np.zeros(7), scores=scores, targets=np.arange(7))
    assert float(FUNCTIONS["top_5_accuracy"](outcome)) == 5 / 7


def test_weights_move_the_median() -> None:
    errors = np.array([[1.0], [2.0], [10.0], [20.0]])

    def median(weights: list[float] | None) -> float:
        outcome = Outcome(np.zeros(4), errors=errors, targets=errors)
        return float(FUNCTIONS["median_absolute_error"](outcome.weighted(np.array(weights)) if weights else outcome))

    assert median(None) == median([1, 1, 1, 1]) == 6
    assert median([1, 1, 3, 1]) == 6 + 4 and median([1, 1, 0, 1]) == 2 and median([2, 0, 1, 1]) == (1 + 10) / 2


def test_a_weighted_median_is_that_of_copies_whatever_the_weights_are_divided_by() -> None:
    """Weights come divided by their mean: where their sum is exactly half, its rounding chose one of the neighbours."""
    rng = np.random.default_rng(0)
    for rows in range(2, 300):
        errors, copies = rng.exponential(size=(rows, 1)), rng.integers(1, 5, rows)
        outcome = Outcome(np.zeros(rows), errors=errors, targets=errors).weighted(copies / copies.mean())
        assert FUNCTIONS["median_absolute_error"](outcome) == np.median(np.repeat(errors, copies))


CLASSES = Preprocessing((Column("x"),), ("y",), tuple("abc"), (), (), "float32")
LABELS = Preprocessing((Column("x"),), ("y", "z"), None, (), (), "float32")
NUMBERS = Preprocessing((Column("x"),), ("y",), None, (1000.0,), (0.5,), "float32")


@pytest.mark.parametrize(
    ("preprocessing", "y", "defined"),
    [
        (CLASSES, np.array([0, 1, 2]), {"roc_auc", "average_precision"}),
        (CLASSES, np.array([0, 1, 1]), set()),
        (LABELS, np.array([[0, 1], [1, 0]]), {"roc_auc", "average_precision"}),
        (LABELS, np.array([[1, 1], [1, 0]]), {"average_precision"}),
        (LABELS, np.array([[0, 1], [0, 0]]), set()),
        (NUMBERS, np.float32([[0.1], [3]]), {"r2", "explained_variance", "mape"}),
        (NUMBERS, np.float32([[3]]), {"mape"}),
        (NUMBERS, np.float32([[0.1], [-2000]]), {"r2", "explained_variance"}),  # the target is 0 in its own units
    ],
)
def test_rows_that_do_not_define_a_metric(preprocessing: Preprocessing, y: np.ndarray, defined: set[str]) -> None:
    part = Part(np.zeros((len(y), 1)), y, np.arange(len(y)))
    part = with_own(part, preprocessing) if preprocessing.task == "regression" else part
    needing = [metric for metric in every_metric_of(preprocessing.task) if metric.needs]
    assert {metric.name for metric in needing if is_defined(metric, part, preprocessing)} == defined
    assert is_defined(METRICS["loss"], part, preprocessing)


def test_only_a_zero_is_a_zero() -> None:
    units = Preprocessing((Column("x"),), ("y",), None, (5e5,), (5e5,), "float32")
    own = np.array([[1e-30], [1e6], [0.0]])
    part = Part(np.zeros((3, 4)), units.apply_target(own), np.arange(3), own=own)
    assert not is_defined(METRICS["mape"], part, units)
    part = part.take(np.arange(2))
    assert is_defined(METRICS["mape"], part, units)
    network = network_of(1)
    found = evaluate(network, SquaredLoss(), part, units, [METRICS["mape"]])
    predicted = units.inverse_target(network.forward(part.x))
    assert found["mape"] == pytest.approx(sk.mean_absolute_percentage_error(part.own, predicted), rel=1e-12)


def test_the_spread_of_numbers_far_from_0_is_not_that_of_the_rounding_of_their_mean() -> None:
    """Of 2^40 and its neighbours 2^-12 apart, by hand: -3, -1, 1 and 3 around their mean, in halves of that step."""
    targets = 2.0**40 + 2.0**-12 * np.array([[0.0], [1.0], [2.0], [3.0]])
    errors = 2.0**-13 * np.array([[1.0], [1.0], [-1.0], [1.0]])
    outcome = Outcome(np.zeros(4), errors=errors, targets=targets)
    assert FUNCTIONS["r2"](outcome) == 1 - 4 / 20
