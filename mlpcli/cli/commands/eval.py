"""`mlpcli eval`: scores of a trained network on a split of its own data or on another table."""

import os
import shlex
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import DataHome, Json, Quiet, ResultsRoot, SomeRun, check_other_file
from mlpcli.cli.option_flags import with_options
from mlpcli.cli.score_tables import Split, folder_for_tables, of_one_model
from mlpcli.cli.standard_streams import table_on_disk
from mlpcli.cli.text_table import table
from mlpcli.cli.views.cells import short
from mlpcli.cli.views.data_summary import summary_lines, warn_of_columns
from mlpcli.config import READING, Source, build
from mlpcli.errors import UsageError
from mlpcli.wording import quote

if TYPE_CHECKING:
    from mlpcli.api.evaluate import RowsToScore
    from mlpcli.training.scores import Scores, Table

__all__ = ["evaluate"]

FILES_ONLY = ("calibration-", "thresholds-")
"""Beginnings of the names of tables that are too long for a terminal."""


@with_options(READING, default="as in training")
def evaluate(
    given: Source,
    *,
    run: SomeRun,
    split: Annotated[
        Split | None,
        typer.Option(help="part of the run's data to score", show_default="test, else val, else train"),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="score all rows of this table instead, - is CSV on stdin; columns are matched by name"),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="write row, target, prediction and probabilities to this CSV file")
    ] = None,
    results: ResultsRoot = Path("results"),
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score a trained network; metrics, scores per class and the confusion matrix are written beside it as CSV.

    For classes, calibration-SPLIT.csv says how often probabilities come true; for two classes, thresholds-SPLIT.csv
    says what each threshold would decide.

    For a table without the target column, only predictions are written.

    Example: mlpcli eval digits-0123456789ab --split val
    """
    from mlpcli.api.evaluate import evaluate_rows, other_rows, own_rows, predict_rows
    from mlpcli.atomic import make_folder, shown, write_atomic
    from mlpcli.data.readers.formats import FORMATS
    from mlpcli.results.files.csv_text import encode, line
    from mlpcli.training.model import Model

    if Path(run).suffix.lower() in FORMATS and os.path.isfile(run):
        raise UsageError(
            f"eval {quote(run)}: a table, where a run is meant. Type: mlpcli eval RUN --dataset {shlex.quote(run)}"
        )
    if dataset is None and given.values:
        flags = ", ".join(map(given.place, given.values))
        raise UsageError(f"{flags}: only another table is read with other options. Name it with --dataset")
    if dataset is not None and split is not None:
        raise UsageError(f"--split {split}, --dataset: all rows of another table are scored. Leave one of them out")
    if dataset is not None and predictions is not None:
        check_other_file("--predictions", predictions, dataset)

    say = cache(message)  # once, also where all is done once more because the run was trained again meanwhile

    def load(path: Path) -> tuple[Path, Model]:
        return path, Model.load(path)

    with table_on_disk(dataset) if dataset is not None else nullcontext() as file:

        def score(loaded: tuple[Path, Model]) -> "tuple[RowsToScore, Scores | None, Table | None]":
            path, model = loaded
            if file is None:
                asked = own_rows(model, shown(path), split, data_home)
            else:
                asked = other_rows(model, build(Source({"dataset": file}, "--"), given).data, data_home)
            say(f"{shown(path)}: {len(asked)} {asked.words}", quiet=quiet)
            for text in summary_lines(asked.summary):
                say(text, quiet=quiet)
            scores = evaluate_rows(model, asked)
            return asked, scores, predict_rows(model, asked) if predictions or not scores else None

        (path, _), (asked, scores, predicted) = of_one_model(run, results, load, score)
    warn_of_columns((), asked.unknown)
    folder = folder_for_tables(path)
    if predictions:
        predictions = Path(os.path.realpath(predictions))  # a link that the user names is followed
    tables = _score_tables(scores, asked.name) if scores else {}
    printed = [cells for name, cells in tables.items() if not name.startswith(FILES_ONLY)]
    files = {folder / f"{name}.csv": cells for name, cells in tables.items()}
    if predicted:
        files[predictions or folder / f"predictions-{asked.name}.csv"] = predicted
    if scores and (missing := [name for name, value in scores.metrics.items() if value is None]):
        message(f"{', '.join(missing)}: not defined on these rows, so the cells are empty", quiet=quiet)
    if as_json:
        print_json(scores.metrics if scores else {"predictions": shown(next(iter(files)))})
    for columns, rows in () if as_json else printed:
        table(columns, [[short(value) for value in row] for row in rows])
        print()
    if folder in {file.parent for file in files}:
        make_folder(folder)
    for place, (columns, rows) in files.items():
        write_atomic(place, encode("".join(map(line, (columns, *rows)))))
    if not as_json:
        print("\n".join(map(shown, files)))


def _score_tables(scores: "Scores", name: str) -> "dict[str, Table]":
    """The tables of the scores of some rows by the names of their files."""
    from mlpcli.training.scores import Table

    tables = {
        f"eval-{name}": Table(list(scores.metrics), [list(scores.metrics.values())]),
        f"eval-{name}-targets": scores.targets,
        f"eval-{name}-classes": scores.classes,
        f"confusion-{name}": scores.confusion,
        f"calibration-{name}": scores.calibration,
        f"thresholds-{name}": scores.thresholds,
    }
    return {file: cells for file, cells in tables.items() if cells}
