"""`mlpcli export`: a trained network in the format of another tool, or the history of trials in another tracker."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import Json, Quiet, ResultsRoot

__all__ = ["export"]


class Tracker(StrEnum):
    """Trackers of experiments."""

    MLFLOW = "mlflow"
    TENSORBOARD = "tensorboard"


def export(
    name: Annotated[
        str,
        typer.Argument(metavar="RUN", help="run, model file or trial (SWEEP/best); with --to a run or a sweep"),
    ],
    target: Annotated[
        str, typer.Argument(metavar="FILE", help=".onnx, .py or .safetensors file; with --to a folder or an address")
    ],
    to: Annotated[
        Tracker | None,
        typer.Option(help="write the history instead: every trial's options, epochs and scores", show_default=False),
    ] = None,
    results: ResultsRoot = Path("results"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a trained network with its preprocessing and class names to one file, or a history to another tracker.

    .onnx takes rows as the table has them, texts and empty cells included; .py is read by people and needs NumPy
    alone (python FILE.py rows.csv); neither takes columns of dates or sparse rows. .safetensors is the model file,
    which mlpcli reads.

    Trials that a tracker has already are left as they are, so the same command adds what is new.

    Examples: mlpcli export digits-0123456789ab digits.onnx
              mlpcli export dropout --to tensorboard logs
              mlpcli export dropout --to mlflow sqlite:///mlflow.db
    """
    if to is None:
        _export_model(name, Path(target), results, as_json, quiet)
    else:
        _export_history(name, to.value, target, results, as_json, quiet)


def _export_model(name: str, file: Path, results: Path, as_json: bool, quiet: bool) -> None:
    from mlpcli.atomic import shown
    from mlpcli.export.model_formats import check_format
    from mlpcli.results.folders.find_models import find_run
    from mlpcli.training.model import Model

    check_format(file)
    source = find_run(name, results)
    model = Model.load(source)
    model.export(file)
    message(f"{shown(source)}: exported", quiet=quiet)
    written = shown(file.absolute())
    if as_json:
        print_json({"model": shown(source), "files": [written]})
    else:
        print(written)


def _export_history(name: str, tracker: str, place: str, results: Path, as_json: bool, quiet: bool) -> None:
    from mlpcli.atomic import shown
    from mlpcli.export.trackers import check_tracker, write_histories
    from mlpcli.results.folders.find import find_results
    from mlpcli.results.folders.read_folder import read_folder

    check_tracker(tracker)
    path = find_results(name, results)
    folder = read_folder(path)
    message(f"{shown(path)}: writing the history to {place}", quiet=quiet)
    outcome = list(write_histories(folder, tracker, place))
    counts = {"written": sum(outcome), "there_already": len(outcome) - sum(outcome)}
    counts["not_ended"] = len(folder.trials) - len(outcome)
    if as_json:
        print_json({"results": shown(path), "to": place, **counts})
    else:
        print(", ".join(f"{count} {words.replace('_', ' ')}" for words, count in counts.items()))
