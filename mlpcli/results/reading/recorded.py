"""One run, sweep or trial as its files tell it: options, scores, epochs, and the command that reproduces it."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlpcli
from mlpcli.atomic import io_errors, shown
from mlpcli.config import OPTIONS, RunOptions, Source, build
from mlpcli.config.metrics import PARTS, Measure
from mlpcli.config.origins import foreign_parts, plugin_flags, registered
from mlpcli.errors import DataError, UsageError
from mlpcli.results.files import csv_text
from mlpcli.results.files.read_file import read_json, read_options, read_toml
from mlpcli.results.files.snapshot import current, snapshot
from mlpcli.results.folders.find import Named
from mlpcli.results.folders.promotion import CONFIG, METRICS, RESULT
from mlpcli.results.folders.read_folder import RETRAIN
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.results.folders.sweep_ownership import SWEEP
from mlpcli.results.provenance import plugin_files, provenance_of
from mlpcli.results.reading.fewest_options import by_width, fewest_options
from mlpcli.results.schema.json_schema import RunResult, SweepHeader
from mlpcli.results.trial import Trial

__all__ = [
    "Recorded",
    "changed_plugins",
    "command_of",
    "curves",
    "other_version",
    "read_recorded",
    "read_sweep_toml",
    "recorded_options",
    "split_scores",
]


@dataclass(frozen=True)
class Recorded:
    """What is known of a run or a trial.

    Attributes:
        name: the name by which commands take it.
        trial: its record; `state` is None while it is not finished.
        given: the options that make it, without those that follow from others.
        plugins: the files of user-defined parts that it was made with, if it uses any.
        result: the content of result.json, of a finished run only.
        columns: metrics.csv by column, one number per epoch; None for an empty cell.
    """

    name: str
    trial: Trial
    given: Mapping[str, Any]
    plugins: Sequence[str] = ()
    result: Mapping[str, Any] | None = None
    columns: Mapping[str, Sequence[float | None]] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The command that reproduces it, with equal numbers."""
        return _command(self.given, self.plugins)


def read_sweep_toml(path: Path) -> dict[str, Any]:
    """The content of sweep.toml in a sweep's folder.

    Raises:
        UsageError: it is missing, as from a copy of the tables alone.
        DataError, FileError: it is damaged or cannot be read.
    """
    if not (path / SWEEP).is_file():
        raise UsageError(f"{shown(path)} has no {SWEEP}, which has the options of its trials. Copy the folder again")
    return read_toml(path / SWEEP, SweepHeader, RERUN)


def command_of(named: Named, file: Mapping[str, Any] | None = None) -> str:
    """The command that makes a run or a trial again; other than `read_recorded` it reads no epochs.

    `file` is the content of the sweep's sweep.toml, if it was read before.

    Raises:
        As `read_recorded`.
    """
    _check_one(named)
    given = _given_of_trial(named, file) if named.is_sweep else _given_of_run(named.path)
    return _command(given, _plugins_of(given, named.path))


def read_recorded(named: Named) -> Recorded:
    """The run or the trial that a name means.

    Raises:
        UsageError: it means a sweep, several trials or a model file.
        DataError, FileError: a file there is damaged or cannot be read.
    """
    _check_one(named)
    return snapshot(named.path, lambda: _trial(named) if named.is_sweep else _run(named.path))


def recorded_options(named: Named, file: Mapping[str, Any] | None = None) -> list[Source]:
    """The options of a run or a trial, for `build`; flags that come after them override them.

    `file` is the content of the sweep's sweep.toml, if it was read before.

    Raises:
        As `read_recorded`.
    """
    _check_one(named)
    if named.trials:
        (trial,) = named.trials
        file = read_sweep_toml(named.path) if file is None else file
        base = table if isinstance(table := file.get("base", {}), dict) else {}
        folds = {} if trial.fold is None else {"folds": file.get("folds", 0), "fold": trial.fold}
        varied = {name: csv_text.word(value) for name, value in trial.options.items() if value is not None}
        plugins = _plugins_of({**base, **varied}, named.path)
        return [
            Source(base, f"{SWEEP}: [base] ", plugins=plugins),
            Source(varied, "trials.csv: ", text=True, plugins=plugins),
            Source({"seed": trial.seed, "threads": 1, **folds}, "trials.csv: "),
        ]
    values = by_width(read_options(current(named.path, CONFIG), RETRAIN))
    return [Source(values, f"{shown(named.path / CONFIG)}: ", plugins=_plugins_of(values, named.path))]


def changed_plugins(path: Path) -> list[str]:
    """The files of user-defined parts that are loaded in another form than a run or a sweep was made with."""
    plugins = provenance_of(path).get("plugins", {})
    forms = dict(plugins) if isinstance(plugins, dict) else {}
    loaded = {origin.file: origin.sha256 for origin in registered().values() if origin.file is not None}
    return sorted(file for file, form in loaded.items() if forms.get(file, form) != form)


