"""`mlpcli report`: runs and sweeps as one HTML page to look at and to send."""

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.console import message, print_json, warning
from mlpcli.cli.flags import Json, Quiet, ResultsRoot, check_suffix

__all__ = ["report"]


def report(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME", help="folder of a run or a sweep, or its name under --results")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file to write", show_default="report.html beside the results")
    ] = None,
    results: ResultsRoot = Path("results"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write one HTML page with tables that sort and filter, learning curves, options, p-values and provenance.

    The page is one file and loads nothing from the network when it is opened. A click on a row or a point shows the
    trial, its curves and the command that trains it again.

    Example: mlpcli report dropout -o dropout.html
    """
    from mlpcli.atomic import shown, write_atomic
    from mlpcli.report.page import check_installed, page_bytes
    from mlpcli.results.folders.find import find_results

    check_installed()
    if output is not None:
        check_suffix("--output", output, ".html")
    paths = [find_results(name, results) for name in names]
    message(f"reading {', '.join(map(shown, paths))}", quiet=quiet)

    from mlpcli.report.contents import contents_of

    page = page_bytes([contents_of(path, leave_out=warning) for path in paths])
    file = (output or paths[0] / "report.html").absolute()
    write_atomic(file, page)
    if as_json:
        print_json({"results": [shown(path) for path in paths], "files": [shown(file)]})
    else:
        print(shown(file))
