"""Diagnostics that the option `record` writes: the noise of the minibatch gradient, and the input of a hidden unit.

It works on a network of its own, with the weights of the one in training, and draws from random streams of its own, so
it cannot change the numbers of the run.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.initial_weights import initialize
>>> data = prepare(DataOptions(dataset="xor"))
>>> runs = [RunOptions(hidden=(8,), loss="cross-entropy", init="he", batch_size=2, threads=1)]
>>> replicas = Replicas(runs, data, steps_per_epoch=2)
>>> initialize(replicas.network, runs, data)
>>> (row,) = Diagnostics(runs, data).measure(replicas.network, epoch=0, step=0)
>>> row["gradient_variance"] > 0, row["input_p15"] < row["input_p50"] < row["input_p85"]
(True, True)
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.rules import smallest_batch
from mlpcli.data import Prepared
from mlpcli.nn import Array, Dropout, Network, Purpose, stream
from mlpcli.training.loop.batches import batch_bounds
from mlpcli.training.loop.replicas import Replicas

__all__ = ["DIAGNOSTIC_COLUMNS", "Diagnostics", "DiagnosticsRow"]

PERCENTILES = (15, 50, 85)
"""The percentiles in figure 1 of Ioffe and Szegedy 2015, section 4.1."""

DIAGNOSTIC_COLUMNS = (
    "epoch",
    "step",
    "gradient_variance",
    "gradient_norm_full",
    *(f"input_p{percent}" for percent in PERCENTILES),
)

BATCHES = 16
"""Number of batches from which the variance is estimated."""

BLOCK = 256
"""Rows of one part of the full pass; with batch norm, which normalizes rows together, it is the run's batch instead."""

DiagnosticsRow = dict[str, Any]


class Diagnostics:
    """Measures the networks of a stack of runs, `lead = (len(runs),)`.

    Args:
        runs: resolved options with one stack_key.
        data: the prepared dataset that they train on.
    """

    def __init__(self, runs: Sequence[RunOptions], data: Prepared) -> None:
        run = runs[0]
        self._seeds = [run.seed for run in runs]
        self._x, self._y = data.train.x, data.train.y
        self._weights = data.train.weights_as(run.dtype)
        self._size = len(self._x) if run.batch_size == "full" else min(run.batch_size, len(self._x))
        part = run.batch_size if smallest_batch(run) > 1 else BLOCK
        self._parts = batch_bounds(len(self._x), part, smallest_batch(run))
        own = Replicas(runs, data, steps_per_epoch=1, masks=Purpose.RECORD_MASKS)
        self._bits, self._network, self._loss = own.bits, own.network, own.loss
        self._has_hidden = bool(run.sizes)
        if run.sizes:
            self._activation = self._network.names.index(f"hidden.{len(run.sizes) - 1}.activation")
            self._units = [int(stream(seed, Purpose.RECORD).integers(run.sizes[-1])) for seed in self._seeds]

    def measure(self, network: Network, epoch: int, step: int) -> list[DiagnosticsRow]:
        """One row of diagnostics.csv for every replica of `network` at its weights after `epoch` and `step`.

        - gradient_variance: the trace of the covariance of the gradient of the loss, without penalties, on a random
          batch of the run's size. The unbiased estimate from `BATCHES` independent batches, each drawn without
          replacement and with masks of its own: sum |g_i - mean|^2 / (BATCHES - 1).
        - gradient_norm_full: the L2 norm of the gradient on all training rows. With dropout its parts have random
          masks; with batch norm they are batches of the run's size.
        - input_p15 .. input_p85: percentiles over the training rows of the input of one unit's activation in the last
          hidden layer; the seed chooses the unit. In training mode without dropout. None without hidden layers.
        """
        self._network.params[...], self._network.state[...] = network.params, network.state
        self._bits.restart(epoch)
        rngs = [stream(seed, Purpose.RECORD, epoch + 1) for seed in self._seeds]
        order = np.stack([rng.permutation(len(self._x)) for rng in rngs])
        percentiles, norm, variance = self._percentiles(order), self._full_norm(order), self._variance(rngs)
        return [
            {
                "epoch": epoch,
                "step": step,
                "gradient_variance": float(variance[index]),
                "gradient_norm_full": float(norm[index]),
                **{f"input_p{percent}": value for percent, value in zip(PERCENTILES, values, strict=True)},
            }
            for index, values in enumerate(percentiles)
        ]

    def _gradient(self, rows: Array) -> Array:
        """The gradient of each replica's mean loss on its `rows: (replicas, batch)`, float64 `(replicas, size)`."""
        scores = self._network.forward(self._x[rows], training=True)
        self._loss(scores, self._y[rows], None if self._weights is None else self._weights[rows])
        self._network.backward(self._loss.gradient())
        return self._network.grads.astype(np.float64)

    def _variance(self, rngs: Sequence[np.random.Generator]) -> Array:
        """The variance by Welford's algorithm, from the running mean and the sum of squared distances from it."""
        mean, squares = np.zeros(self._network.params.shape), np.zeros(len(rngs))
        for count in range(1, BATCHES + 1):
            # Sorted, so that a batch of all rows gives the same bits in every draw.
            rows = [np.sort(rng.choice(len(self._x), self._size, replace=False)) for rng in rngs]
            gradient = self._gradient(np.stack(rows))
            change = gradient - mean
            mean += change / count
            squares += np.vecdot(change, gradient - mean)
        return squares / (BATCHES - 1)

    def _full_norm(self, order: Array) -> Array:
        total = np.zeros(self._network.params.shape)
        for start, stop in self._parts:
            total += self._gradient(order[:, start:stop]) * ((stop - start) / len(self._x))
        norm: Array = np.sqrt(np.vecdot(total, total))
        return norm

    def _percentiles(self, order: Array) -> list[list[float | None]]:
        if not self._has_hidden:
            return [[None] * len(PERCENTILES) for _ in self._seeds]
        inputs = np.concatenate(list(self._unit_inputs(order)), axis=-1).astype(np.float64)
        percentiles: list[list[float | None]] = np.percentile(inputs, PERCENTILES, axis=-1).T.tolist()
        return percentiles

    def _unit_inputs(self, order: Array) -> Iterator[Array]:
        """The inputs of the chosen unit of every replica, `(replicas, rows)`, part by part of the training rows."""
        replicas = np.arange(len(self._seeds))
        for start, stop in self._parts:
            x = self._x[order[:, start:stop]]
            for layer in self._network.layers[: self._activation]:
                x = layer.forward(x, training=not isinstance(layer, Dropout))
            yield x[replicas, :, self._units]
