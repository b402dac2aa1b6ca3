"""The columns of our CSV files: the meaning and unit of each, and the kind of its values.

Readers check a file against this declaration before anything in it is used, and say which file, line and column is
wrong. To add a column, add a row here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlpcli.config import OPTIONS
from mlpcli.config.metrics import METRICS, PARTS, Measure, every_metric_of
from mlpcli.results.schema.csv_column import Column
from mlpcli.results.trial import trial_columns
from mlpcli.wording import quote

__all__ = ["TABLES", "Table", "table"]


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
    Column("fold", "count", "fold of cross-validation whose rows validated, from 0"),
    Column("parameters", "count", "trainable parameters of the network"),
    Column("epochs_run", "count", "epochs that were trained"),
    Column("best_epoch", "count", "epoch whose weights were kept, 0 for the initial ones; of an ensemble the median"),
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
    Column("confirmed", "flag", "true if the numbers of the row are those of fresh seeds alone, after [confirm]"),
    Column("n_seeds", "count", "trials with a value of the metric: seeds, times folds", needed=True),
    Column("diff_mean", "number", "mean difference to the compared one, paired by seed; over fresh seeds if confirmed"),
    Column("diff_ci_low", "number", "lower end of the 95% t-interval of the difference"),
    Column("diff_ci_high", "number", "upper end of the 95% t-interval of the difference"),
    Column("p_value", "number", "p-value of the paired t-test, corrected by Holm's method"),
    Column("parameters", "count", "trainable parameters of the network"),
    Column("time_s", "number", "time of training, all seeds together", "s"),
)
_SCORES = _columns(
    *(Column(metric.name, "number", metric.meaning or metric.label, metric.unit) for metric in METRICS.values())
)
_CLASSES = _columns(
    Column("class", "text", "name of the class", needed=True),
    Column("precision", "number", "share of the rows predicted as this class that belong to it"),
    Column("recall", "number", "share of the rows of this class that are predicted as it"),
    Column("f1", "number", "harmonic mean of precision and recall"),
    Column("support", "count", "rows of the class, or the sum of their weights"),
)
_TARGETS = _columns(
    Column("target", "text", "name of the target", needed=True),
    *(
        Column(metric.name, "number", metric.meaning or metric.label, metric.unit)
        for metric in every_metric_of("regression")
        if metric.name != "loss"
    ),
)
_SUMMARY_OF_DATA = _columns(
    Column("name", "text", "name of the column", needed=True),
    Column("role", "text", "input, target or left out"),
    Column("kind", "text", "number, boolean, date, zoned date, time, text, classes or label"),
    Column("inputs", "count", "inputs of the network that the column became"),
    Column("gaps", "count", "training rows without a value"),
    Column("values", "text", "range of the numbers, or the different texts"),
    Column("note", "text", "what is unusual about the column, or why it is left out"),
)
_CONFUSION = _columns(Column(r"target\prediction", "text", "class of the rows that are counted", needed=True))
_CALIBRATION = _columns(
    Column(
        "probability", "number", "mean probability of the bin: of the second of two classes, else of the decided class"
    ),
    Column("share", "number", "share of the bin's rows that belong to this class"),
    Column("rows", "number", "rows of the bin, or their weights"),
)
_THRESHOLDS = _columns(
    Column("threshold", "number", "probability of the second class from which a row is taken for it"),
    Column("precision", "number", "share of the rows taken for the second class that belong to it"),
    Column("recall", "number", "share of the rows of the second class that are taken for it"),
    Column("f1", "number", "harmonic mean of precision and recall"),
    Column("accuracy", "number", "share of rows that are taken for their own class"),
)
_IMPORTANCES = _columns(
    Column("column", "text", "name of the column", needed=True),
    Column("inputs", "count", "inputs of the network that the column became"),
    Column("metric", "text", "metric that is compared with and without the column"),
    Column("importance", "number", "mean loss of accuracy or R², or gain in error, when the column is permuted"),
    Column("ci_low", "number", "lower end of the 95% t-interval of the importance"),
    Column("ci_high", "number", "upper end of the 95% t-interval of the importance"),
)
_PREDICTIONS = _columns(
    Column("row", "count", "number of the row in its table, from 0", needed=True),
    Column("target", "text", "value of the target column"),
    Column("prediction", "text", "class or number that the network predicts"),
)
_STATISTICS = {
    "mean": "mean over seeds",
    "std": "standard deviation over seeds",
    "ci_low": "lower end of the 95% t-interval of the mean over seeds",
    "ci_high": "upper end of the 95% t-interval of the mean over seeds",
}


@dataclass(frozen=True)
class Table:
    """A CSV file: what one row stands for, its fixed columns, and the columns that it must have.

    Other columns are metrics of a part of the data, statistics of them, and `other`. `notes` say more of the metrics of
    a part.
    """

    row: str
    fixed: Mapping[str, Column]
    needed: Sequence[str]
    other: Column | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def columns(self, header: Sequence[str]) -> list[Column]:
        """The declarations of the columns in a header.

        Raises:
            ValueError: a column is missing or is there twice.
        """
        if missing := [name for name in self.needed if name not in header]:
            raise ValueError(f"column {missing[0]} is missing")
        if twice := [name for name in header if header.count(name) > 1]:
            raise ValueError(f"column {quote(twice[0][:60])} is there twice")
        return [self.column(name) for name in header]

    def column(self, name: str) -> Column:
        """The declaration of one column."""
        if name in self.fixed:
            return self.fixed[name]
        if self.other is _OPTION and name in OPTIONS:
            return Column(name, "option", OPTIONS[name].help)
        base, statistic = name, ""
        for suffix, words in _STATISTICS.items():
            if name.endswith(f"_{suffix}"):
                base, statistic = name.removesuffix(f"_{suffix}"), words
        if measure := Measure.find(base):
            meaning = f"{measure.metric.label} on the {PARTS[measure.part]} rows{self.notes.get(measure.part, '')}"
            return Column(name, "number", f"{meaning}: {statistic}" if statistic else meaning, measure.metric.unit)
        if self.other is None or base.partition("_")[0] in PARTS:  # of another version of mlpcli
            return Column(name, "number", name.replace("_", " "))
        return Column(name, self.other.kind, self.other.meaning)


_OPTION = Column("", "option", "value of an option that the sweep varies")

TABLES = {
    "trials.csv": Table(
        "trial, in the order of the plan; metrics are those of the kept weights",
        {name: {**_TRIAL, **_ENDED}[name] for name in trial_columns(folds=True)},
        trial_columns(),
        _OPTION,
    ),
    "metrics.csv": Table(
        "epoch; in a sweep, per trial and epoch; a monitor that is not listed here has its column beside them",
        {**_TRIAL, **_EPOCH},
        ("epoch",),
        notes={"train": ", over the epoch's batches as they are trained on"},
    ),
    "diagnostics.csv": Table(
        "epoch, from the initial weights on, with --record; in a sweep, per trial and epoch",
        {**_TRIAL, **_RECORDED},
        tuple(_RECORDED),
    ),
    "summary.csv": Table("configuration, best first", _SUMMARY, ("rank", "n_seeds"), _OPTION),
    "columns.csv": Table("column of the data", _SUMMARY_OF_DATA, ("name",)),
    "eval-<rows>-targets.csv": Table("target, where there are several", _TARGETS, ("target",)),
    "eval-<rows>-classes.csv": Table("class", _CLASSES, ("class",)),
    "eval-<rows>.csv": Table("evaluation", _SCORES, ()),
    "confusion-<rows>.csv": Table(
        "class of the target",
        _CONFUSION,
        tuple(_CONFUSION),
        Column("<class>", "count", "rows of the target's class that are predicted as this class"),
    ),
    "calibration-<rows>.csv": Table(
        "bin of probabilities that has rows, where the target has classes", _CALIBRATION, tuple(_CALIBRATION)
    ),
    "thresholds-<rows>.csv": Table(
        "threshold, where the target has two classes, at most 1,000", _THRESHOLDS, tuple(_THRESHOLDS)
    ),
    "explain-<rows>.csv": Table(
        "column of the table, the most important first", _IMPORTANCES, ("column", "importance")
    ),
    "predictions-<rows>.csv": Table(
        "row of the data; `mlpcli predict` writes such rows too, without targets",
        _PREDICTIONS,
        ("row",),
        Column(
            "probability_<class>, target_<name>, prediction_<name>",
            "text",
            "probability of a class; value and prediction of one of several targets",
        ),
    ),
}
"""The CSV files by name; `<rows>` stands for the split or the table that was scored."""


def table(name: str) -> Table:
    """The declaration of a CSV file by its name."""
    for pattern, declared in TABLES.items():
        if re.fullmatch(re.escape(pattern).replace("<rows>", ".+"), name):
            return declared
    raise ValueError(f"{quote(name)} is no table of mlpcli")
