"""The scores of a trained model on one part of a dataset, as the tables that `mlpcli eval` writes.

scikit-learn's tables of classes are used. It is imported within functions, so that training does not load it.

>>> Table(["class", "support"], [["yes", 3]])
Table(columns=['class', 'support'], rows=[['yes', 3]])
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlpcli.config.metrics import every_metric_of
from mlpcli.data import Part
from mlpcli.nn import Array
from mlpcli.training.metrics.evaluate import evaluate, evaluate_targets
from mlpcli.training.metrics.probability_tables import bin_rows, thresholds
from mlpcli.training.trained_network import TrainedNetwork

__all__ = ["Scores", "Table", "all_metrics", "answer_columns", "answers", "predictions", "score"]


class Table(NamedTuple):
    """Names of columns, and rows of cells."""

    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Scores:
    """Scores of one part of a dataset, as `score` returns them.

    Attributes:
        metrics: one number per metric, None where it is undefined.
        classes: for classes and labels, precision, recall, F1 and support, one row each.
        confusion: for classes, counts, or sums of weights, with one row per target and one column per prediction.
        calibration: for classes, one row per bin of probabilities: those of the second of two classes, or of the class
            that is decided for among more.
        thresholds: for two classes, the scores of a decision at each threshold of the second one's probability.
        targets: for several targets, the metrics of each in its own units, one row per target.
    """

    metrics: dict[str, float | None]
    classes: Table | None = None
    confusion: Table | None = None
    calibration: Table | None = None
    thresholds: Table | None = None
    targets: Table | None = None


@np.errstate(all="ignore")
def all_metrics(model: TrainedNetwork, part: Part) -> dict[str, float | None]:
    """Every metric of the task on a part; those that training reports too are the same.

    A metric that is undefined is None: ROC AUC if a class has no row, R2 of a single row, and all that is not finite.
    """
    known = model.preprocessing
    asked = every_metric_of(known.task, len(known.classes or ()))
    return _numbers(evaluate(model.network, model.loss, part, known, asked))


@np.errstate(all="ignore")
def score(model: TrainedNetwork, part: Part) -> Scores:
    """The metrics of `all_metrics` with the tables that go with them."""
    names, scale = model.preprocessing.classes, model.preprocessing.units
    metrics = all_metrics(model, part)
    if names is None:
        if scale is None:
            return Scores(metrics, _of_each_label(model, part))
        return Scores(metrics, targets=_of_each_target(model, part) if len(scale) > 1 else None)
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    scores, y = model.scores(part.x), np.asarray(part.y)
    decided, codes = model.decide(scores), np.arange(len(names))
    weights = part.weights
    precision, recall, f1, support = precision_recall_fscore_support(
        y, decided, labels=codes, sample_weight=weights, zero_division=0.0
    )
    classes = _class_table(names, precision, recall, f1, support)
    counts = confusion_matrix(y, decided, labels=codes, sample_weight=weights).tolist()
    confusion = Table([r"target\prediction", *names], [[name, *row] for name, row in zip(names, counts, strict=True)])
    return Scores(metrics, classes, confusion, *_probability_tables(model.probabilities(scores), y, decided, weights))


@np.errstate(all="ignore")
def predictions(
    model: TrainedNetwork, x: Array, given: Array | None, rows: Array, labelled: Array | None = None
) -> Table:
    """One row per sample: `row,target,prediction` and, for classes and labels, one probability each.

    Regression targets and predictions are in the target's own units; each of several targets has its own columns.

    Args:
        model: the trained network.
        x: prepared inputs, `(rows, features)`.
        given: class codes, labels, or targets in their own units; None leaves their columns out.
        rows: the number of each row in the table it came from.
        labelled: the places in x of the rows that `given` belongs to; None stands for all rows.
    """
    names = model.preprocessing.classes
    ends, shares = answer_columns(model)
    answered = zip(*answers([model], [x]), strict=True)
    if given is None:
        known = None
    else:
        known = given.tolist() if names is None else [[names[code]] for code in given]
    known_at = dict(zip(range(len(rows)) if labelled is None else labelled.tolist(), known or (), strict=bool(known)))
    empty = [None] * len(ends)
    columns = [f"{kind}{end}" for kind in ("target", "prediction")[given is None :] for end in ends]
    return Table(
        ["row", *columns, *shares],
        [
            [int(row), *(known_at.get(i, empty) if known else []), *cells]
            for i, (row, cells) in enumerate(zip(rows, answered, strict=True))
        ],
    )


def _class_table(names: Sequence[str], precision: Array, recall: Array, f1: Array, support: Array) -> Table:
    whole = support.dtype.kind in "iu"  # else sums of weights
    rows = zip(names, precision, recall, f1, support, strict=True)
    return Table(
        ["class", "precision", "recall", "f1", "support"],
        [[name, float(p), float(r), float(f), int(n) if whole else float(n)] for name, p, r, f, n in rows],
    )


def _probability_tables(shares: Array, y: Array, decided: Array, weights: Array | None) -> tuple[Table | None, ...]:
    """The calibration and, for two classes, the thresholds; None where a probability is not a number."""
    if not np.isfinite(shares).all():
        return None, None
    two = shares.shape[1] == 2
    said, came_true = (shares[:, 1], y == 1) if two else (shares[np.arange(len(y)), decided], y == decided)
    bins = bin_rows(said, came_true, weights)
    counts = bins.rows.astype(np.int64) if weights is None else bins.rows
    calibration = Table(
        ["probability", "share", "rows"], list(map(list, zip(*(c.tolist() for c in (*bins[:2], counts)), strict=True)))
    )
    if not two:
        return calibration, None
    curve = thresholds(said, came_true, weights)
    cells = np.stack(curve, axis=-1).tolist()
    return calibration, Table(list(curve._fields), [[v if np.isfinite(v) else None for v in row] for row in cells])


def _of_each_label(model: TrainedNetwork, part: Part) -> Table:
    from sklearn.metrics import precision_recall_fscore_support

    y, decided = np.asarray(part.y), model.decide(model.scores(part.x))
    found = precision_recall_fscore_support(y, decided, sample_weight=part.weights, zero_division=0.0)
    return _class_table(model.preprocessing.targets, *found)


def answer_columns(model: TrainedNetwork) -> tuple[list[str], list[str]]:
    """The ends of the names of columns of predictions, one per target, and the columns of probabilities."""
    if (names := model.preprocessing.classes) is not None:
        return [""], [f"probability_{name}" for name in names]
    targets = model.preprocessing.targets
    if model.preprocessing.task == "multilabel":
        return [f"_{name}" for name in targets], [f"probability_{name}" for name in targets]
    return [""] if len(targets) == 1 else [f"_{name}" for name in targets], []


@np.errstate(all="ignore")
def answers(models: Sequence[TrainedNetwork], inputs: Sequence[Array]) -> list[list[Any]]:
    """The columns of the predictions, then those of the probabilities, of which a regression has none.

    Several models are averaged: their probabilities, whose largest then decides, or their predictions of a quantity.

    Args:
        models: trained networks of one task, with the same classes or targets in the same order.
        inputs: the same rows as each model takes them, `(rows, features)`.
    """
    scores = [model.scores(x) for model, x in zip(models, inputs, strict=True)]
    first, names = models[0], models[0].preprocessing.classes
    if first.preprocessing.task == "regression":
        own = [model.preprocessing.inverse_target(one) for model, one in zip(models, scores, strict=True)]
        values: list[list[Any]] = _mean(own).T.tolist()
        return values
    shares = _mean([model.probabilities(one) for model, one in zip(models, scores, strict=True)])
    probabilities: list[list[Any]] = shares.T.tolist()
    if names is None:
        labels = first.decide(scores[0]) if len(models) == 1 else (shares > 0.5).astype(np.int64)
        return [*labels.T.tolist(), *probabilities]
    codes = first.decide(scores[0]) if len(models) == 1 else shares.argmax(axis=-1)
    return [[names[code] for code in codes.tolist()], *probabilities]


def _mean(arrays: Sequence[Array]) -> Array:
    mean: Array = arrays[0] if len(arrays) == 1 else np.mean(arrays, axis=0)
    return mean


def _of_each_target(model: TrainedNetwork, part: Part) -> Table:
    found = evaluate_targets(model.network, model.loss, part, model.preprocessing)
    alone, names = [_numbers(metrics) for metrics in found], model.preprocessing.targets
    return Table(["target", *alone[0]], [[name, *metrics.values()] for name, metrics in zip(names, alone, strict=True)])


def _numbers(values: dict[str, Array]) -> dict[str, float | None]:
    return {name: float(value) if np.isfinite(value) else None for name, value in values.items()}
