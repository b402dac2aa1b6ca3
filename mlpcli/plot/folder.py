"""What stands in the folder of a run or a sweep, as pictures need it: trials with values, scores and rows by epoch.

A training or a sweep that still runs is read as far as it has come.
"""

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli import json_text
from mlpcli.atomic import io_errors, shown
from mlpcli.errors import DataError
from mlpcli.results import csv_text
from mlpcli.results.append import complete_rows

__all__ = ["Columns", "Folder", "Trial", "read_folder"]

Columns = dict[str, NDArray[np.float64]]
"""Columns of numbers by name, `(rows,)` each; nan where a cell is empty."""

_BETWEEN = ("seed", "parameters")
"""The columns of trials.csv between which the varied options stand."""

_USUAL = ("val_accuracy", "val_rmse", "train_accuracy", "train_rmse")


@dataclass(frozen=True)
class Trial:
    """One training: `values` of the varied options as text, `scores` its numbers in trials.csv or result.json."""

    run_id: str
    seed: int
    state: str
    values: tuple[str, ...]
    scores: dict[str, float]
    epochs: Columns = field(default_factory=dict)
    diagnostics: Columns = field(default_factory=dict)


@dataclass(frozen=True)
class Folder:
    """A run, which is one trial that varies nothing, or a sweep; `metric` is what its best is best by."""

    path: Path
    is_sweep: bool
    metric: str
    varied: tuple[str, ...]
    trials: tuple[Trial, ...]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def configurations(self) -> dict[tuple[str, ...], list[Trial]]:
        """The trials that ran to their end, by the values of the varied options, in the order of the plan."""
        found: dict[tuple[str, ...], list[Trial]] = {}
        for trial in self.trials:
            if trial.state == "complete":
                found.setdefault(trial.values, []).append(trial)
        return found

    def model(self, trial: Trial) -> Path | None:
        """Where the model of a trial is, None if it was not kept."""
        path = self.path / (f"models/{trial.run_id}.safetensors" if self.is_sweep else "model.safetensors")
        return path if path.is_file() else None


def read_folder(path: Path) -> Folder:
    """The results in a folder.

    Raises:
        DataError: a file in it is not one that mlpcli writes.
        FileError: a file cannot be read.
    """
    return _read_sweep(path) if os.path.isfile(path / "trials.csv") else _read_run(path)


def _read_run(path: Path) -> Folder:
    config = _read_toml(path / "config.toml")
    epochs = _numbers(path / "metrics.csv", *_rows(path / "metrics.csv"))
    scores = {}
    if os.path.isfile(path / "result.json"):
        result = _read_result(path / "result.json")
        scores = {
            f"{part}_{name}": value for part in result["metrics"] for name, value in result["metrics"][part].items()
        }
        scores |= {name: result[name] for name in ("best_epoch", "epochs_run", "parameters", "time_s")}
    diagnostics = _by_run(path / "diagnostics.csv").get("", {})
    trial = Trial("", int(config.get("seed", 0)), "complete", (), scores, epochs, diagnostics)
    monitor = config.get("monitor", "auto")
    return Folder(path, False, monitor if monitor != "auto" else _usual(epochs), (), (trial,))


def _read_result(path: Path) -> dict[str, Any]:
    with io_errors("read", path):
        text = path.read_bytes()
    try:
        result = json_text.parse(text)
        metrics = {
            part: {name: np.nan if value is None else float(value) for name, value in (values or {}).items()}
            for part, values in result["metrics"].items()
        }
        return {**result, "metrics": metrics}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"cannot plot {shown(path)}: it is not the result of a run ({error})") from error


def _read_sweep(path: Path) -> Folder:
    header, rows = _rows(path / "trials.csv")
    try:
        first, last = (header.index(name) for name in _BETWEEN)
        varied = tuple(header[first + 1 : last])
        epochs, diagnostics = _by_run(path / "metrics.csv"), _by_run(path / "diagnostics.csv")
        trials = []
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            run_id = cells["run_id"]
            trials.append(
                Trial(
                    run_id,
                    int(cells["seed"]),
                    cells["state"],
                    tuple(csv_text.text(cells[name]) for name in varied),
                    {name: float(cells[name] or "nan") for name in header[last:] if name != "error"},
                    epochs.get(run_id, {}),
                    diagnostics.get(run_id, {}),
                )
            )
    except (KeyError, ValueError) as error:
        raise _damaged(path / "trials.csv", error) from error
    metric = _sweep_metric(path) or _usual(
        {name: np.array([t.scores[name] for t in trials]) for name in header[last:-2]}
    )
    return Folder(path, True, metric, varied, tuple(trials))


def _sweep_metric(path: Path) -> str | None:
    """What the sweep ranks by: seen in its summary or, while it runs, said in its file."""
    if os.path.isfile(path / "summary.csv"):
        header, _ = _rows(path / "summary.csv")
        return next((name.removesuffix("_mean") for name in header if name.endswith("_mean")), None)
    return _read_toml(path / "sweep.toml").get("metric") if os.path.isfile(path / "sweep.toml") else None


def _usual(columns: Columns) -> str:
    """The first of the usual metrics that has numbers."""
    known = [name for name in _USUAL if name in columns]
    return next((name for name in known if np.isfinite(columns[name]).any()), known[0] if known else _USUAL[0])


def _by_run(path: Path) -> dict[str, Columns]:
    """A table of epochs by run_id, that of a run, which names none, under the empty text; {} if it was not written."""
    if not os.path.isfile(path):
        return {}
    header, rows = _rows(path)
    if "run_id" not in header:
        return {"": _numbers(path, header, rows)}
    groups: dict[str, list[list[str]]] = {}
    for row in rows:
        groups.setdefault(row[1], []).append(row[2:])
    return {run_id: _numbers(path, header[2:], group) for run_id, group in groups.items()}


def _numbers(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    """The columns of a table whose cells are numbers, in the order of its epochs."""
    try:
        table = np.array([[cell or "nan" for cell in row] for row in rows], np.str_).astype(np.float64)
    except ValueError as error:
        raise _damaged(path, error) from error
    table = table.reshape(len(rows), len(header))
    if "epoch" in header:
        table = table[np.argsort(table[:, header.index("epoch")], kind="stable")]
    return {name: table[:, index] for index, name in enumerate(header)}


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table, without a last row that is still being written."""
    with io_errors("read", path):
        data = path.read_bytes()
    try:
        header, *rows = csv_text.parse(data[: complete_rows(data)])
    except ValueError as error:
        raise _damaged(path, error) from error
    return header, rows


def _read_toml(path: Path) -> dict[str, Any]:
    with io_errors("read", path):
        data = path.read_bytes()
    try:
        return tomllib.loads(data.decode())
    except (RecursionError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"cannot plot {shown(path)}: it is not a table of results ({error})")
