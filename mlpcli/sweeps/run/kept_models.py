"""Model files that a sweep keeps: none, that of the best complete trial by the ranking metric, or all."""

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line knows the words, and starts without the rest
    from mlpcli.results.folders.sweep_folder import SweepFolder
    from mlpcli.results.trial import Trial
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep

__all__ = ["KeepModels", "Models"]


class KeepModels(StrEnum):
    """Trials whose model files are kept.

    >>> ", ".join(KeepModels)
    'none, best, all'
    """

    NONE = "none"
    BEST = "best"
    ALL = "all"


class Models:
    """The model files in a sweep's folder."""

    def __init__(self, sweep: "PreparedSweep", folder: "SweepFolder", keep: KeepModels) -> None:
        self.keep = keep
        self._sweep, self._folder = sweep, folder
        self._first = self._leader()

    def offer(self, trial: "Trial", model: bytes | None) -> None:
        """Save the model of a trial that is about to be recorded, if it is to stay as far as is known."""
        rank = trial.rank(self._sweep.metric)
        wanted = self.keep is KeepModels.ALL or rank < self._first
        self._first = min(self._first, rank)
        if model is not None and wanted:
            self.save(trial.number, model)

    def save(self, number: int, model: bytes) -> None:
        """Write the model of a trial."""
        self._folder.save_model(self._sweep.trials[number].run_id, model)

    def missing(self) -> list[int]:
        """The recorded trials whose model is wanted and absent, since the plan or `keep` has changed."""
        return [number for number in self._wanted() if not self._path(number).is_file()]

    def clear(self) -> None:
        """Remove the models that are not wanted."""
        self._folder.keep_models(self._sweep.trials[number].run_id for number in self._wanted())

    @property
    def best(self) -> Path | None:
        """The model file of the best trial, if it was kept."""
        path = None if self.keep is KeepModels.NONE else next(map(self._path, self._best()), None)
        return path if path is not None and path.is_file() else None

    def _wanted(self) -> list[int]:
        if self.keep is KeepModels.ALL:
            return [number for number, trial in self._folder.known.items() if trial.state == "complete"]
        return self._best() if self.keep is KeepModels.BEST else []

    def _best(self) -> list[int]:
        """The best of all recorded trials, if any has a rank."""
        value, number = self._leader()
        return [number] if math.isfinite(value) else []

    def _leader(self) -> tuple[float, int]:
        """The rank of the best recorded trial, infinite if none has one."""
        return min((trial.rank(self._sweep.metric) for trial in self._folder.known.values()), default=(math.inf, 0))

    def _path(self, number: int) -> Path:
        return self._folder.model(self._sweep.trials[number].run_id)
