"""Facts about every metric, known before NumPy is loaded: one row each. `training.evaluate` holds the functions.

A metric on a part of the data is a measure, written `val_accuracy`: a column of metrics.csv and trials.csv, and what
ranks and monitors.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["METRICS", "PARTS", "Measure", "Metric", "epoch_columns", "metrics_of", "monitored", "ranking", "undefined"]

PARTS = {"train": "training", "val": "validation", "test": "test"}
"""The parts of a dataset by the prefix of their columns, each in words."""


@dataclass(frozen=True)
class Metric:
    """One number that says how good predictions are.

    `unit` is what a plot's axis says behind the `label`. `bounds` are the values between which it lies. `epochs` are
    the parts that metrics.csv has it for. `leads`: it ranks and monitors its tasks, with one target, unless another
    is asked for. `rows` are the fewest for which it is defined.
    `tie_break` is the metric that decides between equal values.
    """

    name: str
    label: str
    tasks: tuple[str, ...]
    unit: str = ""
    larger_is_better: bool = False
    bounds: tuple[float, float] = (0.0, math.inf)
    epochs: tuple[str, ...] = ()
    leads: bool = False
    tie_break: str | None = None
    rows: int = 1

    def key(self, value: Any) -> Any:
        """The value, or an array of values, turned so that smaller is better: the one key of every ranking."""
        return -value if self.larger_is_better else value


_ROWS = (
    Metric("loss", "loss", tasks=("classification", "multilabel", "regression"), epochs=("train", "val")),
    Metric(
        "accuracy",
        "accuracy",
        tasks=("classification", "multilabel"),
        unit="share of rows",
        larger_is_better=True,
        bounds=(0.0, 1.0),
        epochs=("train", "val"),
        leads=True,
        tie_break="loss",
    ),
    Metric("micro_f1", "micro F1", tasks=("multilabel",), larger_is_better=True, bounds=(0.0, 1.0), epochs=("val",)),
    Metric("macro_f1", "macro F1", tasks=("multilabel",), larger_is_better=True, bounds=(0.0, 1.0), epochs=("val",)),
    Metric("rmse", "RMSE", tasks=("regression",), unit="units of the target", epochs=("train", "val"), leads=True),
    Metric("mae", "mean absolute error", tasks=("regression",), unit="units of the target"),
    Metric(
        "r2",
        "R²",
        tasks=("regression",),
        unit="1 is perfect",
        larger_is_better=True,
        bounds=(-math.inf, 1.0),
        epochs=("val",),
        rows=2,
    ),
    Metric("max_error", "maximum error", tasks=("regression",), unit="units of the target", epochs=("val",)),
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


def metrics_of(task: str) -> tuple[Metric, ...]:
    """The metrics of a task, in the order of their columns."""
    return tuple(metric for metric in METRICS.values() if task in metric.tasks)


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
    """Why a measure has no value on so few rows, and what to do.

    >>> undefined(Measure.parse("val_r2"), rows=1)
    'val_r2 is not defined for 1 validation row, it needs 2; use another metric or more rows'
    """
    words = f"{rows} {PARTS[measure.part]} row{'' if rows == 1 else 's'}"
    return f"{measure} is not defined for {words}, it needs {measure.metric.rows}; use another metric or more rows"


def _leading(task: str) -> Metric:
    return next(metric for metric in metrics_of(task) if metric.leads)


def epoch_columns(task: str) -> tuple[str, ...]:
    """The columns of metrics.csv."""
    measured = (str(Measure(part, metric)) for part in PARTS for metric in metrics_of(task) if part in metric.epochs)
    return ("epoch", "step", "lr", *measured, "grad_norm", "epoch_time_s", "total_time_s")
