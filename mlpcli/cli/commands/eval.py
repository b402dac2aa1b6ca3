"""`mlpcli eval`: scores of a trained network on a split of its own data or on another table."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import DataHome, Json, Quiet, ResultsRoot, SomeRun
from mlpcli.cli.option_flags import with_options
from mlpcli.cli.own_data import Split, folder_for_tables, own_data
from mlpcli.cli.standard_streams import table_on_disk
from mlpcli.cli.text_table import table
from mlpcli.cli.views.data_summary import summary_lines, warn_of_columns
from mlpcli.cli.views.epoch_view import short
from mlpcli.config import READING, Source, build
from mlpcli.errors import FileError, UsageError
from mlpcli.wording import quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.data import ColumnSummary, Part
    from mlpcli.data.prepared.column_summary import UnknownTexts
    from mlpcli.training.model import Model

__all__ = ["evaluate"]


class Asked(NamedTuple):
    """Rows to score, as in a `Part`; `y` is None where the targets are not known.

    `name` is used in file names, and `words` describes the rows in messages. `labelled`, `summary`, `unknown` and
    `weights` are those of `Rows`.
    """

    name: str
    words: str
    x: "NDArray[Any]"
    y: "NDArray[Any] | None"
    rows: "NDArray[Any]"
    labelled: "NDArray[Any] | None" = None
    summary: "Sequence[ColumnSummary]" = ()
    unknown: "Sequence[UnknownTexts]" = ()
    weights: "NDArray[Any] | None" = None


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

    For classes, calibration-SPLIT.csv says how often probabilities come true; for
    two classes, thresholds-SPLIT.csv says what each threshold would decide.

    For a table without the target column, only predictions are written.

    Example: mlpcli eval digits-0123456789ab --split val
    """
    from mlpcli.atomic import io_errors, make_folder, shown, write_atomic
    from mlpcli.data.readers.formats import FORMATS
    from mlpcli.results.files.csv_text import encode, line
    from mlpcli.results.files.snapshot import snapshot
    from mlpcli.results.folders.find import find_run
    from mlpcli.results.folders.promotion import MODEL
    from mlpcli.threads import blas_threads
    from mlpcli.training.model import Model
    from mlpcli.training.scores import Table, score
    from mlpcli.training.scores import predictions as predict

    if Path(run).suffix.lower() in FORMATS and os.path.isfile(run):
        raise UsageError(
            f"eval {quote(run)}: a table, where a run is meant. Type: mlpcli eval RUN --dataset {shlex.quote(run)}"
        )
    if dataset is None and given.values:
        flags = ", ".join(map(given.place, given.values))
        raise UsageError(f"{flags}: only another table is read with other options. Name it with --dataset")
    if dataset is not None and split is not None:
        raise UsageError(f"--split {split}, --dataset: all rows of another table are scored. Leave one of them out")

    def load() -> tuple[Path, os.stat_result, Model]:
        path = find_run(run, results)
        with io_errors("read", path):
            return path, path.stat(), Model.load(path)

    path, loaded, model = snapshot(find_run(run, results).parent, load)
    if dataset is None:
        asked = _own_rows(model, path, split, data_home)
    else:
        with table_on_disk(dataset) as table_name:
            asked = _other_rows(model, table_name, given, data_home)
    message(f"{shown(path)}: {len(asked.rows)} {asked.words}", quiet=quiet)
    for text in () if quiet else summary_lines(asked.summary):
        message(text)
    warn_of_columns((), asked.unknown)
    folder = folder_for_tables(path)
    if predictions:
        predictions = Path(os.path.realpath(predictions))  # a link that the user names is followed
    tables: dict[Path, Table] = {}
    with blas_threads(int(model.options.threads)):  # as in training, since the last bits depend on it
        scores = None if asked.y is None else score(model, _labelled_part(asked))
        if scores is None:
            predictions = predictions or folder / f"predictions-{asked.name}.csv"
        else:
            tables[folder / f"eval-{asked.name}.csv"] = Table(list(scores.metrics), [list(scores.metrics.values())])
            if scores.targets:
                tables[folder / f"eval-{asked.name}-targets.csv"] = scores.targets
            if scores.classes:
                tables[folder / f"eval-{asked.name}-classes.csv"] = scores.classes
            if scores.confusion:
                tables[folder / f"confusion-{asked.name}.csv"] = scores.confusion
        printed = list(tables.values())
        if scores and scores.calibration:
            tables[folder / f"calibration-{asked.name}.csv"] = scores.calibration
        if scores and scores.thresholds:
            tables[folder / f"thresholds-{asked.name}.csv"] = scores.thresholds
        if predictions:
            tables[predictions] = predict(model, asked.x, asked.y, asked.rows, asked.labelled)
    if scores and (missing := [name for name, value in scores.metrics.items() if value is None]):
        message(f"{', '.join(missing)}: not defined on these rows, so the cells are empty", quiet=quiet)
    if as_json:
        print_json(scores.metrics if scores else {"predictions": shown(next(iter(tables)))})
    for columns, rows in () if as_json else printed:
        table(columns, [[short(value) for value in row] for row in rows])
        print()
    if path.name == MODEL and not os.path.samestat(loaded, os.stat(find_run(run, results))):
        raise FileError(f"{shown(folder)} was trained again meanwhile. Nothing was written. Score it again")
    if folder in {file.parent for file in tables}:
        make_folder(folder)
    for file, (columns, rows) in tables.items():
        write_atomic(file, encode("".join(map(line, (columns, *rows)))))
    if not as_json:
        print("\n".join(map(shown, tables)))


def _labelled_part(asked: Asked) -> "Part":
    """The rows that have a target."""
    from mlpcli.data import Part

    assert asked.y is not None
    if asked.labelled is None:
        return Part(asked.x, asked.y, asked.rows, asked.weights)
    return Part(asked.x[asked.labelled], asked.y, asked.rows[asked.labelled], asked.weights)


def _own_rows(model: "Model", path: Path, split: Split | None, data_home: Path | None) -> Asked:
    """A split of the data that the model was trained on."""
    data, name = own_data(model, path, split, data_home)
    part = data.parts[name]
    return Asked(
        name, f"{name} rows of {data.name}", part.x, part.y, part.rows, summary=data.summary, weights=part.weights
    )


def _other_rows(model: "Model", dataset: str, given: Source, data_home: Path | None) -> Asked:
    """All rows of another table."""
    from mlpcli.data.new_rows import read_as_trained, read_rows
    from mlpcli.results.folders.naming import table_name

    options = read_as_trained(build(Source({"dataset": dataset}, "--"), given).data, model.options.data)
    found = read_rows(options, model.preprocessing, data_home)
    words = f"rows of {found.name}"
    if found.y is None:
        words += f", without {', '.join(model.preprocessing.targets)}: predictions only"
    elif len(found.labelled) < len(found):
        words += f", of which {len(found.labelled)} have a target and are scored"
    if options.weights and found.weights is None and found.y is not None:
        words += f", each counted once for lack of the weights {options.weights}"
    return Asked(
        table_name(dataset),
        words,
        found.x,
        found.y,
        found.rows,
        found.labelled,
        found.summary,
        found.unknown,
        found.weights,
    )
