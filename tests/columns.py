"""Write results/reference/README.md, the page of every column of every CSV file: `python -m tests.columns`."""

from collections.abc import Sequence
from pathlib import Path

from mlpcli.config.metrics import METRICS, PARTS, Measure, epoch_columns
from mlpcli.results.schema.csv_schema import TABLES
from mlpcli.results.summary import summary_columns
from mlpcli.results.trial import trial_columns

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[1] / "results/reference/README.md"

HEAD = """# The columns of results

Every column of every CSV file that mlpcli writes, with its meaning and unit. Written by `python -m tests.columns`.

"""


def page() -> str:
    """The content of the page, one section per file."""
    sections = []
    for file, table in TABLES.items():
        rows = [f"| `{c.name}` | {c.meaning} | {c.unit} |" for c in map(table.column, names(file))]
        head = [f"## {file}", "", f"One row per {table.row}.", "", "| column | meaning | unit |", "|---|---|---|"]
        sections.append("\n".join([*head, *rows]))
    return HEAD + "\n\n".join(sections) + "\n"


def names(file: str) -> Sequence[str]:
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
    table = TABLES[file]
    return [*table.fixed, *([table.other.name] if table.other else [])]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
