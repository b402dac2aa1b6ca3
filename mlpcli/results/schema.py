"""What every column of our CSV files and every key of our JSON and TOML files means, and which values it may have.

Readers check a file against this declaration before anything in it is used, and say which file, line and column is
wrong. `column` also gives the meaning and the unit of each column, for the page of columns.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mlpcli.config import OPTIONS
from mlpcli.results import csv_text
from mlpcli.results.trial import STATES, trial_columns

__all__ = ["Column", "Provenance", "RunResult", "SweepHeader", "Table", "table"]

Kind = Literal["count", "number", "option", "run_id", "state", "text"]


@dataclass(frozen=True)
class Column:
    """One column of a CSV file: its name, kind of value, meaning and unit. An empty cell stands for no value."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    needed: bool = False

    def read(self, cell: str) -> Any:
        """The value of a cell, None for an empty one.

        Raises:
            ValueError: the cell holds no such value; the message says what was expected.
        """
        if not cell and not self.needed:
            return None
        return _READERS[self.kind](cell)


def _count(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 20):
        raise ValueError("expected a whole number")
    return int(cell)


def _number(cell: str) -> float:
    try:
        value = csv_text.number(cell[:400])
    except ValueError:
        value = None
    if value is None:
        raise ValueError("expected a number")
    return value


def _run_id(cell: str) -> str:
    if not re.fullmatch("[0-9a-f]{12}", cell):
        raise ValueError("expected 12 hexadecimal digits")
    return cell


def _state(cell: str) -> str:
    if cell not in STATES:
        raise ValueError(f"expected one of {', '.join(STATES)}")
    return cell


_READERS: Mapping[Kind, Callable[[str], Any]] = {
    "count": _count,
    "number": _number,
    "option": csv_text.text,
    "run_id": _run_id,
    "state": _state,
    "text": csv_text.text,
}


def _columns(*columns: Column) -> dict[str, Column]:
    return {column.name: column for column in columns}


_TRIAL = _columns(
    Column("trial", "count", "number of the trial, from 0", needed=True),
    Column("run_id", "run_id", "identity of the training: a hash of options, seed and data", needed=True),
)
_EPOCH = _columns(
    Column("epoch", "count", "number of the epoch, from 1", needed=True),
    Column("step", "count", "optimizer steps taken so far"),
    Column("lr", "number", "learning rate of the epoch's last step"),
    Column("grad_norm", "number", "mean over the epoch's steps of the global gradient norm, before clipping"),
    Column("epoch_time_s", "number", "time of the epoch", "s"),
    Column("total_time_s", "number", "time since training began", "s"),
)
_ENDED = _columns(
    Column("state", "state", "how the trial ended: complete, failed, diverged or pruned", needed=True),
    Column("seed", "count", "seed of the initial weights, the order of rows and the dropout masks", needed=True),
    Column("parameters", "count", "trainable parameters of the network"),
    Column("epochs_run", "count", "epochs that were trained"),
    Column("best_epoch", "count", "epoch whose weights were kept, 0 for the initial weights"),
    Column("error", "text", "reason why the trial failed or diverged"),
    Column("time_s", "number", "time of training", "s"),
)
_RECORDED = _columns(
    Column("epoch", "count", "number of the epoch, 0 for the initial weights", needed=True),
    Column("step", "count", "optimizer steps taken so far"),
    Column("gradient_variance", "number", "trace of the covariance of a minibatch's gradient"),
    Column("gradient_norm_full", "number", "norm of the gradient over all training rows"),
    Column("input_p15", "number", "15th percentile of the input of one unit of the last hidden layer"),
    Column("input_p50", "number", "median of the input of one unit of the last hidden layer"),
    Column("input_p85", "number", "85th percentile of the input of one unit of the last hidden layer"),
)
_SUMMARY = _columns(
    Column("rank", "count", "place of the configuration, 1 is the best", needed=True),
    Column("n_seeds", "count", "seeds with a value of the metric", needed=True),
    Column("diff_mean", "number", "mean difference to the compared configuration, paired by seed"),
    Column("diff_ci_low", "number", "lower end of the 95% t-interval of the difference"),
    Column("diff_ci_high", "number", "upper end of the 95% t-interval of the difference"),
    Column("p_value", "number", "p-value of the paired t-test, corrected by Holm's method"),
    Column("parameters", "count", "trainable parameters of the network"),
    Column("time_s", "number", "time of training, all seeds together", "s"),
)
_PARTS = {"train": "training", "val": "validation", "test": "test"}
_MEASURES = {
    "loss": ("loss, without penalties and smoothing", ""),
    "accuracy": ("share of rows whose class is predicted", ""),
    "rmse": ("root of the mean squared error", "of the target"),
    "mae": ("mean absolute error", "of the target"),
    "r2": ("coefficient of determination", ""),
    "max_error": ("largest absolute error", "of the target"),
}
_STATISTICS = {
    "mean": "mean over seeds",
    "std": "standard deviation over seeds",
    "ci_low": "lower end of the 95% t-interval of the mean",
    "ci_high": "upper end of the 95% t-interval of the mean",
}


