"""The metric that ranks configurations: one number per trial, of training or validation rows, never of test rows."""

from collections.abc import Iterable
from typing import NamedTuple

from mlpcli.config import usage_error
from mlpcli.config.metrics import METRICS, Measure, every_metric_of, ranking
from mlpcli.wording import nearest, quote

__all__ = ["Kind", "metric_problem", "ranking_metric"]

_RANKING_PARTS = ("train", "val")


class Kind(NamedTuple):
    """Facts that decide which metrics a trial has: its task, its number of targets, and its rows by part."""

    task: str
    targets: int
    train: int
    val: int


def metric_problem(metric: object, *, every_epoch: bool) -> str | None:
    """Why this cannot rank, or None; `every_epoch` asks for a metric that is measured after each epoch."""
    known = [
        str(Measure(part, one))
        for part in _RANKING_PARTS
        for one in METRICS.values()
        if not every_epoch or part == "val" or part in one.epochs
    ]
    if metric in known:
        return None
    measure = Measure.find(metric) if isinstance(metric, str) else None
    if measure is not None and measure.part == "test":
        return f"got {quote(metric)}, but test rows rank nothing; use one of {', '.join(known)}"
    hint = nearest(metric, known) if isinstance(metric, str) else ""
    of = "with halving one of" if every_epoch else "one of"
    return f"got {quote(metric)}, expected {of} {', '.join(known)}{hint}"


def ranking_metric(metric: str | None, kinds: Iterable[Kind], *, every_epoch: bool = False) -> str:
    """The metric that ranks trials of these kinds.

    None stands for val_accuracy, val_rmse or, with several targets, val_r2; for train_* without validation rows.

    Raises:
        UsageError: a trial would have no such number, or trials of different kinds have different defaults.
    """
    kinds = dict.fromkeys(kinds)
    if metric is None:
        defaults = sorted(
            {str(Measure("val" if kind.val else "train", ranking(kind.task, kind.targets))) for kind in kinds}
        )
        if len(defaults) > 1:
            raise usage_error(
                [f"metric: the trials would be ranked by {' and '.join(defaults)}. Set one that all have"]
            )
        metric = defaults[0]
        if problem := metric_problem(metric, every_epoch=every_epoch):
            raise usage_error([f"metric: the default does not serve here: {problem}"])
    measure = Measure.parse(metric)
    for kind in kinds:
        if not getattr(kind, measure.part):
            remedy = "Set val_size above 0, or rank by a train_* metric"
            raise usage_error([f"metric: there are no validation rows for {metric}. {remedy}"])
        if measure.metric not in every_metric_of(kind.task):
            known = ", ".join(str(Measure(part, one)) for part in _RANKING_PARTS for one in every_metric_of(kind.task))
            raise usage_error([f"metric: {kind.task} has no {metric}; use one of {known}"])
    return metric
