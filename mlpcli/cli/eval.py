"""`mlpcli eval`: a trained network scored on a split of its own data, from the model file alone."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.console import message, print_json, table
from mlpcli.cli.progress import short
from mlpcli.errors import DataError, UsageError

__all__ = ["evaluate"]


class Split(StrEnum):
    """The parts of a dataset."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def evaluate(
    run: Annotated[str, typer.Argument(help="a run's folder, a model file, or a name under --results")],
    split: Annotated[
        Split | None, typer.Option(help="which rows of its data", show_default="test, else val, else train")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="write row, target, prediction and probabilities to this CSV")
    ] = None,
    results: Annotated[Path, typer.Option(help="folder of all results")] = Path("results"),
    data_home: Annotated[
        Path | None, typer.Option(help="cache of prepared data", show_default="the user's cache")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the metrics as JSON and nothing else")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no messages")] = False,
) -> None:
    """Score a trained network: metrics, a table of its classes and the confusion matrix, written beside it as CSV.

    Example: mlpcli eval digits-0123456789ab --split val
    """
    from mlpcli.results.atomic import make_folder, shown, write_atomic
    from mlpcli.results.csv_text import encode, line
    from mlpcli.results.find import MODEL, find_run
    from mlpcli.training.model import Model
    from mlpcli.training.scores import Table, score
    from mlpcli.training.scores import predictions as predict
    from mlpcli.training.session import load_data

    path = find_run(run, results)
    model = Model.load(path)
    data = load_data(model.options, data_home)
    if data.digest != model.digest:
        raise DataError(
            f"cannot score {shown(path)} on {model.options.dataset}: its content has changed since. Train again on it"
        )
    name = split.value if split else list(data.parts)[-1]
    if name not in data.parts:
        raise UsageError(f"--split {name}: {data.name} has no such rows. It has {', '.join(data.parts)}")
    part = data.parts[name]
    message(f"{shown(path)}: {len(part)} {name} rows of {data.name}", quiet=quiet)
    scores = score(model, part)
    folder = path.parent if path.name == MODEL else path.with_name(f"{path.stem}-eval")
    tables = {folder / f"eval-{name}.csv": Table(list(scores.metrics), [list(scores.metrics.values())])}
    if scores.classes and scores.confusion:
        tables[folder / f"eval-{name}-classes.csv"] = scores.classes
        tables[folder / f"confusion-{name}.csv"] = scores.confusion
    if as_json:
        print_json(scores.metrics)
    else:
        for columns, rows in tables.values():
            table(columns, [[short(value) for value in row] for row in rows])
            print()
    if predictions:
        tables[predictions.absolute()] = predict(model, part.x, part.y, part.rows)
    make_folder(folder)
    for file, (columns, rows) in tables.items():
        write_atomic(file, encode("".join(map(line, (columns, *rows)))))
    if not as_json:
        print("\n".join(map(shown, tables)))
