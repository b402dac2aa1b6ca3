"""Score of a trial as a search strategy is told it: the ranking metric, after the epochs that a round asked for."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mlpcli.config.metrics import Measure, Metric
from mlpcli.results.trial import Trial

__all__ = ["best_value", "epochs_begun", "trial_score"]

Row = Mapping[str, Any]


def trial_score(
    trial: Trial,
    rows: Callable[[], Sequence[Row]],
    epochs: int | None,
    metric: str,
) -> tuple[float, bool]:
    """The metric of a trial, nan if it failed or diverged, and whether it has come to its end.

    After a full run (`epochs` is None) that is the metric in its outcome; after a number of epochs the best in its rows
    of metrics.csv up to there, whether or not an earlier run of the sweep trained it further.
    """
    if epochs is None:
        value = trial.score(metric) if trial.state == "complete" else None
        return (math.nan if value is None else value), True
    ended = trial.state not in (None, "pruned") and epochs_begun(trial) <= epochs
    if ended and trial.is_troubled:
        return math.nan, True
    values = (row[metric] for row in rows()[:epochs])
    return best_value((value for value in values if value is not None), Measure.parse(metric).metric), ended


def best_value(values: Iterable[float], metric: Metric) -> float:
    """The best of one trial's values of a metric, one per epoch; nan if none is finite."""
    return min(filter(math.isfinite, values), key=metric.key, default=math.nan)


def epochs_begun(trial: Trial) -> int:
    """How many epochs a trial began: one more than it finished if it failed or diverged in that one."""
    return (trial.epochs_run or 0) + trial.is_troubled
