"""`mlpcli compare`: runs and trials side by side, and whether configurations differ beyond chance."""

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import Json, Quiet, ResultsRoot, switch
from mlpcli.cli.text_table import prose
from mlpcli.cli.views.rows_output import Format, FormatFlag, print_rows
from mlpcli.results.reading.compared import (
    Side,
    compared_options,
    configuration_rows,
    endings,
    find_sides,
    other_data,
    side_rows,
)

__all__ = ["compare"]


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="runs, trials such as SWEEP/17 or SWEEP/best:5, or sweeps",
            autocompletion=completion.runs,
        ),
    ],
    every: Annotated[
        bool, switch("--all", help="show also the options that are equal and not at their default")
    ] = False,
    form: FormatFlag = Format.TABLE,
    results: ResultsRoot = Path("results"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare runs and trials: the options that differ, scores, and mean differences to the first, paired by seed.

    A sweep stands for its best trial. A trial whose configuration was trained with several seeds is compared by all
    of them too: mean, 95% interval, and the p-value of the paired t-test after Holm.

    Example: mlpcli compare dropout/0 dropout/best
    """
    sides = find_sides(names, results)
    options = compared_options(sides, every=every)
    rows = side_rows(sides, options)
    configurations, metric = configuration_rows(sides)
    form = Format.JSON if as_json else form
    if form is Format.JSON:
        print_json({"compared": rows, "metric": metric, "configurations": configurations})
        return
    known = dict.fromkeys(name for row in rows for name in row)
    columns = [name for name in known if any(row.get(name) is not None for row in rows)]
    print_rows(rows, columns, form, key="compared", expendable=_spare(columns, sides, options))
    if not options and form is Format.TABLE:
        prose("; ".join(["No option differs", *other_data(sides), *endings(sides)]))
    if configurations and form is Format.CSV:
        message("The differences between configurations are a second table: --json has both", quiet=quiet)
    elif configurations:
        print()
        columns = [name for name in configurations[0] if any(row[name] is not None for row in configurations)]
        expendable = [name for name in columns if name.endswith(("_low", "_high", "shared_seeds"))]
        print_rows(configurations, columns, form, key="configurations", expendable=expendable)
        against = configurations[0]["name"]
        note = f"Differences of {metric} are against {against}, paired by seed"
        if any(row["p_value"] is not None for row in configurations):
            note += "; p after Holm"
        if len({bool(side.earlier) for side in sides}) > 1:
            note += ". Confirmed configurations differ from the others by the seeds that chose them"
        if all(row["diff_mean"] is None for row in configurations):
            note = f"No differences of {metric}: no seed is shared with {against}"
        message(note, quiet=quiet)


def _spare(columns: list[str], sides: list[Side], options: list[str]) -> list[str]:
    """The columns that a narrow terminal goes without, the first to go first: never the options and what ranks."""
    kept = {"name", *options, *(side.metric for side in sides)}
    return [name for name in reversed(columns) if name not in kept]
