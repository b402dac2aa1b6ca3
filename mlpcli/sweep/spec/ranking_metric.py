"""The metric that ranks configurations: one number per trial, of training or validation rows, never of test rows."""

from collections.abc import Iterable

from mlpcli.config import usage_error
from mlpcli.config.metrics import METRICS, Measure, leading, metrics_of
from mlpcli.wording import nearest, quote

__all__ = ["metric_problem", "ranking_metric"]

_RANKING_PARTS = ("train", "val")


def metric_problem(metric: object, *, every_epoch: bool) -> str | None:
    """Why this cannot rank, or None; `every_epoch` asks for a metric that is measured after each epoch."""
    known = [
        str(Measure(part, one))
        for part in _RANKING_PARTS
        for one in METRICS.values()
        if not every_epoch or part in one.epochs
    ]
    if metric in known:
        return None
    measure = Measure.find(metric) if isinstance(metric, str) else None
    if measure is not None and measure.part == "test":
        return f"got {quote(metric)}, but test rows rank nothing; use one of {', '.join(known)}"
    hint = nearest(metric, known) if isinstance(metric, str) else ""
    of = "with halving one of" if every_epoch else "one of"
    return f"got {quote(metric)}, expected {of} {', '.join(known)}{hint}"


def ranking_metric(metric: str | None, kinds: Iterable[tuple[str, bool]]) -> str:
    """The metric that ranks trials of these kinds, each a task and whether there are validation rows.

    None stands for val_accuracy or val_rmse, train_* without validation rows. Raises `UsageError` where a trial would
    have no such number, or where trials of different kinds have different defaults.
    """
    kinds = dict.fromkeys(kinds)
    if metric is None:
        found = sorted({str(Measure("val" if validated else "train", leading(task))) for task, validated in kinds})
        if len(found) == 1:
            return found[0]
        raise usage_error([f"metric: the trials would be ranked by {' and '.join(found)}. Set one that all have"])
    measure = Measure.parse(metric)
    for task, validated in kinds:
        if measure.part == "val" and not validated:
            raise usage_error([f"metric: there are no validation rows for {metric}. Set val_size above 0 or train_*"])
        if task not in measure.metric.tasks:
            known = ", ".join(str(Measure(part, one)) for part in _RANKING_PARTS for one in metrics_of(task))
            raise usage_error([f"metric: {task} has no {metric}; use one of {known}"])
    return metric