def other_version(path: Path) -> str | None:
    """The version of mlpcli that made a run or a sweep, where it is not this one."""
    version = provenance_of(path).get("version")
    return version[:20] if isinstance(version, str) and version != mlpcli.__version__ else None


def _plugins_of(given: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    return plugin_files(path) if foreign_parts(given) else ()


def _run(path: Path) -> Recorded:
    options = read_options(current(path, CONFIG), RETRAIN)
    trial, result = Trial(0, 0, "", options.seed), None
    if os.path.isfile(file := current(path, RESULT)):
        result = read_json(file, RunResult, RETRAIN)
        trial = Trial(0, 0, result["run_id"], options.seed).ended(result)
    given = _given_of_run(path)
    return Recorded(shown(path), trial, given, _plugins_of(given, path), result, _epochs(current(path, METRICS)))


def _trial(named: Named) -> Recorded:
    assert named.trials
    (trial,) = named.trials
    given, epochs = _given_of_trial(named), _epochs(named.path / METRICS, trial.run_id)
    return Recorded(named.name(trial), trial, given, _plugins_of(given, named.path), None, epochs)


def _given_of_run(path: Path) -> dict[str, Any]:
    result = read_json(file, RunResult, RETRAIN) if os.path.isfile(file := current(path, RESULT)) else None
    validated = result is None or result["metrics"].get("val") is not None
    return fewest_options(read_options(current(path, CONFIG), RETRAIN), validated)


def _given_of_trial(named: Named, file: Mapping[str, Any] | None = None) -> dict[str, Any]:
    options, default = build(*recorded_options(named, file), recorded=True), RunOptions()
    return {name: value for name, value in by_width(options).items() if value != getattr(default, name)}


def _command(given: Mapping[str, Any], plugins: Sequence[str]) -> str:
    words = ["mlpcli", "train"]
    for name, value in given.items():
        flag = OPTIONS[name].flag
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            words += [flag, csv_text.word(value)]
    return shlex.join(words) + plugin_flags(plugins)


def _check_one(named: Named) -> None:
    if os.path.isfile(named.path):
        raise UsageError(f"{shown(named.path)} is a file. Give the run or the trial that it belongs to")
    if named.is_sweep and (named.trials is None or len(named.trials) != 1):
        raise UsageError(f"{shown(named.path)} is a sweep of many trials. Name one, as in {shown(named.path)}/best")


def _epochs(path: Path, run_id: str | None = None) -> dict[str, list[float | None]]:
    """The numbers of metrics.csv by column, of one trial if its run_id is given; other rows are not parsed.

    Each epoch counts once, since two configurations may come to one run for some seed.
    """
    if not os.path.isfile(path):
        return {}
    with io_errors("read", path), open(path, "rb") as file:
        header = file.readline()
        mark = None if run_id is None else f",{run_id},".encode()
        lines = [line for line in file if line.endswith(b"\n") and (mark is None or mark in line)]
    try:
        names, *rows = csv_text.parse(header + b"".join(lines)) or [[]]
        by_epoch: dict[str, list[str]] = {}
        for row in rows:
            by_epoch.setdefault(row[names.index("epoch")], row)
        return {
            name: [csv_text.number(row[at]) for row in by_epoch.values()]
            for at, name in enumerate(names)
            if name == "epoch" or Measure.find(name)
        }
    except ValueError as error:
        raise DataError(f"{shown(path)}: {error}. {RETRAIN}") from error


def curves(recorded: Recorded) -> dict[str, Sequence[float | None]]:
    """The metric that leads on the training and the validation rows by epoch; the loss where there is no other."""
    measured = [measure for name in recorded.columns if (measure := Measure.find(name))]
    leading = next((measure.metric for measure in measured if measure.metric.leads), None)
    name = "loss" if leading is None else leading.name
    columns = {f"{part}_{name}": recorded.columns.get(f"{part}_{name}", ()) for part in PARTS}
    return {column: values for column, values in columns.items() if any(value is not None for value in values)}


def split_scores(metrics: Mapping[str, float | None]) -> dict[str, dict[str, float | None] | None]:
    """The metrics of a trial by part and name, as result.json has them; None for a part that has no value.

    >>> split_scores({"train_loss": 0.5, "val_loss": None})
    {'train': {'loss': 0.5}, 'val': None, 'test': None}
    """
    parts: dict[str, dict[str, float | None]] = {part: {} for part in PARTS}
    for name, value in metrics.items():
        if measure := Measure.find(name):
            parts[measure.part][measure.metric.name] = value
    return {part: scores if any(v is not None for v in scores.values()) else None for part, scores in parts.items()}
