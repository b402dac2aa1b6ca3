"""The learner: trains the network of a model step by step, and may go on at any time.

The loss of a step is scikit-learn's: the mean over the batch, each row times its weight, plus alpha / 2 times the sum
of the squared weights of the layers, divided by the rows of the batch (or by the sum of their weights).

>>> from mlpcli.config import RunOptions
>>> from mlpcli.estimators.build import build_model
>>> from mlpcli.nn import SquaredLoss
>>> options = RunOptions(hidden=(), lr=0.1, optimizer="sgd", loss="squared")
>>> model = build_model(options, ["x"], ["y"], None, "regression", np.zeros((1, 1)))
>>> learner = Learner(model, SquaredLoss(dtype="float64"), alpha=0.0)
>>> x, y = np.array([[1.0]]), np.array([[2.0]])
>>> [round(learner.step(x, y), 3) for _ in range(3)]
[2.0, 1.28, 0.819]
"""

from functools import cached_property
from typing import Any

import numpy as np

from mlpcli.config.choices import OPTIMIZERS
from mlpcli.nn import Array, BitStreams, Dropout, Loss
from mlpcli.nn.losses.loss import mean
from mlpcli.optim import Optimizer, project_columns
from mlpcli.training.build import build_optimizer, build_schedule, column_bounds
from mlpcli.training.model import Model

__all__ = ["Learner"]

VANISHED = 1e-12
"""Share of the learning rate that counts as none."""


class Learner:
    """Trains a model.

    Args:
        model: the model, whose network learns.
        loss: the loss of its scores, without leading axes.
        alpha: factor of the L2 penalty.
        share: factor of the loss of the rows, beside the penalty, where a loss is reported.
        steps_per_epoch: batches of an epoch, for the schedule.

    Attributes:
        rate: the learning rate that the schedule multiplies; see `change_rate`.
    """

    def __init__(self, model: Model, loss: Loss, alpha: float, share: float = 1.0, steps_per_epoch: int = 1) -> None:
        self.model, self.alpha, self.share = model, alpha, share
        run, network, self._loss = model.options, model.network, loss
        self.rate, self._count = float(run.used("lr")), 0
        decoupled = OPTIMIZERS[run.optimizer].decoupled
        self._decay = 0.0 if decoupled or run.batch_size == "full" else alpha / run.batch_size
        self._steps_per_epoch = steps_per_epoch
        self._schedule = build_schedule([run.model_copy(update={"lr": 1.0})], steps_per_epoch)
        self._bounds = [bound[0] for bound in column_bounds([run], network)]

    @cached_property
    def _optimizer(self) -> Optimizer:
        """Built at the first step, since a minimizer of all rows needs the loss alone."""
        run = self.model.options
        decaying = run.model_copy(update={"weight_decay": run.weight_decay + self._decay})
        return build_optimizer([decaying], self.model.network, self._steps_per_epoch, eps_hat=True)

    def step(self, x: Array, y: Array, weights: Array | None = None) -> float:
        """Take one step on a batch and return its loss, penalty included, before the step.

        Args:
            x: inputs, `(batch, features)`.
            y: class codes `(batch,)`, or labels or numbers `(batch, outputs)`.
            weights: the weight of each row, `(batch,)`; None weighs all by 1. A batch whose rows all weigh 0 says
                nothing: there is no step, and the loss is 0.
        """
        if weights is not None and not weights.any():
            return 0.0
        loss, penalty = self.backpropagate(x, y, weights, self._decay)
        network = self.model.network
        rate = self.rate * self._schedule.at(self._count)
        self._optimizer.step(network.params, network.grads, rate)
        self._count += 1
        for linear, bound in zip(network.linears, self._bounds, strict=False):
            project_columns(linear.weight, bound)
        return self.share * loss + penalty

    def backpropagate(
        self, x: Array, y: Array, weights: Array | None = None, decay: float = 0.0
    ) -> tuple[float, float]:
        """Fill the network's gradients from a batch; return its loss and the penalty.

        Arguments as for `step`. `decay` is the part of alpha, divided by the rows, that the optimizer will add.
        """
        network, total = self.model.network, float(len(x))
        if weights is not None:
            total = float(weights.sum())
            weights = weights * (len(x) / total)
        losses = self._loss(network.forward(x, training=True), y, weights)
        network.backward(self._loss.gradient())
        loss, penalty = float(mean(losses, weights)), 0.0
        if self.alpha:
            share = self.alpha / total
            for linear in network.linears:
                penalty += 0.5 * share * float(np.vdot(linear.weight, linear.weight))
                if share != decay:
                    linear.weight_grad += (share - decay) * linear.weight
        return loss, penalty

    def change_rate(self, rate: float) -> None:
        """Set the learning rate and keep what the velocity adds to the next step, which is the old rate's."""
        if "velocity" in self._optimizer.state and rate != self.rate:
            self._optimizer.state["velocity"][...] *= self.rate / rate
        self.rate = rate

    def suits(self, model: Model, alpha: float) -> bool:
        """Whether it trains this model under this penalty; otherwise another learner has to go on from its state."""
        return self.model is model and self.alpha == alpha

    @property
    def has_ended(self) -> bool:
        """Whether its schedule has come to an end at which nothing is learned."""
        is_over = self._count >= self.model.options.epochs * self._steps_per_epoch
        return is_over and bool(np.less(self._schedule.at(self._count), VANISHED))

    @property
    def state(self) -> dict[str, Any]:
        """What another learner of such a network needs to go on from here."""
        return {
            "lr": float(self.model.options.used("lr")),
            "rate": self.rate,
            "count": self._count,
            "steps_per_epoch": self._steps_per_epoch,
            "batch_size": self.model.options.batch_size,
            "moments": {name: array.copy() for name, array in self._optimizer.state.items()},
            "drawn": 0 if self._masks is None else self._masks.drawn,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from the `state` of another learner, from its learning rate unless another one is asked for now.

        An optimizer that has other moments begins without any. With other steps per epoch, as many epochs have passed.
        """
        asked, self.rate = self.rate, state["rate"]
        self._count = round(state["count"] * self._steps_per_epoch / state["steps_per_epoch"])
        if state["moments"].keys() == self._optimizer.state.keys():
            by_epochs = "momentum_epochs" in OPTIMIZERS[self.model.options.optimizer].reads
            count = {"count": np.array(self._count)} if by_epochs else {}
            self._optimizer.load({**state["moments"], **count})
        if asked != state["lr"]:
            self.change_rate(asked)
        if self._masks is not None:
            self._masks.restart(epoch=0, drawn=state["drawn"])

    @property
    def _masks(self) -> BitStreams | None:
        """What the masks of dropout are drawn from, by all layers in turn; None without dropout."""
        return next((layer.bits for layer in self.model.network.layers if isinstance(layer, Dropout)), None)
