"""Trials with their epochs, as trackers of experiments take them: read from the folder of a run or a sweep."""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from mlpcli.config import OPTIONS, as_dict
from mlpcli.config.sources.merge import canonical_value, check_value
from mlpcli.results.files.read_file import read_json, read_options, read_toml
from mlpcli.results.files.snapshot import current
from mlpcli.results.folders.read_folder import RETRAIN, Columns, ResultsFolder
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.results.schema.json_schema import Provenance, SweepHeader
from mlpcli.results.trial import Trial

__all__ = ["History", "ended_trials"]

Value = bool | float | str


@dataclass(frozen=True)
class History:
    """One trial that has ended.

    Attributes:
        name: path of the trial below all results: `digits-0123456789ab`, or `dropout/17` in a sweep.
        trial: its record.
        options: options that a person chose, by name.
        epochs: columns of metrics.csv, `epoch` among them.
        started: start of the command, in seconds since 1970.
    """

    name: str
    trial: Trial
    options: Mapping[str, Value]
    epochs: Columns
    started: float

    @property
    def rows(self) -> Iterator[tuple[int, float, dict[str, float]]]:
        """Epoch, time in seconds since 1970, and the numbers of each epoch by column; empty cells are left out."""
        columns = {name: column for name, column in self.epochs.items() if name not in ("epoch", "total_time_s")}
        for row, epoch in enumerate(self.epochs.get("epoch", ())):
            numbers = {name: column[row] for name, column in columns.items() if math.isfinite(column[row])}
            yield int(epoch), self.started + self.epochs["total_time_s"][row], numbers

    @property
    def scores(self) -> dict[str, float]:
        """The metrics of the kept weights, such as `test_accuracy`; those that are not finite are left out."""
        return {name: value for name, value in self.trial.metrics.items() if value is not None}


def ended_trials(folder: ResultsFolder) -> Iterator[History]:
    """The trials that have ended, in their order; those that still run are left out.

    Raises:
        DataError: a file there is not one that mlpcli writes.
        FileError: a file cannot be read.
    """
    started, base = _started(folder), _base(folder)
    for trial in folder.trials:
        if trial.state is not None:
            options = {**base, **{name: _typed(name, value) for name, value in trial.options.items()}}
            options |= {"seed": trial.seed} | ({} if trial.fold is None else {"fold": trial.fold})
            name = f"{folder.name}/{trial.number}" if folder.is_sweep else folder.name
            yield History(name, trial, options, folder.epochs(trial), started)


def _started(folder: ResultsFolder) -> float:
    """When the command that made the folder was started; copies of results may lack the file that says it."""
    path = current(folder.path, "provenance.json")
    if not path.is_file():
        return os.stat(folder.path).st_mtime
    text = read_json(path, Provenance, RERUN if folder.is_sweep else RETRAIN).get("started")
    return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else os.stat(path).st_mtime


def _base(folder: ResultsFolder) -> dict[str, Value]:
    """The options that all trials share: of a run all, of a sweep those of its file."""
    if not folder.is_sweep:
        values = as_dict(read_options(current(folder.path, "config.toml"), RETRAIN))
    elif (folder.path / "sweep.toml").is_file():
        file = read_toml(folder.path / "sweep.toml", SweepHeader, RERUN)
        values = {name: file[name] for name in ("folds",) if name in file} | file.get("base", {})
    else:
        values = {}
    return {name: _plain(value) for name, value in values.items()}


def _typed(name: str, text: object) -> Value:
    """A cell of trials.csv as the option has it; an empty cell is an empty text."""
    if text in (None, ""):
        return ""
    known = name in OPTIONS and check_value(name, text, "", text=True) is None
    return _plain(canonical_value(name, text, text=True) if known else text)


def _plain(value: object) -> Value:
    """A number, a truth value or a text; lists with commas between."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, bool | int | float) else str(value)
