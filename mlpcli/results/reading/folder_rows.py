"""The runs and sweeps of a results folder, one row each; what cannot be read is a row that says why."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from mlpcli import json_text
from mlpcli.config import OPTIONS, canonical_value
from mlpcli.config.metrics import PARTS, Measure
from mlpcli.errors import DataError, FileError, UsageError, why
from mlpcli.results.files.append import complete_rows
from mlpcli.results.files.lock import is_locked
from mlpcli.results.files.read_file import read_json, read_options
from mlpcli.results.files.snapshot import NEXT, Files, current_name, snapshot, snapshot_of_files
from mlpcli.results.folders.promotion import CHECKPOINT, CONFIG, METRICS, PROVENANCE, RESULT
from mlpcli.results.folders.read_trials import read_trials
from mlpcli.results.folders.sweep_ownership import SUMMARY, SWEEP
from mlpcli.results.folders.sweep_tables import TRIALS
from mlpcli.results.reading.selected import ColumnRows
from mlpcli.results.schema.json_schema import RunResult
from mlpcli.results.trial import Trial

__all__ = ["FACTS", "Row", "differing", "list_results", "list_trials"]

Row = dict[str, Any]
"""Values by column; None where there is none."""

FACTS = (
    *("name", "kind", "dataset", "state", "done", "planned", "failed", "pruned"),
    *("metric", "value", "when", "tags", "note"),
)
"""Columns of every row, before options and numbers. `done` and `planned` are trials of a sweep, epochs of a run; of the
trials done, `failed` failed or diverged, and `pruned` were stopped at a rung, from where the sweep may go on with them.
"""

_EMPTY: Row = dict.fromkeys(FACTS)
_DEFAULTS: Row = {**_EMPTY, "kind": "run", **{name: option.default for name, option in OPTIONS.items()}}
"""The row of a run of default options; a copy of it takes less time than to put its columns together."""

_SHOWN_OTHERWISE = ("dataset", "width", "depth")
"""Options with a column of their own, and those for which `hidden` stands."""


def list_results(root: Path) -> list[Row]:
    """The folders below `root` by name.

    Raises:
        FileError: `root` cannot be read; its absence is an empty list.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(f"cannot read {root}: {why(error)}") from error
    return [_row(root / name) for name in names]


def list_trials(path: Path, *, best_first: bool = False) -> tuple[ColumnRows, str]:
    """The trials in a sweep's folder, one row each with options as values, and the metric that ranks them.

    With `best_first` the complete ones come first, as `SWEEP/best` ranks them, then the others by number.

    Raises:
        DataError, FileError: trials.csv is damaged or cannot be read.
    """
    sweep = snapshot(path, lambda: read_trials(path))
    options = {name: _option_values(name, sweep.columns[name]) for name in sweep.varied}
    rows = ColumnRows({**sweep.columns, **options})
    if best_first:
        rows = rows.at([*dict.fromkeys([*sweep.order, *range(len(rows))])])
    return rows, sweep.metric


def differing(rows: list[Row]) -> list[str]:
    """The options in which the runs among the rows differ, in the order of their declaration."""
    runs = [row for row in rows if row["kind"] == "run"]
    names = [name for name in OPTIONS if name not in _SHOWN_OTHERWISE]
    columns = zip(*(tuple(map(row.get, names)) for row in runs), strict=True)
    return [name for name, column in zip(names, columns, strict=False) if column.count(column[0]) < len(column)]


def _option_values(name: str, cells: Sequence[str | None]) -> list[object]:
    """The values of an option in a table, which has them as text; each different text is read once."""
    values: dict[str | None, object] = {cell: cell for cell in {None, *cells}}
    for cell in filter(None, values if name in OPTIONS else ()):
        with suppress(ValueError):  # a value of another version
            values[cell] = canonical_value(name, cell, text=True)
    return [values[cell] for cell in cells]


def _row(path: Path) -> Row:
    try:
        row = snapshot_of_files(path, lambda files: _found(path, files))
    except (DataError, FileError, UsageError) as error:
        row = {**_EMPTY, "kind": "damaged", "state": "damaged", "note": str(error)}
    row["name"] = path.name
    return row


def _found(path: Path, files: Files) -> Row:
    if SWEEP in files or TRIALS in files:
        return {**_EMPTY, "kind": "sweep", **_sweep(path)}
    if result := current_name(files, RESULT):
        return _run(path, files, result)
    if current_name(files, CONFIG):
        return _unfinished_run(path)
    return {**_EMPTY, "kind": "other", "state": "not of mlpcli"}


