"""The tables of `mlpcli eval` against scikit-learn's own functions."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.datasets import load_linnerud

from mlpcli.data import Part, Prepared
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.model import Model
from mlpcli.training.scores import predictions, score
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, resolved


def trained(folder: Path, data: Prepared, **options: Any) -> tuple[Model, dict[str, Any]]:
    """A model that has been through its file, and the metrics that training gave it."""
    trainer = Trainer([resolved(data, epochs=1, **options)], data)
    for _ in trainer.epochs():
        pass
    (results,) = trainer.results()
    Model.of(trainer.options, data, trainer.tensors(0)).save(folder / "m")
    return Model.load(folder / "m"), results


@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES])
def test_classes(tmp_path: Path, source: str) -> None:
    data = dataset(source)
    model, results = trained(tmp_path, data)
    for name, part in data.parts.items():
        y = part.y
        scores = model.scores(part.x)
        decided, probabilities = model.decide(scores), model.probabilities(scores)
        assert 0 < (decided == y).mean() < 1
        found = score(model, part)
        assert {key: found.metrics[key] for key in ("loss", "accuracy")} == results[name]
        share = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
        expected = {
            "loss": sk.log_loss(y, probabilities, labels=range(len(data.classes or ()))),
            "accuracy": sk.accuracy_score(y, decided),
            "balanced_accuracy": sk.balanced_accuracy_score(y, decided),
            "macro_f1": sk.f1_score(y, decided, average="macro"),
            "roc_auc": sk.roc_auc_score(y, share, multi_class="ovr"),
        }
        assert {key: found.metrics[key] for key in expected} == pytest.approx(expected, rel=1e-5)
        assert list(found.metrics) == [*expected, "average_precision", "log_loss", "brier"]
        assert found.confusion is not None
        assert found.confusion.columns == ["target\\prediction", *(data.classes or ())]
        assert [row[1:] for row in found.confusion.rows] == sk.confusion_matrix(y, decided).tolist()
        assert found.classes is not None
        assert found.classes.columns == ["class", "precision", "recall", "f1", "support"]
        report = sk.classification_report(y, decided, output_dict=True, zero_division=0)
        for code, (label, *numbers) in enumerate(found.classes.rows):
            assert label == (data.classes or ())[code]
            assert numbers == pytest.approx(list(report[str(code)].values()))


@pytest.mark.parametrize(
    ("source", "loss"), [(TWO_CLASSES, "squared"), (CLASSES, "squared"), (CLASSES, "cross-entropy")]
)
def test_the_roc_curve_goes_by_the_scores(tmp_path: Path, source: str, loss: str) -> None:
    """Not by probabilities, which tie where they are clipped or round to 0 and 1."""
    data = dataset(source)
    model, _ = trained(tmp_path, data, loss=loss)
    for view in (model.network.parameters["output.weight"], model.network.parameters["output.bias"]):
        view *= 300 if loss == "cross-entropy" else 3
    wide = model.scores(data.train.x).astype(np.float64)
    codes = range(wide.shape[1])
    if loss == "cross-entropy":  # log-odds, log p - log(1 - p)
        wide = np.array([[row[k] - np.logaddexp.reduce(np.delete(row, k)) for k in codes] for row in wide])
    if wide.shape[1] == 1:
        expected = sk.roc_auc_score(data.train.y, wide[:, 0])
    else:
        expected = np.mean([sk.roc_auc_score(data.train.y == k, wide[:, k]) for k in codes])
    assert score(model, data.train).metrics["roc_auc"] == pytest.approx(expected, rel=1e-12)
    share = model.probabilities(model.scores(data.train.x))
    assert len(np.unique(share[:, -1])) < len(np.unique(wide[:, -1]))  # the probabilities do tie here


def test_a_class_without_rows(tmp_path: Path) -> None:
    """Its recall is no part of the mean and there is no ROC AUC; scikit-learn's own means say the same."""
    data = dataset(CLASSES)
    model, _ = trained(tmp_path, data)
    decided = model.decide(model.scores(data.train.x))
    predicted = int(np.bincount(decided).argmax())
    other = (predicted + 1) % 3
    part = Part(data.train.x, np.where(decided == predicted, other, decided), data.train.rows)
    found = score(model, part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found.metrics["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(part.y, decided))
        assert found.metrics["macro_f1"] == pytest.approx(sk.f1_score(part.y, decided, average="macro"))
    assert found.metrics["roc_auc"] is None
    assert found.classes is not None
    assert found.classes.rows[predicted][4] == 0


@pytest.mark.parametrize("source", [NUMBERS, "linnerud"])
def test_numbers(tmp_path: Path, source: str) -> None:
    data = dataset(source)
    model, results = trained(tmp_path, data)
    for name, part in data.parts.items():
        found = score(model, part)
        assert {key: found.metrics[key] for key in results[name]} == results[name]
        assert (found.classes, found.confusion) == (None, None)
        true = part.given
        predicted = data.preprocessing.inverse_target(model.scores(part.x))
        assert found.metrics["rmse"] == pytest.approx(sk.root_mean_squared_error(true, predicted), rel=1e-12)
        assert found.metrics["mae"] == pytest.approx(sk.mean_absolute_error(true, predicted), rel=1e-12)
        assert found.metrics["r2"] == pytest.approx(sk.r2_score(true, predicted), rel=1e-12)
        assert found.metrics["max_error"] == pytest.approx(np.abs(true - predicted).max(), rel=1e-12)


def test_a_single_row_has_no_r2(tmp_path: Path) -> None:
    data = dataset(NUMBERS)
    model, _ = trained(tmp_path, data)
    part = data.train.take(slice(1))
    assert score(model, part).metrics["r2"] is None


@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES, NUMBERS])
def test_scores_beyond_all_numbers_have_no_metrics(tmp_path: Path, source: str) -> None:
    data = dataset(source)
    model, _ = trained(tmp_path, data, activation="identity")
    model.network.params[...] = 1e30
    found = score(model, data.train)
    assert found.metrics["loss"] is None
    assert found.metrics.get("roc_auc") is None
    assert len(predictions(model, data.train.x, None, data.train.rows).rows) == len(data.train)


