"""`mlpcli list`: the runs and sweeps of a results folder, or the trials of a sweep, filtered, sorted and cut."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mlpcli.atomic import shown
from mlpcli.cli import completion
from mlpcli.cli.console import message
from mlpcli.cli.flags import Json, Quiet, ResultsRoot, names_of
from mlpcli.cli.views.rows_output import Format, FormatFlag, print_rows
from mlpcli.errors import UsageError
from mlpcli.results.folders.find import find_results
from mlpcli.results.reading.folder_rows import differing, list_results, list_trials
from mlpcli.results.reading.selected import Rows, check_columns, column_names, column_values, select
from mlpcli.wording import quote

__all__ = ["list_"]


def list_(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="sweep whose trials are listed", autocompletion=completion.results),
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="EXPR", help="rows to show, as in \"val_accuracy > 0.97 and norm == 'batch'\"")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="column to sort by; -COLUMN begins with the largest",
            autocompletion=completion.columns("trials.csv"),
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="most rows to show; without --sort the best trials, or the newest runs and sweeps"
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="columns to show, comma-separated; --json has all of them",
            autocompletion=completion.columns("trials.csv"),
        ),
    ] = None,
    tag: Annotated[str | None, typer.Option(metavar="NAME", help="runs and sweeps with this tag")] = None,
    form: FormatFlag = Format.TABLE,
    results: ResultsRoot = Path("results"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List runs and sweeps with state, score and the options in which they differ, or the trials of a sweep.

    Nothing is locked or changed, so a list may be asked for while something runs.

    Example: mlpcli list dropout --where "val_accuracy > 0.97" --sort val_loss
    """
    rows: Rows
    preferred_first = top is not None and sort is None
    if name is None:
        runs = list_results(results)
        if tag is not None:
            runs = [row for row in runs if tag in (row["tags"] or ())]
        if preferred_first:
            runs.sort(key=lambda row: row["when"] or "", reverse=True)
        rows, key, options = runs, "results", differing(runs)
        usual = ["name", "kind", "dataset", "state", "metric", "value", *options, "when", "tags"]
        spare = ["tags", "when", "kind", *reversed(options), "metric", "dataset"]
    else:
        if tag is not None:
            raise UsageError("--tag: runs and sweeps have tags, trials have none. Leave NAME or --tag out")
        rows, metric = _trials(name, results, best_first=preferred_first)
        key, usual = "trials", column_names(rows)
        spare = [column for column in reversed(usual) if column not in ("trial", metric)]
    if not rows:
        with_tag = "" if tag is None else f" with the tag {quote(tag)}"
        nothing = f"no results in {shown(results)}{with_tag}" if name is None else f"{name}: no trials yet"
        message(nothing, quiet=quiet)
    wanted = names_of(columns, column_names(rows)) if columns else [name for name in usual if _is_filled(rows, name)]
    check_columns(wanted if rows else (), column_names(rows), "--columns")
    selected = select(rows, where=where, sort=sort, top=top)
    form = Format.JSON if as_json else form
    if name is None and form not in (Format.JSON, Format.CSV):
        selected = [{**row, "state": _state(row)} for row in selected]
    spare = [] if columns else spare
    print_rows(selected, wanted, form, key=key, expendable=spare, elsewhere="--columns or --json")


def _trials(name: str, results: Path, *, best_first: bool) -> tuple[Rows, str]:
    path = find_results(name, results)
    if not (path / "trials.csv").is_file():
        raise UsageError(f"{shown(path)} is a run and has no trials. Type mlpcli show {shown(path)}")
    return list_trials(path, best_first=best_first)


def _is_filled(rows: Rows, name: str) -> bool:
    return any(value not in (None, ()) for value in column_values(rows, name))


def _state(row: Mapping[str, Any]) -> str:
    """The state in words, with how far it came or how many trials failed."""
    words = str(row["state"])
    if row["state"] in ("running", "interrupted"):
        words += f" {row['done']}" + (f" of {row['planned']}" if row["planned"] else "")
        words += f", {row['pruned']} as far as a rung" if row["pruned"] else ""
    return words + (f", {row['failed']} failed or diverged" if row["failed"] else "")
