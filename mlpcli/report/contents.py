"""What the page shows of a run or a sweep: tables as text, facts, commands, and the numbers behind the charts."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.atomic import io_errors, shown
from mlpcli.report.chart_numbers import chart_numbers, state_of
from mlpcli.report.commands import commands_of
from mlpcli.report.search_chart import search_chart
from mlpcli.results.files.read_file import read_json, read_rows
from mlpcli.results.files.snapshot import current
from mlpcli.results.folders.read_folder import RETRAIN, ResultsFolder, read_folder
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.results.folders.sweep_ownership import SUMMARY
from mlpcli.results.provenance import plugin_files
from mlpcli.results.reading.simpler_models import simpler_models
from mlpcli.results.schema import csv_schema
from mlpcli.results.schema.json_schema import Provenance, RunResult

__all__ = ["Contents", "Grid", "contents_of"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Grid:
    """A table: its columns with their meanings, and rows of values; `keys` say what a row stands for."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    meanings: Sequence[str] = ()
    keys: Sequence[int] = ()


@dataclass(frozen=True)
class Contents:
    """A run or a sweep on the page.

    Attributes:
        name, kind, headline: what it is, in words.
        tables: by title, tables that sort and filter; the first one is of configurations or of parts of the data.
        facts: by title, pairs of a name and a value: provenance, options.
        file: name and text of the sweep file or config.toml.
        commands: what was typed, and what to type next, with an explanation.
        chart: numbers for the charts, as plain JSON values.
    """

    name: str
    kind: str
    headline: str
    tables: Mapping[str, Grid]
    facts: Mapping[str, Sequence[tuple[str, str]]]
    file: tuple[str, str]
    commands: Sequence[tuple[str, str]]
    chart: Mapping[str, Any]


def contents_of(path: Path, leave_out: Callable[[str], None] = lambda text: None) -> Contents:
    """The contents of a results folder; `leave_out` is told what the page lacks, and why.

    Raises:
        DataError: a file there is not one that mlpcli writes.
        FileError: a file cannot be read.
    """
    folder = read_folder(path)
    remedy = RERUN if folder.is_sweep else RETRAIN
    file = current(path, "sweep.toml" if folder.is_sweep else "config.toml")
    provenance = current(path, "provenance.json")
    origin = read_json(provenance, Provenance, remedy) if provenance.is_file() else {}
    summary = _summary(folder)
    text = ""
    if file.is_file():
        with io_errors("read", file):
            text = file.read_text(encoding="utf-8")
    return Contents(
        name=folder.name,
        kind="sweep" if folder.is_sweep else "run",
        headline=_headline(folder, origin),
        tables=_tables(folder, summary),
        facts={"Provenance": [*_flat(origin)]},
        file=(file.name, text),
        commands=commands_of(shown(path), origin.get("command"), folder.is_sweep, plugin_files(path)),
        chart={**chart_numbers(folder, summary), **search_chart(folder, leave_out)},
    )


def _summary(folder: ResultsFolder) -> list[Row]:
    """The rows of summary.csv, the best first; a sweep that is not finished has none."""
    path = folder.path / SUMMARY
    if not folder.is_sweep or not os.path.isfile(path):
        return []
    rows = read_rows(path, RERUN)
    return [rows.read(index) for index in range(len(rows.cells))]


def _headline(folder: ResultsFolder, origin: Mapping[str, Any]) -> str:
    states = Counter(state_of(folder, trial) for trial in folder.trials)
    counts = ", ".join(f"{count:,} {state}" for state, count in states.items())
    parts = [f"trials: {counts or 'none yet'}" if folder.is_sweep else next(iter(states))]
    parts.append(f"chosen by {folder.metric}")
    parts += [str(origin[key]) for key in ("started",) if key in origin]
    parts += [f"mlpcli {origin['version']}"] if "version" in origin else []
    return " · ".join(parts)


def _tables(folder: ResultsFolder, summary: Sequence[Row]) -> dict[str, Grid]:
    if not folder.is_sweep:
        return _run_tables(folder)
    tables = {}
    if summary:
        shown_columns = [name for name in summary[0] if any(row[name] is not None for row in summary)]
        meanings = _meanings(SUMMARY, shown_columns)
        rows = [[row[name] for name in shown_columns] for row in summary]
        tables["Configurations"] = Grid(shown_columns, rows, meanings, range(len(rows)))
    every = [trial.row for trial in folder.trials]
    columns = [name for name in every[0] if any(row.get(name) not in (None, "") for row in every)] if every else []
    order = ["trial", "state", "seed", *folder.varied]
    columns.sort(key=lambda name: order.index(name) if name in order else len(order))
    rows = [[row.get(name) for name in columns] for row in every]
    tables["Trials"] = Grid(columns, rows, _meanings("trials.csv", columns), [trial.number for trial in folder.trials])
    return tables


def _run_tables(folder: ResultsFolder) -> dict[str, Grid]:
    """The scores of a run by part, beside those of its baselines."""
    path = current(folder.path, "result.json")
    if not path.is_file():
        return {}
    result = read_json(path, RunResult, RETRAIN)
    rows = [(part, scores) for part, scores in result["metrics"].items() if scores]
    for key, name in simpler_models(result).items():
        rows += [(f"{part}, {name}", scores) for part, scores in result[key].items() if scores]
    metrics = list(rows[0][1]) if rows else []
    cells = [[part, *(scores.get(metric) for metric in metrics)] for part, scores in rows]
    return {"Scores": Grid(["rows", *metrics], cells)}


def _meanings(file: str, columns: Sequence[str]) -> list[str]:
    """What each column means, as the page of all columns says it."""
    declared = map(csv_schema.table(file).column, columns)
    return [f"{column.meaning}{f' ({column.unit})' if column.unit else ''}" for column in declared]


def _flat(values: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, str]]:
    """The leaves of nested values, as pairs of a name and a text."""
    for key, value in values.items():
        name = f"{above}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name} ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for item in value:
                yield from _flat(item, f"{name} ")
        elif value is not None:
            yield name, " ".join(map(str, value)) if isinstance(value, list) else str(value)