def _run(path: Path, files: Files, result_name: str) -> Row:
    result = read_json(path / result_name, RunResult, "")
    row = _options(result["config"])
    trial = Trial(0, 0, result["run_id"], row["seed"]).ended(result)
    metric = _metric(row, trial)
    is_replaced = any(file.startswith(NEXT) for file in files) and is_locked(path)
    made = _made(os.path.join(path, current_name(files, PROVENANCE) or PROVENANCE))
    row |= trial.numbers
    row |= {"state": "running" if is_replaced else trial.state, "done": trial.epochs_run, "planned": row["epochs"]}
    row |= {"metric": metric, "value": trial.metrics.get(metric), "run_id": trial.run_id}
    row |= made
    return row


def _unfinished_run(path: Path) -> Row:
    options = read_options(path / CONFIG, "")
    state = "running" if is_locked(path) else "interrupted"
    done = max(0, _lines(path / METRICS) - 1)
    when = {"when": _changed(path / CONFIG)}
    note = None if state == "running" or os.path.isfile(path / CHECKPOINT) else "no checkpoint"
    return _options(dict(options)) | {"state": state, "done": done, "planned": options.epochs, "note": note} | when


def _sweep(path: Path) -> Row:
    made = _made(os.path.join(path, PROVENANCE), "trials")
    planned = made.pop("trials", None)
    row: Row = {"dataset": _dataset(path / SWEEP), "planned": planned}
    if not os.path.isfile(path / TRIALS):
        state = "running" if is_locked(path) else "interrupted"
        return row | {"state": state, "done": 0, "when": _changed(path / SWEEP)} | made
    sweep = read_trials(path)
    states = sweep.columns["state"]
    done = len(states)
    is_whole = os.path.isfile(path / SUMMARY)
    state = "running" if is_locked(path) else "complete" if is_whole else "interrupted"
    failed = sum(state in ("failed", "diverged") for state in states)
    pruned = sum(state == "pruned" for state in states)
    row |= {"state": state, "done": done, "failed": failed, "pruned": pruned, "metric": sweep.metric}
    if "dataset" in sweep.varied:
        row["dataset"] = ", ".join(dict.fromkeys(filter(None, sweep.columns["dataset"])))
    if is_whole:
        row["planned"] = done  # races, searches and confirmations plan the most trials that they may need
    for best in sweep.order[:1]:
        row |= {name: cells[best] for name, cells in sweep.columns.items() if Measure.find(name)}
        row["value"] = row[sweep.metric]
    return row | {"when": _changed(path / TRIALS)} | made


def _options(config: Mapping[str, Any]) -> Row:
    """The row of a run with every option; those that its version did not know have their defaults."""
    options: Row = {**_DEFAULTS, **config}
    options |= {name: tuple(value) for name, value in config.items() if type(value) is list}
    if sizes := options["hidden"]:
        options |= {"depth": len(sizes), "width": sizes[0] if len(set(sizes)) == 1 else None}
    return options


def _metric(config: Mapping[str, Any], trial: Trial) -> str:
    """The metric that chose the best epoch; without validation rows that which would have, on the training rows."""
    if Measure.find(str(config.get("monitor"))):
        return str(config["monitor"])
    measured = [measure for name in trial.metrics if (measure := Measure.find(name))]
    of_training = [measure for measure in measured if measure.part == next(iter(PARTS))]
    return str(next((measure for measure in of_training if measure.metric.leads), "train_loss"))


def _made(path: str, *more: str) -> Row:
    """What provenance.json says that a list shows; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            content = json_text.parse(file.read())
        started = str(content["started"]).replace("+00:00", "Z")
        kept = {name: content[name] for name in (*more, "note") if name in content}
        return {"when": started, "tags": tuple(content.get("tags", ())), "version": content.get("version"), **kept}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _dataset(path: Path) -> object:
    """The dataset that all trials of a sweep have by its sweep.toml; None where the trials differ in it."""
    try:
        file = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    base = file.pop("base", {})
    tables = chain.from_iterable(table if isinstance(table, list) else [table] for table in file.values())
    if not isinstance(base, dict) or any("dataset" in table for table in tables if isinstance(table, dict)):
        return None
    return base.get("dataset", OPTIONS["dataset"].default if base else None)


def _lines(path: Path) -> int:
    try:
        data = path.read_bytes()
    except OSError:
        return 0
    return data.count(b"\n", 0, complete_rows(data))


def _changed(path: Path) -> str | None:
    """The time of a file's last change, as provenance.json spells times."""
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
    return changed.isoformat(timespec="seconds").replace("+00:00", "Z")