def test_predictions_of_classes(tmp_path: Path) -> None:
    data = dataset(TWO_CLASSES)
    model, _ = trained(tmp_path, data)
    assert data.test is not None
    found = predictions(model, data.test.x, data.test.y, data.test.rows)
    assert found.columns == ["row", "target", "prediction", "probability_0", "probability_1"]
    for at, (row, target, prediction, *shares) in enumerate(found.rows):
        assert row == data.test.rows[at]
        assert target == str(data.test.y[at])
        assert prediction == str(int(np.argmax(shares)))
        assert sum(shares) == pytest.approx(1, abs=1e-14)


def test_predictions_without_targets(tmp_path: Path) -> None:
    data = dataset(CLASSES)
    model, _ = trained(tmp_path, data)
    with_targets = predictions(model, data.train.x, data.train.y, data.train.rows)
    without = predictions(model, data.train.x, None, data.train.rows)
    assert without.columns == [name for name in with_targets.columns if name != "target"]
    assert without.rows == [[row[0], *row[2:]] for row in with_targets.rows]


def test_predictions_of_numbers_are_in_their_own_units(tmp_path: Path) -> None:
    data = dataset("linnerud")
    model, _ = trained(tmp_path, data)
    found = predictions(model, data.train.x, data.train.given, data.train.rows)
    names = data.targets
    assert found.columns == ["row", *(f"target_{name}" for name in names), *(f"prediction_{name}" for name in names)]
    true = np.array([row[1:4] for row in found.rows])
    assert (true == load_linnerud().target[data.train.rows]).all()
    rmse = sk.root_mean_squared_error(true, np.array([row[4:] for row in found.rows]))
    assert score(model, data.train).metrics["rmse"] == pytest.approx(rmse, rel=1e-12)


def test_names_that_are_also_columns(tmp_path: Path) -> None:
    """Classes called row, target and prediction leave every column with a name of its own."""
    data = dataset(CLASSES)
    odd = replace(data, preprocessing=replace(data.preprocessing, classes=("row", "target", "prediction")))
    model, _ = trained(tmp_path, odd)
    table = predictions(model, odd.train.x, odd.train.y, odd.train.rows)
    assert len(set(table.columns)) == len(table.columns) == 6
    confusion = score(model, odd.train).confusion
    assert confusion is not None
    assert len(set(confusion.columns)) == len(confusion.columns) == 4


def test_several_targets_have_scores_of_their_own(tmp_path: Path) -> None:
    data = dataset("linnerud")
    model, _ = trained(tmp_path, data)
    part = data.train
    found = score(model, part).targets
    assert found is not None and [row[0] for row in found.rows] == list(data.targets)
    own = part.given
    predicted = data.preprocessing.inverse_target(model.scores(part.x))
    for k, row in enumerate(found.rows):
        expected = {
            "rmse": sk.root_mean_squared_error(own[:, k], predicted[:, k]),
            "mae": sk.mean_absolute_error(own[:, k], predicted[:, k]),
            "r2": sk.r2_score(own[:, k], predicted[:, k]),
            "max_error": sk.max_error(own[:, k], predicted[:, k]),
            "mape": sk.mean_absolute_percentage_error(own[:, k], predicted[:, k]),
            "median_absolute_error": sk.median_absolute_error(own[:, k], predicted[:, k]),
        }
        scores = dict(zip(found.columns[1:], row[1:], strict=True))
        assert {name: scores[name] for name in expected} == pytest.approx(expected, rel=1e-12)
