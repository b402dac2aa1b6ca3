"""The steps of an epoch: every run goes through the training rows in an order of its own, batch by batch.

>>> from mlpcli.config import DataOptions, RunOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.initial_weights import initialize
>>> data = prepare(DataOptions(dataset="xor"))
>>> runs = [RunOptions(hidden=(8,), loss="cross-entropy", init="he", beta2=0.999, lr=0.05, threads=1)]
>>> steps = EpochSteps(runs, data, [(0, 2), (2, 4)])
>>> initialize(steps.replicas.network, runs, data)
>>> steps.order(epoch=1).shape, list(steps.train(epoch=1, done=0))
((1, 4), [1, 2])
>>> steps.sums.losses.shape
(1, 2)
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.data import Prepared
from mlpcli.nn import Array, Purpose, stream
from mlpcli.optim import LBFGS, Optimizer
from mlpcli.training.loop.batch_sums import BatchSums
from mlpcli.training.loop.diagnostics import Diagnostics, DiagnosticsRow
from mlpcli.training.loop.full_batch import FullBatch
from mlpcli.training.loop.replicas import Replicas

__all__ = ["EpochSteps"]


class EpochSteps:
    """Trains the replicas of a stack, epoch by epoch; it can stop after any batch and go on from there.

    Args:
        runs: resolved options with one stack_key.
        data: the prepared dataset.
        bounds: the (start, stop) of every batch of an epoch, as `batch_bounds`.

    Attributes:
        replicas: the runs that still train.
        sums: what the batches of the current epoch showed.
    """

    def __init__(self, runs: Sequence[RunOptions], data: Prepared, bounds: Sequence[tuple[int, int]]) -> None:
        self.replicas = Replicas(runs, data, len(bounds))
        self._data, self._bounds = data, bounds
        takes_all_rows = OPTIMIZERS[runs[0].optimizer].full_batch
        self._full_batch = FullBatch(self.replicas, data) if takes_all_rows else None
        self._diagnostics: Diagnostics | None = None
        self.clear_sums()

    def train(self, epoch: int, done: int) -> Iterator[int]:
        """Take the steps of an epoch, from 1, after its first `done`; yields after each how many are done."""
        if self._full_batch is not None:
            if done == 0:
                self._full_batch.step(self.sums, float(self.rates(epoch, 0)[0]))
                yield 1
            return
        if done == 0:
            self.replicas.bits.restart(epoch)
        order, inputs = self.order(epoch), self._data.train.x
        # both are small beside the inputs, which are gathered batch by batch
        targets, weights = self._data.train.y[order], None if self._weights is None else self._weights[order]
        for index in range(done, len(self._bounds)):
            start, stop = self._bounds[index]
            x, y = inputs.take(order[:, start:stop], axis=0, mode="clip"), targets[:, start:stop]
            w = None if weights is None else weights[:, start:stop]
            losses, scores, norms = self.replicas.step(x, y, w, self._before(epoch) + index)
            self.sums.add(index, losses, scores, y, norms, w)
            yield index + 1

    def order(self, epoch: int) -> Array:
        """The rows in each run's order of an epoch, `(runs, rows)`; full batches keep the order of the data."""
        runs, rows = self.replicas.runs, len(self._data.train)
        if runs[0].batch_size == "full":
            return np.broadcast_to(np.arange(rows), (len(runs), rows))
        return np.stack([stream(run.seed, Purpose.ORDER, epoch).permutation(rows) for run in runs])

    def rates(self, epoch: int, index: int) -> Array:
        """The learning rate of each run at a batch of an epoch, `(runs,)`."""
        return self.replicas.rates(self._before(epoch) + index)

    def select(self, positions: Array) -> None:
        """Begin an epoch with only the replicas at these positions."""
        self.replicas = self.replicas.select(positions)
        self._diagnostics = None
        self.clear_sums()

    def clear_sums(self) -> None:
        """Begin an epoch: forget what the batches of the last one showed."""
        units = self._data.preprocessing.units
        self.sums = BatchSums(len(self.replicas), len(self._bounds), None if units is None else len(units))

    def diagnose(self, epoch: int) -> list[DiagnosticsRow]:
        """One row of diagnostics.csv for each run at its weights after an epoch; 0 stands for the initial weights."""
        self._diagnostics = self._diagnostics or Diagnostics(self.replicas.runs, self._data)
        return self._diagnostics.measure(self.replicas.network, epoch, self._before(epoch + 1))

    @property
    def optimizer(self) -> Optimizer | LBFGS:
        """What makes steps of gradients."""
        return self.replicas.optimizer if self._full_batch is None else self._full_batch.minimizer

    @property
    def is_stuck(self) -> bool:
        """Whether the optimizer found no step that lowers the training loss."""
        return self._full_batch is not None and self._full_batch.minimizer.stuck

    @cached_property
    def _weights(self) -> Array | None:
        """The weights of the rows; made at the first step, since replicas that are only scored do not need them."""
        return self._data.train.weights_as(self.replicas.runs[0].dtype)

    def _before(self, epoch: int) -> int:
        """The number of steps before an epoch."""
        return (epoch - 1) * len(self._bounds)
