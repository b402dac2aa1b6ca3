"""`mlpcli plot`: pictures of a run or a sweep, drawn from the files in its folder."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import DataHome, Json, Quiet, ResultsRoot, SomeTable
from mlpcli.errors import UsageError
from mlpcli.installation import install_command

__all__ = ["plot"]


class Kind(StrEnum):
    """Formats of picture files."""

    PNG = "png"
    SVG = "svg"


def plot(
    name: SomeTable,
    metric: Annotated[
        str | None, typer.Option(help="column of metrics.csv or trials.csv", show_default="the ranking metric")
    ] = None,
    kind: Annotated[Kind, typer.Option("--format", help="format of the pictures")] = Kind.PNG,
    output: Annotated[
        Path | None, typer.Option(help="folder for the pictures", show_default="the folder of the results")
    ] = None,
    results: ResultsRoot = Path("results"),
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw learning curves, the metric against the varied options, diagnostics, and fitted functions of one input.

    Example: mlpcli plot results/dropout
    """
    if find_spec("matplotlib") is None:
        raise UsageError(
            f"mlpcli plot: matplotlib is not installed. Nothing was written. Type: {install_command('plot')}"
        )
    from mlpcli.atomic import make_folder, shown, write_atomic
    from mlpcli.results.find import find_results

    path = find_results(name, results)
    message(f"{shown(path)}: drawing", quiet=quiet)

    from mlpcli.plot.draw import pictures

    folder = (output or path).absolute()
    files = []
    for file, content in pictures(path, metric, kind.value, data_home):
        make_folder(folder)
        write_atomic(folder / file, content)
        files.append(shown(folder / file))
    if as_json:
        print_json({"results": shown(path), "files": files})
    else:
        print("\n".join(files))
