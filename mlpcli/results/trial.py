"""The record of one trial, from the plan of a sweep to its report: what it is, and what came of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["FINAL_COLUMNS", "FIRST_COLUMNS", "MIDDLE_COLUMNS", "STATES", "Trial", "trial_columns"]

STATES = ("complete", "failed", "diverged", "pruned")
"""The states in which a trial can end."""

FIRST_COLUMNS = ("trial", "run_id", "state", "seed")
MIDDLE_COLUMNS = ("parameters", "epochs_run", "best_epoch")
FINAL_COLUMNS = ("error", "time_s")

_NONE: Mapping[str, float | None] = MappingProxyType({})
"""Shared by all trials that have not ended: a plan may hold a hundred thousand."""


def trial_columns(varied: Sequence[str], scores: Sequence[str]) -> tuple[str, ...]:
    """The columns of trials.csv for these varied options and metrics.

    >>> trial_columns(["depth"], ["val_loss"])[3:9]
    ('seed', 'depth', 'parameters', 'epochs_run', 'best_epoch', 'val_loss')
    """
    return (*FIRST_COLUMNS, *varied, *MIDDLE_COLUMNS, *scores, *FINAL_COLUMNS)


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a sweep, or a single run.

    `number` is its row in trials.csv and `configuration` the index of its configuration, both from 0. `values` are
    those of the varied options, as text where they were read from a file. `state` is None until the trial has ended,
    and `metrics` (`val_loss`, ...) has None for a metric that is not finite.
    """

    number: int
    configuration: int
    run_id: str
    seed: int
    values: tuple[object, ...] = ()
    state: str | None = None
    parameters: int | None = None
    epochs_run: int | None = None
    best_epoch: int | None = None
    metrics: Mapping[str, float | None] = field(default_factory=lambda: _NONE)
    error: str | None = None
    time_s: float | None = None

    @property
    def is_scored(self) -> bool:
        """Whether the trial counts in a ranking: it is complete, or was pruned."""
        return self.state in ("complete", "pruned")

    @property
    def is_troubled(self) -> bool:
        """Whether the trial failed or diverged."""
        return self.state in ("failed", "diverged")

    def score(self, metric: str) -> float | None:
        """The value of a metric, None for a trial without a finite one."""
        value = self.metrics.get(metric)
        return value if self.is_scored and value is not None and math.isfinite(value) else None

    @property
    def numbers(self) -> dict[str, float | None]:
        """Every number that came of the trial, by its column in trials.csv."""
        counts = {name: getattr(self, name) for name in MIDDLE_COLUMNS}
        return {**counts, **self.metrics, "time_s": self.time_s}

    def row(self, varied: Sequence[str]) -> dict[str, Any]:
        """The row of trials.csv, with the values of the `varied` options under their names."""
        first = {"trial": self.number, "run_id": self.run_id, "state": self.state, "seed": self.seed}
        return {**first, **dict(zip(varied, self.values, strict=True)), **self.numbers, "error": self.error}
