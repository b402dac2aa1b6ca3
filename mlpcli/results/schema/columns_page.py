"""The page of columns: every column of every CSV file with its meaning and unit, written from `csv_schema`."""

from collections.abc import Sequence

from mlpcli.config.metrics import METRICS, PARTS, Measure, epoch_columns
from mlpcli.results.schema.csv_schema import TABLES
from mlpcli.results.summary import summary_columns
from mlpcli.results.trial import trial_columns

__all__ = ["columns_page"]


def columns_page() -> str:
    """The page in Markdown, one section per file.

    >>> print(columns_page()[:79])
    ## trials.csv
    <BLANKLINE>
    One row per trial, in the order of the plan.
    <BLANKLINE>
    | column | meaning
    """
    sections = []
    for file, table in TABLES.items():
        rows = [f"| `{c.name}` | {c.meaning} | {c.unit} |" for c in map(table.column, _names(file))]
        head = [f"## {file}", "", f"One row per {table.row}.", "", "| column | meaning | unit |", "|---|---|---|"]
        sections.append("\n".join([*head, *rows]))
    return "\n\n".join(sections) + "\n"


def _names(file: str) -> Sequence[str]:
    """The columns to list: `<option>` stands for each varied option, and summary.csv ranks by val_accuracy."""
    if file == "trials.csv":
        measures = [str(Measure(part, metric)) for part in PARTS for metric in METRICS.values()]
        return trial_columns(["<option>"], measures, folds=True)
    if file == "metrics.csv":
        tasks = [task for metric in METRICS.values() for task in metric.tasks]
        columns = [column for task in dict.fromkeys(tasks) for column in epoch_columns(task)]
        return list(dict.fromkeys(("trial", "run_id", *columns)))
    if file == "summary.csv":
        return summary_columns(["<option>"], "val_accuracy", confirmed=True)
    other = ["<class>"] if TABLES[file].other else []
    return [*TABLES[file].fixed, *other]
