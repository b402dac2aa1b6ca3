"""`mlpcli plot`: pictures of a run or a sweep, drawn from the files in its folder."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.console import message, print_json, warning
from mlpcli.cli.flags import DataHome, Json, Quiet, ResultsRoot, SomeTable, switch
from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.plot.kinds import ANIMATED, KINDS
from mlpcli.wording import nearest, sentence

__all__ = ["plot"]


class Format(StrEnum):
    """Formats of picture files."""

    PNG = "png"
    SVG = "svg"


def plot(
    name: SomeTable = "",
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="column of metrics.csv or trials.csv",
            show_default="the ranking metric",
            autocompletion=completion.columns("metrics.csv", "trials.csv"),
        ),
    ] = None,
    highlight: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help="configurations in colour, as in \"activation == 'sigmoid' and depth == 8\""),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="OPTION",
            help="one line per value of this option, the best configuration of each",
            autocompletion=completion.columns("trials.csv"),
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="KIND,…", help=f"draw these alone: {', '.join(KINDS)}", show_default="all there are"),
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="format of the pictures", show_default="png")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="folder for the pictures", show_default="the folder of the results, else here"
        ),
    ] = None,
    activations: Annotated[
        bool, switch("--activations", help="draw the activations and their slopes instead of results")
    ] = False,
    losses: Annotated[bool, switch("--losses", help="draw the losses and their slopes instead of results")] = False,
    animate: Annotated[
        bool, switch("--animate", help="draw a run over its epochs as GIF files; it must have --record-weights")
    ] = False,
    show: Annotated[bool, switch("--show", help="open the pictures in a window too")] = False,
    results: ResultsRoot = Path("results"),
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw everything that the files of a run or a sweep show: curves, options, the network, its decisions.

    A picture is drawn where there is what it needs; those of networks need a model file and its data.

    Pictures of a sweep's networks show the best that was kept; SWEEP/17 draws one trial.

    Examples: mlpcli plot results/dropout
              mlpcli plot moons --only regions,hidden --format svg
              mlpcli plot moons --animate
    """
    if find_spec("matplotlib") is None:
        raise UsageError(
            f"mlpcli plot: matplotlib is not installed. Nothing was written. Type: {install_command('plot')}"
        )
    from mlpcli.atomic import make_folder, shown, write_atomic
    from mlpcli.results.folders.find import find_named, find_results

    formulas = [formula for formula, chosen in (("activations", activations), ("losses", losses)) if chosen]
    if bool(name) == bool(formulas):
        raise UsageError(
            "mlpcli plot: give either the NAME of a run or a sweep, or --activations or --losses. Nothing was written"
        )
    kinds = _kinds(only, [*ANIMATED] if animate else [*KINDS])
    if animate and formulas:
        raise UsageError("--animate: functions do not move. Give the NAME of a run. Nothing was written")
    for flag, value in (("--metric", metric), ("--format", form)):
        if animate and value is not None:
            raise UsageError(
                f"--animate, {flag} {value}: a GIF shows the network alone. Nothing was written. Leave one out"
            )
    for flag, asked_for in (("--metric", metric), ("--by", by), ("--highlight", highlight), ("--only", only)):
        if formulas and asked_for is not None:
            raise UsageError(f"{flag}: formulas have no results to choose from. Nothing was written. Leave it out")
    form = form or Format.PNG
    if name:
        named = find_named(name, results)
        trial = named.trials[0] if named.trials and len(named.trials) == 1 else None
        place = named.path if trial else find_results(name, results)
        title = named.name(trial) if trial else shown(place)
        if trial and trial.state != "complete":
            raise UsageError(f"{title} is {trial.state}, and only complete trials are drawn. Choose another trial")
        message(f"{title}: drawing", quiet=quiet)

        from mlpcli.plot.draw import animations, pictures
        from mlpcli.plot.selection import Asked

        asked = Asked(_condition(highlight, place) if highlight is not None else None, by)
        if animate:
            drawn = animations(place, data_home, asked, trial=trial, only=kinds)
        else:
            drawn = pictures(place, metric, form.value, data_home, asked, trial=trial, only=kinds, leave_out=warning)
    else:
        place, drawn = Path(), _of_formulas(formulas, form)
    folder = (output or place).absolute()
    files = []
    for file, content in drawn:
        make_folder(folder)
        write_atomic(folder / file, content)
        files.append(folder / file)
    names = [shown(file) for file in files]
    if as_json:
        print_json({"results": shown(place), "files": names} if name else {"files": names})
    else:
        print("\n".join(names))
    if show:
        _open(files)


def _of_formulas(wanted: list[str], form: Format) -> Iterator[tuple[str, bytes]]:
    """File name and content of each picture that needs no results."""
    from mlpcli.plot.functions import draw_activations, draw_losses
    from mlpcli.plot.style import render, styled

    functions = {"activations": draw_activations, "losses": draw_losses}
    with styled():
        for formula in wanted:
            drawing = functions[formula]()
            yield f"plot-{drawing.name}.{form}", render(drawing.figure, form)


def _open(files: list[Path]) -> None:
    """Open pictures with the program that the system has for them, where there is a screen."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        warning("--show: there is no screen here. The pictures are written all the same")
        return
    for file in files:
        if typer.launch(str(file)):
            warning(f"--show: nothing here opens {file.name}. It is written all the same")


def _kinds(text: str | None, known: list[str]) -> list[str]:
    """The kinds that --only names, none without it."""
    if text is None:
        return []
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            problem = f"--only {name[:80]}: no such kind of picture{nearest(name, known)}"
            raise UsageError(f"{sentence(problem)} Give some of {', '.join(known)}")
    if not names:
        raise UsageError(f"--only: no kind of picture is named. Give some of {', '.join(known)}")
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
