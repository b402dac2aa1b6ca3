"""Which model files a sweep keeps: none, that of the best complete trial by the ranking metric, or all."""

import math
from pathlib import Path

from mlpcli.config.metrics import Measure
from mlpcli.results.sweep_folder import Record, SweepStore
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.run.train_stack import KeepModels

__all__ = ["Models"]


class Models:
    """The model files in a sweep's folder."""

    def __init__(self, sweep: PreparedSweep, store: SweepStore, keep: KeepModels) -> None:
        self.keep = keep
        self._sweep, self._store = sweep, store
        self._first = min((self._rank(*entry) for entry in store.known.items()), default=(math.inf, 0))

    def offer(self, number: int, record: Record, model: bytes | None) -> None:
        """Save the model of a trial that is about to be recorded, if it is to stay as far as is known."""
        rank = self._rank(number, record)
        wanted = self.keep == "all" or rank < self._first
        self._first = min(self._first, rank)
        if model is not None and wanted:
            self.save(number, model)

    def save(self, number: int, model: bytes) -> None:
        """Write the model of a trial."""
        self._store.save_model(self._sweep.run_ids[number], model)

    def missing(self) -> list[int]:
        """The recorded trials whose model is wanted and absent, since the plan or `keep` has changed."""
        return [number for number in self._wanted() if not self._path(number).is_file()]

    def clear(self) -> None:
        """Remove the models that are not wanted."""
        self._store.keep_models(self._sweep.run_ids[number] for number in self._wanted())

    @property
    def best(self) -> Path | None:
        """The model file of the best trial, if it was kept."""
        path = None if self.keep == "none" else next(map(self._path, self._best()), None)
        return path if path is not None and path.is_file() else None

    def _wanted(self) -> list[int]:
        if self.keep == "all":
            return [number for number, record in self._store.known.items() if record["state"] == "complete"]
        return self._best() if self.keep == "best" else []

    def _best(self) -> list[int]:
        """The best of all recorded trials, if any has a rank."""
        value, number = min((self._rank(*entry) for entry in self._store.known.items()), default=(math.inf, 0))
        return [number] if math.isfinite(value) else []

    def _rank(self, number: int, record: Record) -> tuple[float, int]:
        """Sort key with the best complete trial first: by the metric, then by number."""
        value = record.get(self._sweep.metric)
        if record["state"] != "complete" or value is None:
            return math.inf, number
        return Measure.parse(self._sweep.metric).metric.key(value), number

    def _path(self, number: int) -> Path:
        return self._store.model(self._sweep.run_ids[number])
