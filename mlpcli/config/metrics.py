"""Facts about every metric, known before NumPy is loaded: one row each. `training.metrics` holds the functions.

A metric on a part of the data is a measure, written `val_accuracy`: a column of metrics.csv and trials.csv, and what
ranks and monitors. Every run reports the metrics of its task. Others are measured where they are asked for: by
`monitor`, by the `metric` of a sweep, and by `mlpcli eval`, which asks for all.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

from mlpcli.wording import counted

__all__ = [
    "METRICS",
    "PARTS",
    "Measure",
    "Metric",
    "epoch_columns",
    "every_metric_of",
    "metrics_of",
    "monitored",
    "ranking",
    "undefined",
]

PARTS = {"train": "training", "val": "validation", "test": "test"}
"""The parts of a dataset by the prefix of their columns, each in words."""


@dataclass(frozen=True)
class Metric:
    """One number that says how good predictions are.

    `tasks` are those whose runs report it, `on_request` those that have it where it is asked for. `unit` is what a
    plot's axis says behind the `label`; `meaning` says more than the label, for the page of columns. `bounds` are the
    values between which it lies. `epochs` are the parts that metrics.csv has it for, in every run of its `tasks`.
    `leads`: it ranks and monitors its tasks, with one target, unless another is asked for. `needs` are the rows without
    which it is not defined, `classes` the fewest classes for which it says anything. `tie_break` is the metric that
    decides between equal values.
    """

    name: str
    label: str
    tasks: tuple[str, ...] = ()
    on_request: tuple[str, ...] = ()
    unit: str = ""
    meaning: str = ""
    larger_is_better: bool = False
    bounds: tuple[float, float] = (0.0, math.inf)
    epochs: tuple[str, ...] = ()
    leads: bool = False
    needs: str = ""
    classes: int = 0
    tie_break: str | None = None

    def key(self, value: Any) -> Any:
        """The value, or an array of values, turned so that smaller is better: the one key of every ranking."""
        return -value if self.larger_is_better else value


_CLASSES, _LABELS, _NUMBERS = ("classification",), ("multilabel",), ("regression",)


def _share(name: str, label: str, **facts: Any) -> Metric:
    """A metric from 0 to 1, of which more is better."""
    return Metric(name, label, larger_is_better=True, bounds=(0.0, 1.0), **facts)


def _error(name: str, label: str, unit: str = "units of the target", **facts: Any) -> Metric:
    """A metric of a regression, of which less is better."""
    return Metric(name, label, unit=unit, **facts)


_ROWS = (
    Metric(
        "loss",
        "loss",
        tasks=(*_CLASSES, *_LABELS, *_NUMBERS),
        meaning="loss without penalties and smoothing; of a regression, on standardized targets",
        epochs=("train", "val"),
    ),
    _share(
        "accuracy",
        "accuracy",
        tasks=(*_CLASSES, *_LABELS),
        unit="share of rows",
        epochs=("train", "val"),
        leads=True,
        tie_break="loss",
    ),
    _share(
        "balanced_accuracy",
        "balanced accuracy",
        on_request=_CLASSES,
        meaning="mean recall over the classes that have rows",
    ),
    _share("micro_f1", "micro F1", tasks=_LABELS, epochs=("val",)),
    _share(
        "macro_f1",
        "macro F1",
        tasks=_LABELS,
        on_request=_CLASSES,
        meaning="mean F1 over the classes that have rows or predictions, or over the labels",
        epochs=("val",),
    ),
    _share(
        "roc_auc",
        "ROC AUC",
        on_request=(*_CLASSES, *_LABELS),
        meaning="area under the ROC curve, the mean over classes, each against the rest, or over labels",
        needs="rows with and without every class",
    ),
    _share(
        "average_precision",
        "average precision",
        on_request=(*_CLASSES, *_LABELS),
        meaning="mean precision over the steps of recall: of the second of two classes, else the mean over classes, "
        "each against the rest, or over labels",
        needs="rows of every class",
    ),
    _share(
        "top_5_accuracy",
        "top-5 accuracy",
        on_request=_CLASSES,
        meaning="share of rows whose class is among the five of the largest scores",
        needs="six classes or more",
        classes=6,
    ),
    Metric(
        "log_loss",
        "log loss",
        on_request=_CLASSES,
        meaning="mean of -log p, where p is the probability of the row's class; the loss of cross-entropy",
    ),
    Metric(
        "brier",
        "Brier score",
        on_request=_CLASSES,
        bounds=(0.0, 2.0),
        meaning="mean squared error of the probabilities: of the second of two classes, else summed over the classes",
    ),
    _error("rmse", "RMSE", tasks=_NUMBERS, epochs=("train", "val"), leads=True),
    _error("mae", "mean absolute error", tasks=_NUMBERS),
    _error(
        "median_absolute_error",
        "median absolute error",
        on_request=_NUMBERS,
        meaning="absolute error that half of the rows exceed",
    ),
    _error(
        "mape",
        "mean absolute percentage error",
        unit="share of the target",
        on_request=_NUMBERS,
        meaning="mean of the absolute error over the absolute target, or over 2.2e-16 if that is larger; 0.1 is 10%",
        needs="targets other than 0",
    ),
    Metric(
        "r2",
        "R²",
        tasks=_NUMBERS,
        unit="1 is perfect",
        larger_is_better=True,
        bounds=(-math.inf, 1.0),
        epochs=("val",),
        needs="two rows",
    ),
    Metric(
        "explained_variance",
        "explained variance",
        on_request=_NUMBERS,
        unit="1 is perfect",
        meaning="1 - variance of the errors / variance of the target: R² but for a constant error",
        larger_is_better=True,
        bounds=(-math.inf, 1.0),
        needs="two rows",
    ),
    _error("max_error", "maximum error", tasks=_NUMBERS, epochs=("val",)),
)

METRICS = {metric.name: metric for metric in _ROWS}


@dataclass(frozen=True)
class Measure:
    """A metric on one part of the data.

    >>> str(Measure.parse("val_max_error")), Measure.parse("val_max_error").metric.label
    ('val_max_error', 'maximum error')
    """

    part: str
    metric: Metric

    def __str__(self) -> str:
        return f"{self.part}_{self.metric.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The measure that a column is named after; ValueError where there is none of this name."""
        part, _, name = text.partition("_")
        if part not in PARTS or name not in METRICS:
            raise ValueError(f"{text!r} is not a metric of a part of the data")
        return cls(part, METRICS[name])

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The measure that a column is named after, or None."""
        try:
            return cls.parse(text)
        except ValueError:
            return None

    def on(self, part: str) -> Self:
        """The same metric on another part."""
        return type(self)(part, self.metric)


def metrics_of(task: str, *measures: str) -> tuple[Metric, ...]:
    """The metrics that a run of a task reports, in the order of their columns.

    Args:
        task: classification, multilabel or regression.
        measures: what else is asked for, as `monitor` and a sweep's `metric` say it: a measure of the task, or auto.

    >>> [metric.name for metric in metrics_of("classification", "val_roc_auc", "auto")]
    ['loss', 'accuracy', 'roc_auc']
    """
    asked = {measure.metric.name for text in measures if (measure := Measure.find(text))}
    return tuple(
        metric
        for metric in METRICS.values()
        if task in metric.tasks or (task in metric.on_request and metric.name in asked)
    )


def every_metric_of(task: str, classes: int | None = None) -> tuple[Metric, ...]:
    """The metrics that can be asked for, of which some say something of many classes only; None is any number."""
    return tuple(
        metric
        for metric in METRICS.values()
        if task in (*metric.tasks, *metric.on_request) and (classes is None or classes >= metric.classes)
    )


def monitored(task: str, targets: int) -> Metric:
    """The metric that chooses the best epoch unless another is asked for.

    For several targets it is the loss, whose targets are standardized: a mean of errors in different units would follow
    the target with the largest numbers. Several labels share one metric, so theirs leads.

    >>> monitored("regression", targets=1).name, monitored("regression", targets=3).name
    ('rmse', 'loss')
    """
    return METRICS["loss"] if task == "regression" and targets > 1 else _leading(task)


def ranking(task: str, targets: int) -> Metric:
    """The metric that ranks configurations unless another is asked for.

    For several targets it is R², which has no unit and, unlike the loss, one meaning whatever a run minimizes.
    """
    return METRICS["r2"] if task == "regression" and targets > 1 else _leading(task)


def undefined(measure: Measure, rows: int) -> str:
    """Why a measure has no value on these rows, and what to do.

    >>> undefined(Measure.parse("val_r2"), rows=1)
    'val_r2 is not defined on 1 validation row: it needs two rows; use another metric or other rows'
    """
    words = counted(rows, f"{PARTS[measure.part]} row")
    return f"{measure} is not defined on {words}: it needs {measure.metric.needs}; use another metric or other rows"


def _leading(task: str) -> Metric:
    return next(metric for metric in metrics_of(task) if metric.leads)


def epoch_columns(task: str, *measures: str) -> tuple[str, ...]:
    """The columns of metrics.csv, with those of the validation rows that are asked for, as in `metrics_of`.

    >>> epoch_columns("classification", "val_roc_auc")[5:9]
    ('val_loss', 'val_accuracy', 'val_roc_auc', 'grad_norm')
    """
    known = (Measure(part, metric) for part in PARTS for metric in METRICS.values())
    own = (str(measure) for measure in known if _each_epoch(measure, task, measures))
    return ("epoch", "step", "lr", *own, "grad_norm", "epoch_time_s", "total_time_s")


def _each_epoch(measure: Measure, task: str, asked: tuple[str, ...]) -> bool:
    metric = measure.metric
    if task in metric.tasks and measure.part in metric.epochs:
        return True
    return measure.part == "val" and str(measure) in asked and metric in every_metric_of(task)
