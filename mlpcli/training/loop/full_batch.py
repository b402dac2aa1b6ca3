"""Training by iterations on all rows, for optimizers that choose their steps by a line search.

>>> from mlpcli.config import DataOptions, RunOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.initial_weights import initialize
>>> data = prepare(DataOptions(dataset="xor"))
>>> runs = [RunOptions(hidden=(8,), loss="cross-entropy", init="he", optimizer="lbfgs", lr=1.0, threads=1)]
>>> replicas = Replicas(runs, data, steps_per_epoch=1)
>>> initialize(replicas.network, runs, data)
>>> training, losses = FullBatch(replicas, data), []
>>> for _ in range(20):
...     sums = BatchSums(runs=1, batches=1, targets=None)
...     training.step(sums, lr=1.0)
...     losses.append(float(sums.losses[0, 0]))
>>> losses[0] > 1e3 * losses[-1]
True
"""

from dataclasses import dataclass

import numpy as np

from mlpcli.data import Prepared
from mlpcli.nn import Array
from mlpcli.optim import LBFGS, gradient_norm
from mlpcli.training.loop.batch_sums import BatchSums
from mlpcli.training.loop.batches import batch_bounds
from mlpcli.training.loop.replicas import Replicas
from mlpcli.training.metrics.evaluate import BLOCK

__all__ = ["Evaluation", "FullBatch"]


@dataclass(frozen=True)
class Evaluation:
    """The objective, L2 penalty included, and its gradient `(size,)` at one point; `sums` are of all its blocks."""

    loss: float
    gradient: Array
    sums: BatchSums


class FullBatch:
    """The iterations of one run.

    The evaluation of the point that an iteration reaches is that with which the next one begins. It is not part of a
    checkpoint: evaluating the point again gives the same bits.

    Args:
        replicas: the run, whose network is trained.
        data: the prepared dataset.

    Raises:
        ValueError: there are several runs, which would need evaluations at different points.

    Attributes:
        minimizer: the optimizer.
    """

    def __init__(self, replicas: Replicas, data: Prepared) -> None:
        if len(replicas) != 1:
            raise ValueError(f"{replicas.runs[0].optimizer} trains one run at a time, got {len(replicas)}")
        self._run, self._network, self._loss = replicas.runs[0], replicas.network, replicas.loss
        self._x, self._y = data.train.x, data.train.y
        self._weights = data.train.weights_as(self._run.dtype)
        self._targets = None if data.preprocessing.units is None else len(data.preprocessing.units)
        self._blocks = batch_bounds(len(self._x), BLOCK)
        self.minimizer = LBFGS(self._network.size)
        self._reached: Evaluation | None = None

    def step(self, sums: BatchSums, lr: float) -> None:
        """Take one iteration.

        Args:
            sums: of one batch, to which the sums before the step are written.
            lr: the length of the first trial of the line search.
        """
        point = self._network.params[0].copy()
        start = self._evaluate(point) if self._reached is None else self._reached
        for name, values in start.sums.arrays.items():
            sums.arrays[name][:, 0] = values.sum(axis=1)
        moved = self.minimizer.step(point, start, self._evaluate, lr)
        self._network.params[0], self._reached = (point, start) if moved is None else moved

    def _evaluate(self, point: Array) -> Evaluation:
        """The objective at a point, in float64 sums over blocks of rows, which need little memory."""
        self._network.params[0] = point
        sums = BatchSums(1, len(self._blocks), self._targets)
        loss, gradient = 0.0, np.zeros(self._network.size)
        for index, (start, stop) in enumerate(self._blocks):
            rows, share = np.arange(start, stop)[None], (stop - start) / len(self._x)
            x, y = self._x.take(rows, axis=0, mode="clip"), self._y[rows]
            weights = None if self._weights is None else self._weights[rows]
            scores = self._network.forward(x, training=True)
            losses = self._loss(scores, y, weights)
            loss += share * float(self._loss.objective()[0])
            self._network.backward(self._loss.gradient())
            gradient += share * self._network.grads[0].astype(np.float64)
            sums.add(index, losses, scores, y, np.zeros(1), weights)
        sums.arrays["grad_norm"][0, 0] = gradient_norm(gradient)
        for span in self._network.decayed:
            decayed = self._run.weight_decay * point[span].astype(np.float64)
            loss += 0.5 * float(decayed @ point[span])
            gradient[span] += decayed
        return Evaluation(loss, gradient, sums)
