"""The metric that ranks configurations: one number per trial, of training or validation rows, never of test rows."""

from collections.abc import Iterable

from mlpcli.config import usage_error
from mlpcli.config.metrics import EPOCH_COLUMNS, LARGER_IS_BETTER, METRICS
from mlpcli.wording import nearest, quote

__all__ = ["larger_is_better", "metric_problem", "ranking_metric"]

_SCORES = {task: [f"{part}_{name}" for part in ("train", "val") for name in names] for task, names in METRICS.items()}
"""The columns of trials.csv that may rank, by task."""

_DEFAULT = {"classification": "accuracy", "regression": "rmse"}


def larger_is_better(metric: str) -> bool:
    """Whether a configuration with a larger value ranks before one with a smaller value."""
    return f"val_{metric.partition('_')[2]}" in LARGER_IS_BETTER


def metric_problem(metric: object, *, every_epoch: bool) -> str | None:
    """Why this cannot rank, or None; `every_epoch` asks for a metric that is measured after each epoch."""
    names = dict.fromkeys(name for task in _SCORES for name in _SCORES[task])
    of_an_epoch = {name for columns in EPOCH_COLUMNS.values() for name in columns}
    known = [name for name in names if not every_epoch or name in of_an_epoch]
    if metric in known:
        return None
    if isinstance(metric, str) and metric.startswith("test_"):
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
        found = sorted({f"{'val' if validated else 'train'}_{_DEFAULT[task]}" for task, validated in kinds})
        if len(found) == 1:
            return found[0]
        raise usage_error([f"metric: the trials would be ranked by {' and '.join(found)}. Set one that all have"])
    for task, validated in kinds:
        if metric.startswith("val_") and not validated:
            raise usage_error([f"metric: there are no validation rows for {metric}. Set val_size above 0 or train_*"])
        if metric not in _SCORES[task]:
            raise usage_error([f"metric: {task} has no {metric}; use one of {', '.join(_SCORES[task])}"])
    return metric
