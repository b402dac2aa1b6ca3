"""trials.csv of a sweep as records: which trials have ended, which metric ranks them, and how a user names one.

Reading takes the table column by column, so that 20,000 trials are there in a fraction of a second.
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mlpcli.config import OPTIONS
from mlpcli.config.identity import RUN_ID_DIGITS, is_run_id
from mlpcli.config.metrics import METRICS, Measure
from mlpcli.results.files.read_file import read_columns, read_json, read_rows, read_toml
from mlpcli.results.folders.sweep_ownership import PROVENANCE, SUMMARY, SWEEP
from mlpcli.results.folders.sweep_tables import TRIALS
from mlpcli.results.schema.json_schema import Provenance, SweepHeader
from mlpcli.results.trial import Trial

__all__ = ["BEST", "RERUN", "RUN_ID_LEAST", "SweepTrials", "judged", "read_trials", "usual_metric"]

RERUN = "Run the sweep again with --restart, or copy the folder again"

BEST = re.compile(r"best(?::(\d{1,9}))?")
"""The name of the best trial of a sweep, or of its best few."""

RUN_ID_LEAST = 4
"""Digits of a run_id that are enough to tell its beginning from a slip."""

_USUAL = [str(Measure(part, metric)) for part in ("val", "train") for metric in METRICS.values() if metric.leads]


@dataclass(frozen=True)
class SweepTrials:
    """The trials of a sweep that have ended, in the order of trials.csv.

    `metric` ranks them, `varied` are the options that tell their configurations apart. `columns` are the values of
    trials.csv by column, with `varied` as text.
    """

    path: Path
    metric: str
    varied: tuple[str, ...]
    columns: Mapping[str, Sequence[Any]]

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """The trials as records, each with the index of its configuration."""
        configurations: dict[tuple[object, ...], int] = {}
        trials = []
        for values in zip(*self.columns.values(), strict=True):
            trial = Trial.of_row(dict(zip(self.columns, values, strict=True)), self.varied)
            configuration = configurations.setdefault(tuple(trial.options.values()), len(configurations))
            trials.append(replace(trial, configuration=configuration) if configuration else trial)
        return tuple(trials)

    @cached_property
    def order(self) -> list[int]:
        """The rows of the complete trials that have a value of the metric, the best first."""
        key = Measure.parse(self.metric).metric.key
        scores = self.columns.get(self.metric, ())
        values = zip(scores, self.columns["trial"], self.columns["state"], strict=False)
        keys = [
            (key(score), number, row)
            for row, (score, number, state) in enumerate(values)
            if state == "complete" and score is not None and math.isfinite(score)
        ]
        return [row for _, _, row in sorted(keys)]

    @cached_property
    def ranked(self) -> list[Trial]:
        """The trials in the same order."""
        return [self.trials[row] for row in self.order]

    def named(self, word: str) -> list[Trial]:
        """The trials that a word behind `SWEEP/` means: `17`, `best`, `best:5`, or the beginning of a run_id.

        Digits alone are a number, which another trial must not answer to while that one is in training; or they are a
        whole run_id. The list is empty where there is none, and longer than one for `best:5`, or where several run_ids
        begin like this.
        """
        if best := BEST.fullmatch(word):
            return self.ranked[: int(best[1] or 1)]
        if word.isdigit() and len(word) < RUN_ID_DIGITS:
            return [trial for trial in self.trials if str(trial.number) == word]
        alike = (
            [trial for trial in self.trials if trial.run_id.startswith(word)] if is_run_id(word, RUN_ID_LEAST) else []
        )
        return alike if len({trial.run_id for trial in alike}) > 1 else alike[:1]

    @cached_property
    def last_seed(self) -> int | None:
        """The last of the seeds by which a sweep with [confirm] chose; the fresh ones are above it."""
        file = self.file
        if "confirm" not in file:
            return None
        seeds = file.get("seeds", [file.get("base", {}).get("seed", OPTIONS["seed"].default)])
        return int(max(range(seeds) if isinstance(seeds, int) else seeds))

    @cached_property
    def file(self) -> Mapping[str, Any]:
        """The sweep.toml of the folder, {} in a copy without it."""
        return read_toml(self.path / SWEEP, SweepHeader, RERUN) if os.path.isfile(self.path / SWEEP) else {}


def judged(trials: Sequence[Trial], last_seed: int | None) -> list[Trial]:
    """Those of a configuration's trials that summary.csv is made of: the fresh seeds of [confirm], where it has any."""
    return [trial for trial in trials if last_seed is not None and trial.seed > last_seed] or list(trials)


def read_trials(path: Path) -> SweepTrials:
    """The trials in a sweep's folder, which may still be running.

    Raises:
        DataError: a file there is not one that mlpcli writes.
        FileError: a file cannot be read.
    """
    declared, columns = read_columns(path / TRIALS, RERUN)
    varied = tuple(column.name for column in declared if column.kind == "option")
    scores = {name: columns[name] for name in _USUAL if name in columns}
    return SweepTrials(path, _metric(path) or usual_metric(scores), varied, columns)


def usual_metric(columns: Mapping[str, Sequence[Any]]) -> str:
    """The first of the metrics that rank by default for which these columns have finite numbers."""
    known = [name for name in _USUAL if name in columns]
    numbers = (name for name in known if any(value is not None and math.isfinite(value) for value in columns[name]))
    return next(numbers, known[0] if known else _USUAL[0])


def _metric(path: Path) -> str | None:
    """The metric that ranks, by what the sweep noted when it began or, in a copy without that, by its other files."""
    metric: str | None = None
    if os.path.isfile(path / PROVENANCE):
        metric = read_json(path / PROVENANCE, Provenance, RERUN).get("metric")
    if metric is None and os.path.isfile(path / SUMMARY):
        header = read_rows(path / SUMMARY, RERUN).header
        metric = next((name.removesuffix("_mean") for name in header if name.endswith("_mean")), None)
    if metric is None and os.path.isfile(path / SWEEP):
        metric = read_toml(path / SWEEP, SweepHeader, RERUN).get("metric")
    return metric