@dataclass(frozen=True)
class Table:
    """A CSV file: what one row stands for, its fixed columns, and the names that must be there.

    Other columns are metrics, statistics of them, or options.
    """

    row: str
    fixed: Mapping[str, Column]
    needed: Sequence[str]
    options: bool = False

    def columns(self, header: Sequence[str]) -> list[Column]:
        """The declarations of the columns in a header.

        Raises:
            ValueError: a column is missing or stands there twice.
        """
        if missing := [name for name in self.needed if name not in header]:
            raise ValueError(f"column {missing[0]} is missing")
        if twice := [name for name in header if header.count(name) > 1]:
            raise ValueError(f"column {twice[0][:60]!a} stands there twice")
        return [self.column(name) for name in header]

    def column(self, name: str) -> Column:
        """The declaration of one column: fixed, an option, a metric, or a statistic of one."""
        if name in self.fixed:
            return self.fixed[name]
        if self.options and name in OPTIONS:
            return Column(name, "option", OPTIONS[name].help)
        part, _, measure = name.partition("_")
        for statistic, words in _STATISTICS.items():
            if measure.endswith(f"_{statistic}") and part in _PARTS:
                inner = self.column(name.removesuffix(f"_{statistic}"))
                return Column(name, "number", f"{words} of the {inner.meaning}", inner.unit)
        if part in _PARTS and measure:
            words, unit = _MEASURES.get(measure, (measure.replace("_", " "), ""))
            return Column(name, "number", f"{words}, {_PARTS[part]} rows", unit)
        if self.options:
            return Column(name, "option", "option that the sweep varies")
        return Column(name, "number", name.replace("_", " "))


_TABLES = {
    "trials.csv": Table(
        "trial",
        {name: {**_TRIAL, **_ENDED}[name] for name in trial_columns()},
        trial_columns(),
        options=True,
    ),
    "metrics.csv": Table("epoch, in a sweep one per trial and epoch", {**_TRIAL, **_EPOCH}, ("epoch",)),
    "diagnostics.csv": Table(
        "epoch, in a sweep one per trial and epoch; written with --record", {**_TRIAL, **_RECORDED}, ("epoch",)
    ),
    "summary.csv": Table("configuration, best first", _SUMMARY, ("rank", "n_seeds"), options=True),
}


def table(name: str) -> Table:
    """The declaration of a CSV file by its name."""
    return _TABLES[name]


class _File(BaseModel):
    """Keys that a file must have; others may stand beside them."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


_Scores = dict[str, float | None]


class _Metrics(_File):
    model_config = ConfigDict(extra="forbid")

    train: _Scores
    val: _Scores | None = None
    test: _Scores | None = None


class RunResult(_File):
    """result.json: what came of a run."""

    run_id: str
    state: Literal["complete", "diverged"]
    metrics: _Metrics
    best_epoch: int = Field(ge=0)
    epochs_run: int = Field(ge=0)
    parameters: int = Field(ge=0)
    config: dict[str, Any]
    time_s: float


class Provenance(_File):
    """provenance.json: what made the numbers."""

    version: str


class SweepHeader(_File):
    """The keys of sweep.toml that describe the sweep as a whole; `sweep.spec` reads the rest."""

    name: str | None = None
    metric: str | None = None
