"""`mlpcli plot`: pictures of a run or a sweep, drawn from its folder."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.errors import UsageError
from mlpcli.installation import install_command

__all__ = ["plot"]


class Kind(StrEnum):
    """Files that can be written."""

    PNG = "png"
    SVG = "svg"


def plot(
    results_of: Annotated[
        str, typer.Argument(metavar="RESULTS", help="a run's or a sweep's folder, or its name under --results")
    ],
    metric: Annotated[
        str | None, typer.Option(help="a column of metrics.csv or trials.csv", show_default="what ranks there")
    ] = None,
    kind: Annotated[Kind, typer.Option("--format", help="of the files")] = Kind.PNG,
    output: Annotated[
        Path | None, typer.Option(help="folder of the pictures", show_default="that of the results")
    ] = None,
    results: Annotated[Path, typer.Option(help="folder of all results")] = Path("results"),
    data_home: Annotated[
        Path | None, typer.Option(help="cache of prepared data", show_default="the user's cache")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the files as JSON and nothing else")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no messages")] = False,
) -> None:
    """Draw learning curves, the metric against what was varied, what was recorded, and functions of one input.

    Example: mlpcli plot results/dropout
    """
    if find_spec("matplotlib") is None:
        raise UsageError(
            f"mlpcli plot: matplotlib is not installed. Nothing was written. Type: {install_command('plot')}"
        )
    from mlpcli.atomic import make_folder, shown, write_atomic
    from mlpcli.results.find import find_results

    path = find_results(results_of, results)
    message(f"{shown(path)}: drawing", quiet=quiet)

    from mlpcli.plot.draw import pictures

    folder = (output or path).absolute()
    files = []
    for name, content in pictures(path, metric, kind.value, data_home):
        make_folder(folder)
        write_atomic(folder / name, content)
        files.append(shown(folder / name))
    if as_json:
        print_json({"results": shown(path), "files": files})
    else:
        print("\n".join(files))
