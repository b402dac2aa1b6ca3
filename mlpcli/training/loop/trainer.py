"""The training loop, the same for a single run and for a stack of runs.

A `Trainer` trains runs whose networks have one shape as replicas of one network.

Two networks learn exclusive or side by side, from different seeds:

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.planned_run import plan_run
>>> data = prepare(DataOptions(dataset="xor"))
>>> run = plan_run(RunOptions(width=8, depth=1, epochs=200, lr=0.05), data).options
>>> trainer = Trainer([run, run.model_copy(update={"seed": 1})], data)
>>> for rows in trainer.epochs():
...     if trainer.epoch in (1, 200):
...         print(trainer.epoch, [row["train_loss"] < 0.1 for _, row in rows])
1 [False, False]
200 [True, True]
>>> [metrics["train"]["accuracy"] for metrics in trainer.results()]
[1.0, 1.0]
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.metrics import PARTS, Metric, epoch_columns, metrics_of
from mlpcli.data import Part, Prepared
from mlpcli.nn import Array
from mlpcli.training.loop.diagnostics import DiagnosticsRow
from mlpcli.training.loop.divergence import finite
from mlpcli.training.loop.epoch_rows import EpochRow, epoch_rows
from mlpcli.training.loop.training_state import TrainingState
from mlpcli.training.metrics.evaluate import evaluate

__all__ = ["Metrics", "Trainer"]

Metrics = dict[str, dict[str, float] | None]
"""The metrics of train, val and test by name; None for a part without rows."""


class Trainer(TrainingState):
    """Trains resolved runs; `epochs()` yields the rows of metrics.csv as they come.

    Args:
        runs: resolved options with one stack_key.
        data: the prepared dataset.
        measure: what is measured beside the metrics of the task and the monitor, such as val_roc_auc, by which a
            sweep ranks; None for nothing more.

    Attributes:
        columns: the columns of metrics.csv.
        metrics: what `results()` measures.
        diagnostics: with the option `record`, pairs (run, row of diagnostics.csv) for the last yield of `epochs()`.
    """

    def __init__(self, runs: Sequence[RunOptions], data: Prepared, measure: str | None = None) -> None:
        super().__init__(runs, data)
        asked = (self.options.monitor, measure or "auto")
        self.columns = epoch_columns(data.task, *asked)
        self.diagnostics: list[tuple[int, DiagnosticsRow]] = []
        self.metrics = metrics_of(data.task, *asked)
        self._metrics_each_epoch = metrics_of(data.task, *set(asked) & set(self.columns))
        self._hurried = self._scored = False

    def epochs(
        self, until: int | None = None, tick: Callable[[], None] | None = None, every: float = 2.0
    ) -> Iterator[list[tuple[int, EpochRow]]]:
        """Train, and after each epoch yield pairs (run, row of metrics.csv) for the runs that finished it.

        With `record` the first yield, before epoch 1, is empty, and `diagnostics` describes the initial weights.

        Args:
            until: the last epoch to train; all by default.
            tick: called between two batches to write checkpoints and answer signals, which it may do by raising.
                While a run has just diverged it waits for the end of the epoch, when that run leaves.
            every: seconds between two calls of `tick`; `hurry()` brings the next call forward.
        """
        due = time.monotonic() + every
        last = self.options.epochs if until is None else min(until, self.options.epochs)
        if self.options.record and self.epoch == self.batch == 0:
            with np.errstate(all="ignore"):
                self._record(np.arange(len(self.members)))
            yield []
        while self.epoch < last and len(self.members):
            started = time.perf_counter()
            with np.errstate(all="ignore"):  # numbers that are not finite are reported below
                for done in self._steps.train(self.epoch + 1, self.batch):
                    self.batch = done
                    if time.monotonic() < due and not self._hurried:
                        continue
                    well = finite(self._steps.sums.losses, self.network)
                    if not well.any():
                        break  # no run is left to train
                    if well.all():  # no checkpoint may hold anything else
                        self._epoch_time += time.perf_counter() - started
                        self._hurried = False
                        if tick is not None:
                            tick()
                        started, due = time.perf_counter(), time.monotonic() + every
                rows = self._finish_epoch(started)
            yield rows

    def prune(self, runs: Sequence[int]) -> None:
        """Remove these runs from the stack between two epochs; the weights they have kept stay."""
        self._keep_only(np.flatnonzero(~np.isin(self.members, runs)))

    def hurry(self) -> None:
        """Call `tick` after the current batch; safe in a signal handler."""
        self._hurried = True

    def results(self, only: Collection[str] = PARTS) -> list[Metrics]:
        """The metrics of the kept weights on train, val and test, or some of these, one dict per run."""
        self.members = np.arange(len(self.runs))
        self._assemble()
        self.network.params[...], self.network.state[...] = self.kept_params, self.kept_state
        self._scored = True
        parts = {"train": self.data.train, "val": self.data.val, "test": self.data.test}
        with np.errstate(all="ignore"):
            measured = {
                name: None if part is None or name not in only else self._evaluate(part, self.metrics)
                for name, part in parts.items()
            }
        return [
            {name: None if values is None else _pick(values, run) for name, values in measured.items()}
            for run in range(len(self.runs))
        ]

    def tensors(self, run: int) -> dict[str, Array]:
        """The kept weights and running statistics of one run, by name; available after `results()`."""
        if not self._scored:
            raise ValueError("call results() before tensors()")
        return {name: view[run] for name, view in self.network.tensors().items()}

    def _finish_epoch(self, started: float) -> list[tuple[int, EpochRow]]:
        """Validate, keep the best weights, and remove the runs that diverged or ran out of patience."""
        epoch, members = self.epoch + 1, self.members
        val = None
        if self.data.val is not None:
            val = self._evaluate(self.data.val, self._metrics_each_epoch)
        healthy = np.flatnonzero(self._find_divergence(epoch))
        seconds = (self._epoch_time + time.perf_counter() - started) / len(members)
        self.times[members] += seconds
        rows = self._rows(epoch, val, seconds)
        self.epochs_run[members[healthy]] = epoch
        healthy_val = None if val is None else {name: values[healthy] for name, values in val.items()}
        keep, stop = self.monitor.update(members[healthy], epoch, healthy_val)
        if self.plateau is not None:
            self.plateau.update(members[healthy], self.monitor.better[members[healthy]])
            self._follow_plateau()
        kept = healthy[keep]
        self.kept_params[members[kept]] = self.network.params[kept]
        self.kept_state[members[kept]] = self.network.state[kept]
        self.epoch, self.batch, self._epoch_time = epoch, 0, 0.0
        if self.options.record:
            self._record(healthy)
        if self._steps.is_stuck:
            self.stopped |= dict.fromkeys(members[healthy].tolist(), "no step lowers the training loss further")
            stop[...] = True
        staying = healthy[~stop]
        if len(staying) < len(members):
            self._keep_only(staying)
        self._steps.clear_sums()
        return [(int(members[position]), rows[position]) for position in healthy]

    def _evaluate(self, part: Part, metrics: Sequence[Metric]) -> dict[str, Array]:
        return evaluate(self.network, self.loss, part, self.data.preprocessing, metrics)

    def _record(self, positions: Array) -> None:
        """Measure the diagnostics of the runs at these positions of the stack."""
        rows = self._steps.diagnose(self.epoch)
        self.diagnostics = [(int(self.members[position]), rows[position]) for position in positions]

    def _rows(self, epoch: int, val: dict[str, Array] | None, seconds: float) -> list[EpochRow]:
        """The epoch's rows of metrics.csv; `train_*` are means over the batches as they were trained on."""
        columns = self._steps.sums.columns(len(self.data.train), self.data.preprocessing.units)
        columns |= {f"val_{name}": values for name, values in (val or {}).items()}
        steps, rates = epoch * len(self.bounds), self._steps.rates(epoch, len(self.bounds) - 1)
        return epoch_rows(self.columns, epoch, steps, rates, columns, seconds, self.times[self.members])


def _pick(values: dict[str, Array], run: int) -> dict[str, float]:
    """The metrics of one run out of those of a stack."""
    return {name: float(array[run]) for name, array in values.items()}
