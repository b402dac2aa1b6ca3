"""`mlpcli plot`: pictures of a run or a sweep, drawn from the files in its folder."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.console import message, print_json, warning
from mlpcli.cli.flags import DataHome, Json, Quiet, ResultsRoot, SomeTable
from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.plot.kinds import KINDS
from mlpcli.wording import nearest, sentence

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
    only: Annotated[
        str | None,
        typer.Option(metavar="KIND,…", help=f"draw these alone: {', '.join(KINDS)}", show_default="all there are"),
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
    """Draw everything that the files of a run or a sweep show: curves, options, the network, its decisions.

    A picture is drawn where there is what it needs; those of networks need a model file and its data. Of a sweep they
    show the best network that was kept.

    Examples: mlpcli plot results/dropout

              mlpcli plot moons --only regions,hidden --format svg
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

    kinds = _kinds(only) if only is not None else ()
    asked = Asked(_condition(highlight, path) if highlight is not None else None, by)
    folder = (output or path).absolute()
    files = []
    drawn = pictures(path, metric, kind.value, data_home, asked, only=kinds, leave_out=warning)
    for file, content in drawn:
        make_folder(folder)
        write_atomic(folder / file, content)
        files.append(shown(folder / file))
    if as_json:
        print_json({"results": shown(path), "files": files})
    else:
        print("\n".join(files))


def _kinds(text: str) -> list[str]:
    """The kinds that --only names."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in KINDS:
            problem = f"--only {name[:80]}: no such kind of picture{nearest(name, KINDS)}"
            raise UsageError(f"{sentence(problem)} Give some of {', '.join(KINDS)}")
    if not names:
        raise UsageError(f"--only: no kind of picture is named. Give some of {', '.join(KINDS)}")
    return names


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
