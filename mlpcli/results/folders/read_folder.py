"""The folder of a run or a sweep as it is on disk, for everything that shows results; it may still be growing.

Reading locks nothing, writes nothing and needs no NumPy. A run is read as a single trial that varies nothing.
"""

import os
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from mlpcli.atomic import shown
from mlpcli.results.files import csv_text
from mlpcli.results.files.read_file import Rows, damaged, read_json, read_options, read_rows
from mlpcli.results.files.snapshot import current, snapshot
from mlpcli.results.folders.read_trials import RERUN, SweepTrials, judged, read_trials, usual_metric
from mlpcli.results.folders.sweep_ownership import MODELS
from mlpcli.results.schema.json_schema import RunResult
from mlpcli.results.trial import Trial

__all__ = ["RETRAIN", "Columns", "ResultsFolder", "read_folder"]

Columns = Mapping[str, "array[float]"]
"""Columns of numbers by name, one number per row; nan where a cell is empty."""

MANY = 10
"""Values of an option; one with more, of more than half of the configurations, was drawn."""

RETRAIN = "Train it again with --force, or copy the folder again"


@dataclass(frozen=True)
class ResultsFolder:
    """A run, a sweep, or one trial of a sweep, whose `number` is then given.

    `metric` chooses the best trial or epoch; `varied` are the options that differ, and `drawn` those of them that
    [random] or [search] chose. Seeds above `last_seed` are the fresh ones of [confirm]; it is None without that table.
    """

    path: Path
    is_sweep: bool
    metric: str
    varied: tuple[str, ...]
    trials: tuple[Trial, ...]
    _epochs: Mapping[str, Columns]
    _diagnostics: Mapping[str, Columns]
    number: int | None = None
    last_seed: int | None = None
    drawn: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The folder's own name, and the trial's number if it stands for one."""
        return self.path.name if self.number is None else f"{self.path.name}/{self.number}"

    @property
    def place(self) -> str:
        """The folder as it is typed, and the trial's number if it stands for one."""
        return shown(self.path if self.number is None else self.path / str(self.number))

    @property
    def configurations(self) -> dict[tuple[str, ...], list[Trial]]:
        """The complete trials by the values of the varied options, in the order of trials.csv."""
        configurations: dict[tuple[str, ...], list[Trial]] = {}
        for trial in self.trials:
            if trial.state == "complete" or not self.is_sweep:
                configurations.setdefault(_values(trial), []).append(trial)
        return configurations

    @property
    def judged(self) -> dict[tuple[str, ...], list[Trial]]:
        """The `configurations` with the trials that summary.csv is made of: of a confirmed one the fresh seeds."""
        every: dict[tuple[str, ...], list[Trial]] = {}
        for trial in self.trials:
            every.setdefault(_values(trial), []).append(trial)
        numbers = {trial.number for trials in every.values() for trial in judged(trials, self.last_seed)}
        kept = {
            values: [trial for trial in trials if trial.number in numbers]
            for values, trials in self.configurations.items()
        }
        return {values: trials for values, trials in kept.items() if trials}

    @property
    def pruned(self) -> dict[tuple[str, ...], list[Trial]]:
        """The pruned trials by the values of the varied options, of the configurations without a complete one."""
        complete = self.configurations
        pruned: dict[tuple[str, ...], list[Trial]] = {}
        for trial in self.trials:
            if trial.state == "pruned" and (values := _values(trial)) not in complete:
                pruned.setdefault(values, []).append(trial)
        return pruned

    @property
    def has_fresh_seeds(self) -> bool:
        """Whether configurations were confirmed by further seeds."""
        return self.last_seed is not None and any(trial.seed > self.last_seed for trial in self.trials)

    def only(self, trial: Trial) -> Self:
        """One complete trial of the sweep alone, which varies nothing."""
        return replace(self, varied=(), trials=(replace(trial, options={}),), number=trial.number)

    def epochs(self, trial: Trial) -> Columns:
        """The rows of metrics.csv that belong to a trial, by column, in the order of epochs."""
        return self._epochs.get(trial.run_id, {})

    def diagnostics(self, trial: Trial) -> Columns:
        """The rows of diagnostics.csv that belong to a trial, by column, in the order of epochs."""
        return self._diagnostics.get(trial.run_id, {})

    def model(self, trial: Trial) -> Path | None:
        """The model file of a trial, None if it was not kept."""
        sweep_model = self.path / MODELS / f"{trial.run_id}.safetensors"
        path = sweep_model if self.is_sweep else current(self.path, "model.safetensors")
        return path if path.is_file() else None


