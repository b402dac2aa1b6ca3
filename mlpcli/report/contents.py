"""What the page shows of a run or a sweep: tables as text, and the numbers behind the charts.

Numbers of curves have five significant digits, and long curves every k-th epoch, so that 1,000 trials fit into a page.
"""

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.atomic import io_errors, shown
from mlpcli.config.metrics import Measure
from mlpcli.report.commands import commands_of, train_commands
from mlpcli.report.search_chart import search_chart
from mlpcli.results.files.csv_text import cell
from mlpcli.results.files.lock import is_locked
from mlpcli.results.files.read_file import read_json, read_rows
from mlpcli.results.files.snapshot import current
from mlpcli.results.folders.read_folder import RETRAIN, ResultsFolder, read_folder
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.results.folders.sweep_ownership import SUMMARY
from mlpcli.results.provenance import plugin_files
from mlpcli.results.reading.simpler_models import simpler_models
from mlpcli.results.schema import csv_schema
from mlpcli.results.schema.json_schema import Provenance, RunResult
from mlpcli.results.trial import Trial

__all__ = ["Contents", "Grid", "brief", "contents_of"]

NUMBERS = 150_000
"""Numbers of all curves of a page, at most; about a megabyte."""

MOST_DIGITS = 8

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
        chart={
            "name": folder.name,
            "sweep": folder.is_sweep,
            "metric": folder.metric,
            "larger": Measure.parse(folder.metric).metric.larger_is_better,
            "options": list(folder.varied),
            "repeats": "seeds" if all(trial.fold is None for trial in folder.trials) else "seeds and folds",
            "trials": [
                {**_trial(folder, trial), "command": command}
                for trial, command in zip(folder.trials, train_commands(folder), strict=True)
            ],
            "configurations": _configurations(folder, summary),
            **_curves(folder),
            **search_chart(folder, leave_out),
        },
    )


def _summary(folder: ResultsFolder) -> list[Row]:
    """The rows of summary.csv, the best first; a sweep that is not finished has none."""
    path = folder.path / SUMMARY
    if not folder.is_sweep or not os.path.isfile(path):
        return []
    rows = read_rows(path, RERUN)
    return [rows.read(index) for index in range(len(rows.cells))]


def _headline(folder: ResultsFolder, origin: Mapping[str, Any]) -> str:
    states = Counter(_state(folder, trial) for trial in folder.trials)
    counts = ", ".join(f"{count:,} {state}" for state, count in states.items())
    parts = [f"trials: {counts or 'none yet'}" if folder.is_sweep else next(iter(states))]
    parts.append(f"chosen by {folder.metric}")
    parts += [str(origin[key]) for key in ("started",) if key in origin]
    parts += [f"mlpcli {origin['version']}"] if "version" in origin else []
    return " · ".join(parts)


def _state(folder: ResultsFolder, trial: Trial) -> str:
    """The state of a trial; a run without one has not come to its end, and may have no process that trains it."""
    return trial.state or ("running" if is_locked(folder.path) else "interrupted")


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


def _trial(folder: ResultsFolder, trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "id": trial.run_id,
        "seed": trial.seed,
        "fold": trial.fold,
        "state": _state(folder, trial),
        "score": _short(trial.score(folder.metric)),
        "options": [cell(value) for value in trial.options.values()],
        "best": trial.best_epoch,
        "error": trial.error,
        "scores": {name: _short(value) for name, value in trial.metrics.items()},
    }


def _configurations(folder: ResultsFolder, summary: Sequence[Row]) -> list[dict[str, Any]]:
    """The configurations, the best first, with the places of their trials."""
    members: dict[tuple[str, ...], list[int]] = {}
    for place, trial in enumerate(folder.trials):
        members.setdefault(tuple(cell(value) for value in trial.options.values()), []).append(place)
    rows = {tuple(cell(row[name]) for name in folder.varied): row for row in summary}
    key = Measure.parse(folder.metric).metric.key
    means = {values: _mean(folder, places) for values, places in members.items()}

    def order(values: tuple[str, ...]) -> tuple[float, float]:
        """By rank; a sweep that is not finished has none, and is ordered by the means so far."""
        rank, mean = rows.get(values, {}).get("rank", math.inf), means[values]
        return rank, math.inf if mean is None else key(mean)

    made = []
    for values in sorted(members, key=order):
        row = rows.get(values, {})
        made.append(
            {
                "label": ", ".join(f"{name} {brief(value)}" for name, value in zip(folder.varied, values, strict=True)),
                "values": list(values),
                "mean": _short(means[values]),
                "trials": members[values],
                "difference": [_short(row.get(f"diff_{part}")) for part in ("mean", "ci_low", "ci_high")],
                "p": _short(row.get("p_value")),
            }
        )
    return made


def _mean(folder: ResultsFolder, places: Sequence[int]) -> float | None:
    """Mean of the metric over the trials that have one."""
    scores = [score for place in places if (score := folder.trials[place].score(folder.metric)) is not None]
    return math.fsum(scores) / len(scores) if scores else None


def _curves(folder: ResultsFolder) -> dict[str, Any]:
    """The curves of all trials by column: every k-th epoch, where all of them would be too many numbers."""
    measure = Measure.parse(folder.metric)
    names = [f"{part}_{name}" for name in (measure.metric.name, "loss") for part in ("val", "train")]
    wanted = dict.fromkeys([folder.metric, *names])
    epochs = [folder.epochs(trial) for trial in folder.trials]
    columns = [
        name for name in wanted if any(math.isfinite(number) for found in epochs for number in found.get(name, ()))
    ]
    total = len(columns) * sum(len(found.get("epoch", ())) for found in epochs)
    every = max(1, -(-total // NUMBERS))
    curves = {}
    for name in columns:
        curves[name] = [[_short(number) for number in _thinned(found.get(name, ()), every)] for found in epochs]
    return {"every": every, "lengths": [len(found.get("epoch", ())) for found in epochs], "curves": curves}


def _thinned(numbers: Sequence[float], every: int) -> Sequence[float]:
    """Every k-th number, beginning with the first, and the last one.

    >>> [_thinned(range(1, n + 1), 3) for n in (4, 6)]
    [[1, 4], [1, 4, 6]]
    """
    last = len(numbers) - 1
    return [*numbers[::every], *([numbers[last]] if last % every else [])] if numbers else []


def brief(value: Any) -> str:
    """A value for people: numbers of many digits to four of them, whole ones and names such as a run_id as they are.

    >>> brief(0.123456), brief(None), brief(12345), brief("0.0028899999999999998"), brief("batch")
    ('0.1235', '', '12345', '0.00289', 'batch')
    >>> brief("812345678901"), brief("1234567e1234"), brief(2024011501)
    ('812345678901', '1234567e1234', '2024011501')
    """
    text = cell(value)
    if isinstance(value, float) or ("." in text and len(text) > MOST_DIGITS):
        with suppress(ValueError):
            return f"{float(text):.4g}"
    return text


def _short(number: float | None) -> float | None:
    """Five significant digits; None for what is not finite."""
    return float(f"{number:.5g}") if number is not None and math.isfinite(number) else None
