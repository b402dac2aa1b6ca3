"""The runs of a stack as replicas of one network, and the training step that all of them take at once.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.initial_weights import initialize
>>> data = prepare(DataOptions(dataset="xor"))
>>> common = {"hidden": (8,), "loss": "cross-entropy", "init": "he", "beta2": 0.999, "threads": 1}  # resolved
>>> runs = [RunOptions(**common, lr=lr) for lr in (0.01, 0.05)]
>>> replicas = Replicas(runs, data, steps_per_epoch=1)
>>> initialize(replicas.network, runs, data)
>>> x, y = np.stack([data.train.x] * 2), np.stack([data.train.y] * 2)
>>> first, *_, last = (replicas.step(x, y, None, count)[0].mean(axis=-1) for count in range(100))
>>> first[0] == first[1], last[0] > last[1]
(np.True_, np.True_)
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.data import Prepared
from mlpcli.nn import Array, BitStreams, Network, Purpose
from mlpcli.optim import Optimizer, project_columns
from mlpcli.training.build import (
    build_layers,
    build_loss,
    build_optimizer,
    build_schedule,
    class_weights,
    column_bounds,
)

__all__ = ["Replicas"]


class Replicas:
    """One network `lead = (len(runs),)` for the runs of a stack, with the loss, optimizer and schedule of its steps.

    The parameters are still to be set, by `initialize` or from a checkpoint.

    Args:
        runs: resolved options with one stack_key.
        data: the prepared dataset, for the number of inputs, outputs and class weights.
        steps_per_epoch: batches of an epoch, for the schedule.
        masks: the purpose of the random streams that dropout draws from.

    Attributes:
        lr_factor: what multiplies the rates of the schedule, `(runs,)`; None is 1.
    """

    def __init__(
        self, runs: Sequence[RunOptions], data: Prepared, steps_per_epoch: int, masks: Purpose = Purpose.DROPOUT
    ) -> None:
        self.runs, self._data, self._steps_per_epoch = list(runs), data, steps_per_epoch
        lead, outputs = (len(runs),), data.preprocessing.outputs
        self.bits = BitStreams([run.seed for run in runs], lead, masks)
        layers = build_layers(runs, data.train.x.shape[-1], outputs, lead, self.bits)
        self.network = Network(layers, lead, runs[0].dtype)
        self.loss = build_loss(runs, outputs, lead, class_weights(runs[0], data))
        self._schedule = build_schedule(runs, steps_per_epoch)
        self.lr_factor: Array | None = None
        self._column_bounds = column_bounds(runs, self.network)

    def __len__(self) -> int:
        """Number of runs."""
        return len(self.runs)

    @cached_property
    def optimizer(self) -> Optimizer:
        """Built at the first step, since replicas that are only scored need neither it nor its memory."""
        return build_optimizer(self.runs, self.network, self._steps_per_epoch)

    def step(self, x: Array, y: Array, weights: Array | None, count: int) -> tuple[Array, Array, Array]:
        """Take one step of every run.

        Args:
            x: inputs, one batch per run, `(runs, batch, features)`.
            y: their targets, `(runs, batch)` or `(runs, batch, targets)`.
            weights: their weights, `(runs, batch)`; None weighs all rows by 1.
            count: steps taken before.

        Returns:
            Losses `(runs, batch)` and scores `(runs, batch, outputs)` from before the step, valid until the next
            forward pass, and the norms of the gradients `(runs,)`.
        """
        scores = self.network.forward(x, training=True)
        losses = self.loss(scores, y, weights)
        self.network.backward(self.loss.gradient())
        norms = self.optimizer.step(self.network.params, self.network.grads, self._rate(count))
        for linear, bound in zip(self.network.linears, self._column_bounds, strict=False):
            project_columns(linear.weight, bound)
        return losses, scores, norms

    def rates(self, count: int) -> Array:
        """The learning rate of each run after `count` steps, `(runs,)`."""
        return np.broadcast_to(self._rate(count), (len(self), 1))[:, 0]

    def _rate(self, count: int) -> float | Array:
        rate = self._schedule.at(count)
        return rate if self.lr_factor is None else rate * self.lr_factor[:, None]

    def select(self, index: Array) -> "Replicas":
        """The replicas at these positions, as a smaller network that goes on from here."""
        chosen = Replicas([self.runs[position] for position in index], self._data, self._steps_per_epoch)
        chosen.network.params[...], chosen.network.state[...] = self.network.params[index], self.network.state[index]
        chosen.optimizer = self.optimizer.select(index)
        chosen.lr_factor = None if self.lr_factor is None else self.lr_factor[index]
        return chosen
