"""`mlpcli plot`: pictures of a run or a sweep, drawn from the files in its folder."""

from collections.abc import Callable, Mapping
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
    highlight: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help="configurations in colour, as in \"activation == 'sigmoid' and depth == 8\""),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="OPTION", help="one line per value of this option, the best configuration of each"),
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
    from mlpcli.results.folders.find import find_results

    path = find_results(name, results)
    message(f"{shown(path)}: drawing", quiet=quiet)

    from mlpcli.plot.draw import pictures
    from mlpcli.plot.selection import Asked

    asked = Asked(_condition(highlight, path) if highlight is not None else None, by)
    folder = (output or path).absolute()
    files = []
    for file, content in pictures(path, metric, kind.value, data_home, asked):
        make_folder(folder)
        write_atomic(folder / file, content)
        files.append(shown(folder / file))
    if as_json:
        print_json({"results": shown(path), "files": files})
    else:
        print("\n".join(files))


def _condition(text: str, path: Path) -> Callable[[Mapping[str, str]], bool]:
    """The condition of --highlight, a sweep file's `where`, on values of the varied options of the sweep in `path`."""
    from mlpcli.config import Source, build, read_toml
    from mlpcli.sweeps.spec.where import parse_where
    from mlpcli.wording import quote

    def refused(error: ValueError) -> UsageError:
        return UsageError(f"--highlight {quote(text)}: {error}")

    try:
        where = parse_where(text)
    except ValueError as error:
        raise refused(error) from None
    file = path / "sweep.toml"
    base = read_toml(file).get("base") if file.is_file() else None
    given = Source(base if isinstance(base, dict) else {}, f"{file}: [base] ")

    def holds(values: Mapping[str, str]) -> bool:
        words = {name: value for name, value in values.items() if value}
        try:
            return where.holds(build(given, Source(words, "trials.csv: ", text=True)))
        except ValueError as error:
            raise refused(error) from None

    return holds
