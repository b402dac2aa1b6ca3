"""`mlpcli export`: a trained network in the format of another tool."""

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import Json, Quiet, ResultsRoot, SomeRun

__all__ = ["export"]


def export(
    run: SomeRun,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="file to write: .onnx, .py or .safetensors")],
    results: ResultsRoot = Path("results"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a trained network with its preprocessing and class names to one file.

    .onnx takes rows as the table has them, texts and empty cells included; .py is read by people and needs NumPy
    alone (python FILE.py rows.csv); .safetensors is the model file, which mlpcli reads.

    Example: mlpcli export digits-0123456789ab digits.onnx
    """
    from mlpcli.atomic import shown
    from mlpcli.export.model_formats import check_format
    from mlpcli.results.folders.find import find_run
    from mlpcli.training.model import Model

    check_format(file)
    source = find_run(run, results)
    model = Model.load(source)
    message(f"{shown(source)}: writing {file}", quiet=quiet)
    model.export(file)
    written = shown(file.absolute())
    if as_json:
        print_json({"model": shown(source), "files": [written]})
    else:
        print(written)
