"""Training of runs that are ensembles: each network has a trainer of its own, and all of them go on epoch by epoch.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.planned_run import plan_run
>>> options = RunOptions(dataset="iris", ensemble=3, epochs=2)
>>> data = prepare(options.data)
>>> trainer = EnsembleTrainer([plan_run(options, data).options], data)
>>> [[(run, row["epoch"]) for run, row in rows] for rows in trainer.epochs()]
[[(0, 1)], [(0, 2)]]
>>> trainer.results()[0]["test"]["accuracy"] > 0.6, trainer.tensors(0)["output.weight"].shape
(True, (3, 64, 3))
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.data import Prepared
from mlpcli.nn import Array, Loss, Network
from mlpcli.training.build import build_loss
from mlpcli.training.described_network import build_network
from mlpcli.training.ensembles.network_options import network_options
from mlpcli.training.loop.checkpoint_checks import EnsembleCounters, check_arrays
from mlpcli.training.loop.diagnostics import DiagnosticsRow
from mlpcli.training.loop.divergence import Divergence
from mlpcli.training.loop.epoch_rows import EpochRow, mean_row
from mlpcli.training.loop.trainer import Metrics, Trainer
from mlpcli.training.metrics.evaluate import evaluate, mean_metrics

__all__ = ["EnsembleTrainer"]


class EnsembleTrainer:
    """Trains resolved runs whose `ensemble` is above 1, as `Trainer` trains others and with its attributes.

    Each network keeps the weights of its own best epoch. An epoch's row has the means over the networks that trained
    it. A run of which one network diverges ends with that epoch, of which it has no row.

    Args:
        runs: resolved options with one stack_key.
        data: the prepared dataset.
        measure: as for `Trainer`.
    """

    def __init__(self, runs: Sequence[RunOptions], data: Prepared, measure: str | None = None) -> None:
        self.runs, self.data, self.options = list(runs), data, runs[0]
        of_networks = zip(*map(network_options, runs), strict=True)
        self.trainers = [Trainer(own, data.fold(k), measure) for k, own in enumerate(of_networks)]
        self.columns = self.trainers[0].columns
        self.diagnostics: list[tuple[int, DiagnosticsRow]] = []
        self.epoch = 0
        self._rows = np.zeros((len(self.trainers), len(self.runs), len(self.columns)))
        self._hurried = False
        self._end_diverged()

    @property
    def members(self) -> Array:
        """Indices of the runs with a network that is still training."""
        return np.flatnonzero([any(run in one.members for one in self.trainers) for run in range(len(self.runs))])

    @property
    def batch(self) -> int:
        """Batches done of the current epoch, by the network that is furthest in it."""
        return max(one.batch for one in self.trainers)

    @property
    def best_epoch(self) -> Array:
        """The median of the best epochs of a run's networks, the lower of two, `(runs,)`."""
        sorted_epochs = np.sort([one.best_epoch for one in self.trainers], axis=0)
        median: Array = np.minimum(sorted_epochs[(len(self.trainers) - 1) // 2], self.epochs_run)
        return median

    @property
    def epochs_run(self) -> Array:
        """Epochs of the network of each run that trained longest, `(runs,)`; one that diverged has those before."""
        longest: Array = np.max([one.epochs_run for one in self.trainers], axis=0)
        for run, found in self.diverged.items():
            longest[run] = max(found.epoch - 1, 0)
        return longest

    @property
    def times(self) -> Array:
        """Seconds that the networks of each run trained, `(runs,)`."""
        total: Array = np.sum([one.times for one in self.trainers], axis=0)
        return total

    @property
    def diverged(self) -> dict[int, Divergence]:
        """Where the first network of each run that diverged did so, by index."""
        found: dict[int, Divergence] = {}
        for one in self.trainers:
            found = one.diverged | found
        return found

    @property
    def stopped(self) -> dict[int, str]:
        """Why runs ended before their last epoch, if all of their networks ended so."""
        first, *others = (one.stopped for one in self.trainers)
        return {run: why for run, why in first.items() if all(run in other for other in others)}

    @property
    def parameters(self) -> int:
        """Number of parameters of a run."""
        return sum(one.parameters for one in self.trainers)

    @property
    def network(self) -> Network:
        """The first networks of the runs."""
        return self.trainers[0].network

    @property
    def loss(self) -> Loss:
        """The loss of the first networks."""
        return self.trainers[0].loss

    def epochs(
        self, until: int | None = None, tick: Callable[[], None] | None = None, every: float = 2.0
    ) -> Iterator[list[tuple[int, EpochRow]]]:
        """Train, and after each epoch of all networks yield pairs (run, row of metrics.csv); as `Trainer.epochs`."""
        due = time.monotonic() + every

        def paced() -> None:
            nonlocal due
            if tick is not None and (self._hurried or time.monotonic() >= due):
                self._hurried, due = False, time.monotonic() + every
                tick()

        courses = [one.epochs(until, paced, every) for one in self.trainers]
        last = self.options.epochs if until is None else min(until, self.options.epochs)
        while self.epoch < last and len(self.members):
            for k, (one, course) in enumerate(zip(self.trainers, courses, strict=True)):
                if one.epoch == self.epoch:  # else it has done this epoch before a checkpoint, or ended
                    for run, row in next(course, []):
                        self._rows[k, run] = [row[name] for name in self.columns]
                    self._end_diverged()
            yield self._finish_epoch()

    def prune(self, runs: Sequence[int]) -> None:
        """Remove these runs between two epochs; the weights they have kept stay."""
        for one in self.trainers:
            one.prune(runs)

    def hurry(self) -> None:
        """Call `tick` after the current batch; safe in a signal handler."""
        self._hurried = True
        for one in self.trainers:
            one.hurry()

    def results(self) -> list[Metrics]:
        """The metrics of the averaged networks on train and test, one dict per run.

        Those of val are means over the networks, each on its own fold; of validation rows that all networks share, they
        are of the averaged networks too.
        """
        parts = () if self.data.folds is None else ("val",)
        own = [one.results(parts) for one in self.trainers]
        return [self._result(run, [results[run]["val"] for results in own]) for run in range(len(self.runs))]

    def tensors(self, run: int) -> dict[str, Array]:
        """The kept weights and running statistics of a run's networks, `(networks, ...)`; after `results()`."""
        every = [one.tensors(run) for one in self.trainers]
        return {name: np.stack([tensors[name] for tensors in every]) for name in every[0]}

    def checkpoint(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """The state after the last batch, from which `restore` goes on bit for bit: live arrays, counters for JSON."""
        saved = [one.checkpoint() for one in self.trainers]
        arrays = {f"{k}.{name}": array for k, (own, _) in enumerate(saved) for name, array in own.items()}
        return arrays | {"rows": self._rows}, {"epoch": self.epoch, "networks": [counters for _, counters in saved]}

    def restore(self, arrays: dict[str, Array], counters: dict[str, Any]) -> None:
        """Go on from a checkpoint of the same runs on the same data.

        Raises:
            ValueError: it is the checkpoint of another training, or damaged.
        """
        counted = EnsembleCounters.model_validate(counters)
        if len(counted.networks) != len(self.trainers):
            raise ValueError(f"it has {len(counted.networks)} networks, this training has {len(self.trainers)}")
        own: list[dict[str, Array]] = [{} for _ in self.trainers]
        numbers, rest = set(map(str, range(len(own)))), {}
        for name, array in arrays.items():
            k, _, short = name.partition(".")
            if k in numbers:
                own[int(k)][short] = array
            else:
                rest[name] = array
        check_arrays(rest, {"rows": self._rows})
        for one, its_arrays, its_counters in zip(self.trainers, own, counted.networks, strict=True):
            one.restore(its_arrays, its_counters, may_have_ended=True)
        following = counted.epoch + 1
        epochs = {one.epoch for one in self.trainers if len(one.members)}
        of_rows = set(rest["rows"][..., self.columns.index("epoch")].ravel().tolist())
        steps = rest["rows"][..., self.columns.index("step")]
        if not (epochs <= {counted.epoch, following} and of_rows <= {0, following} and np.isfinite(steps).all()):
            raise ValueError(f"its networks stand elsewhere than at epoch {counted.epoch} of all")
        self._rows[...], self.epoch = rest["rows"], counted.epoch

    def _end_diverged(self) -> None:
        """End all networks of the runs of which one diverged."""
        if self.diverged:
            self.prune(list(self.diverged))

    def _finish_epoch(self) -> list[tuple[int, EpochRow]]:
        """The mean rows of the runs that have not diverged."""
        self.epoch += 1
        rows, has_row = [], self._rows[..., self.columns.index("epoch")] > 0
        for run in range(len(self.runs)):
            trained = self._rows[has_row[:, run], run]
            if len(trained) and run not in self.diverged:
                rows.append((run, mean_row(self.columns, trained, float(self.times[run]))))
        self._rows[...] = 0
        return rows

    def _result(self, run: int, own: list[dict[str, float] | None]) -> Metrics:
        data, one = self.data, self.trainers[0]
        network = build_network(self.runs[run], data.preprocessing, self.tensors(run))
        loss = build_loss([self.runs[run]], data.preprocessing.outputs, ())
        parts = {"train": data.train, "val": data.val, "test": data.test}
        found: Metrics = {}
        for name, part in parts.items():
            if name == "val" and data.folds is not None:
                found[name] = mean_metrics([metrics for metrics in own if metrics is not None])
            elif part is None:
                found[name] = None
            else:
                with np.errstate(all="ignore"):
                    measured = evaluate(network, loss, part, data.preprocessing, one.metrics)
                found[name] = {metric: float(value) for metric, value in measured.items()}
        return found