def read_folder(path: Path) -> ResultsFolder:
    """The results in a folder.

    Raises:
        DataError: a file there is not one that mlpcli writes.
        FileError: a file cannot be read.
    """

    def read() -> ResultsFolder:
        return _read_sweep(path) if os.path.isfile(path / "trials.csv") else _read_run(path)

    return snapshot(path, read)


def _read_run(path: Path) -> ResultsFolder:
    options = read_options(current(path, "config.toml"), RETRAIN)
    rows = read_rows(current(path, "metrics.csv"), RETRAIN)
    epochs = _by_run(rows).get("", {})
    trial = Trial(0, 0, "", options.seed)
    if os.path.isfile(result_file := current(path, "result.json")):
        result = read_json(result_file, RunResult, RETRAIN)
        trial = Trial(0, 0, result["run_id"], options.seed).ended(result)
    diagnostics = _read_epochs(current(path, "diagnostics.csv"), RETRAIN).get("", {})
    metric = options.monitor if options.monitor != "auto" else usual_metric(epochs)
    return ResultsFolder(path, False, metric, (), (trial,), {trial.run_id: epochs}, {trial.run_id: diagnostics})


def _read_sweep(path: Path) -> ResultsFolder:
    found = read_trials(path)
    epochs = _read_epochs(path / "metrics.csv", RERUN)
    diagnostics = _read_epochs(path / "diagnostics.csv", RERUN)
    parts = (found.metric, found.varied, found.trials, epochs, diagnostics)
    return ResultsFolder(path, True, *parts, last_seed=found.last_seed, drawn=_drawn(found))


def _drawn(found: SweepTrials) -> frozenset[str]:
    """The varied options that [random] or [search] chose; of tables without a sweep.toml the values tell."""
    if found.file:
        return frozenset(found.varied) & {*found.file.get("random", ()), *found.file.get("search", ())}
    configurations = {_values(trial) for trial in found.trials}
    most = max(MANY, len(configurations) // 2)
    columns = {name: {values[index] for values in configurations} for index, name in enumerate(found.varied)}
    return frozenset(name for name, values in columns.items() if len(values) > most)


def _values(trial: Trial) -> tuple[str, ...]:
    """The values of the varied options."""
    return tuple("" if value is None else str(value) for value in trial.options.values())


def _read_epochs(path: Path, remedy: str) -> dict[str, Columns]:
    """A table of epochs by run_id, the empty text for a run's own; {} if there is no such file."""
    return _by_run(read_rows(path, remedy)) if os.path.isfile(path) else {}


def _by_run(rows: Rows) -> dict[str, Columns]:
    """The columns by run_id; each epoch counts once, since two configurations may come to one run for some seed."""
    header = rows.header
    first = header.index("epoch")
    identity = header.index("run_id") if "run_id" in header else None
    groups: dict[str, list[int]] = {}
    for index, cells in enumerate(rows.cells):
        groups.setdefault("" if identity is None else cells[identity], []).append(index)
    if identity is None and not groups:
        groups[""] = []
    by_run: dict[str, Columns] = {}
    for run_id, indices in groups.items():
        by_epoch: dict[float, list[float]] = {}
        for index in indices:
            numbers = _numbers(rows, index, first)
            by_epoch.setdefault(numbers[0], numbers)
        ordered = [by_epoch[epoch] for epoch in sorted(by_epoch)]
        by_run[run_id] = {
            name: array("d", (row[place] for row in ordered)) for place, name in enumerate(header[first:])
        }
    return by_run


def _numbers(rows: Rows, index: int, first: int) -> list[float]:
    """The numbers of a row from the column `epoch` on."""
    try:
        return csv_text.numbers(rows.cells[index][first:])
    except ValueError:
        rows.refuse(index)
        raise damaged(rows.path, f"row {index + 1} holds a cell that is not a number", rows.remedy) from None
