"""The record of one trial, from the plan of a sweep to its report: its identity, and its outcome once it has ended.

A column of trials.csv is a field of `Trial`, its name in one of the tuples below, and its meaning in `csv_schema`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Self

from mlpcli.config.metrics import Measure
from mlpcli.errors import LACK

__all__ = ["OUTCOME_COLUMNS", "STATES", "Trial", "trial_columns"]

STATES = ("complete", "failed", "diverged", "pruned")
"""The states in which a trial can end."""

_FIRST_COLUMNS = ("trial", "run_id", "state", "seed")
OUTCOME_COLUMNS = ("parameters", "epochs_run", "best_epoch")
"""The counts of a trial that has ended; only a failed trial lacks them."""
_LAST_COLUMNS = ("error", "time_s")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@cache
def _column(part: str, metric: str) -> str:
    """The column of a metric of a part; one string for all trials."""
    return f"{part}_{metric}"


def _nothing() -> Mapping[str, Any]:
    """One mapping for all trials that have not ended: a plan may have a hundred thousand."""
    return _NOTHING


def trial_columns(varied: Sequence[str] = (), scores: Sequence[str] = (), *, folds: bool = False) -> tuple[str, ...]:
    """The columns of trials.csv for these varied options and metrics, with `fold` after cross-validation.

    >>> trial_columns(["depth"], ["val_loss"])[3:9]
    ('seed', 'depth', 'parameters', 'epochs_run', 'best_epoch', 'val_loss')
    """
    return (*_FIRST_COLUMNS, *(["fold"] if folds else []), *varied, *OUTCOME_COLUMNS, *scores, *_LAST_COLUMNS)


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a sweep, or a single run.

    `number` is its row in trials.csv and `configuration` the index of its configuration, both from 0. `options` are
    the values of the varied options by name, as text where they were read from a file. `state` is None until the trial
    has ended, and `metrics` (`val_loss`, ...) has None for a metric that is not finite. `time_s` is in seconds.
    """

    number: int
    configuration: int
    run_id: str
    seed: int
    options: Mapping[str, object] = field(default_factory=_nothing)
    state: str | None = None
    parameters: int | None = None
    epochs_run: int | None = None
    best_epoch: int | None = None
    metrics: Mapping[str, float | None] = field(default_factory=_nothing)
    error: str | None = None
    time_s: float | None = None
    fold: int | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any], varied: Sequence[str]) -> Self:
        """The trial of a row of trials.csv; the row does not say which configuration it belongs to.

        >>> row = {"trial": 3, "run_id": "0a", "state": "failed", "seed": 1, "depth": "2", "val_loss": None}
        >>> row |= dict.fromkeys(["parameters", "epochs_run", "best_epoch", "error", "time_s"])
        >>> Trial.of_row(row, ["depth"]).options
        {'depth': '2'}
        """
        rest = dict(row)
        options = {name: rest.pop(name) for name in varied}
        fields = {name: rest.pop(name) for name in trial_columns()} | {"fold": rest.pop("fold", None)}
        return cls(number=fields.pop("trial"), configuration=0, options=options, metrics=rest, **fields)

    def ended(self, result: Mapping[str, Any], *, state: str | None = None, error: str | None = None) -> Self:
        """The trial with its outcome, given the content of a result.json; `state` replaces the state in there."""
        metrics = {
            _column(part, name): value if value is not None and math.isfinite(value) else None
            for part, scores in result["metrics"].items()
            for name, value in (scores or {}).items()
        }
        counts = {name: result[name] for name in OUTCOME_COLUMNS}
        state = state or result["state"]
        return replace(self, state=state, metrics=metrics, error=error, time_s=result["time_s"], **counts)

    @property
    def is_troubled(self) -> bool:
        """Whether the trial failed or diverged."""
        return self.state in ("failed", "diverged")

    @property
    def lack(self) -> str | None:
        """Resource that the system lacked where the trial failed for that reason alone, as in `errors.lack`.

        >>> Trial(0, 0, "0a", 0, state="failed", error="lack of memory: Unable to allocate 1.2 GiB").lack
        'memory'
        """
        error = self.error or ""
        return error.removeprefix(LACK).partition(":")[0] if error.startswith(LACK) else None

    def score(self, metric: str) -> float | None:
        """The value of a metric, None for a trial without a finite one, or that failed or diverged."""
        value = None if self.is_troubled else self.metrics.get(metric)
        return value if value is not None and math.isfinite(value) else None

    def rank(self, metric: str) -> tuple[float, int]:
        """Sort key with the best complete trial first: by the metric, then by number; infinite for other trials.

        >>> trial = Trial(7, 0, "0a", 0, state="complete", metrics={"val_accuracy": 0.75})
        >>> trial.rank("val_accuracy"), trial.rank("val_loss")
        ((-0.75, 7), (inf, 7))
        """
        score = self.score(metric)
        if self.state != "complete" or score is None:
            return math.inf, self.number
        return Measure.parse(metric).metric.key(score), self.number

    @property
    def numbers(self) -> dict[str, float | None]:
        """Every number of the outcome by its column in trials.csv."""
        counts = {name: getattr(self, name) for name in OUTCOME_COLUMNS}
        return {**counts, **self.metrics, "time_s": self.time_s}

    @property
    def row(self) -> dict[str, Any]:
        """The row of trials.csv by column."""
        fields = {name: getattr(self, name) for name in trial_columns() if name != "trial"}
        return {"trial": self.number, "fold": self.fold, **fields, **self.options, **self.metrics}
