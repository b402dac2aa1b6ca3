"""Schedules: the learning rate as a pure function of the step."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mlpcli.optim.block import Array

__all__ = ["SCHEDULES", "Schedule"]

SCHEDULES: dict[str, Callable[[float, float, float], float]] = {
    "constant": lambda done, periods, decay: 1.0,
    "step": lambda done, periods, decay: decay ** math.floor(periods + 1e-9),  # 7 / (0.07 * 100) is below 1
    "exponential": lambda done, periods, decay: decay**periods,
    "inverse": lambda done, periods, decay: 1.0 / (1.0 + decay * periods),
    "linear": lambda done, periods, decay: 1.0 - done,
    "cosine": lambda done, periods, decay: (1.0 + math.cos(math.pi * done)) / 2.0,
    "plateau": lambda done, periods, decay: 1.0,  # times the factor of `Plateau`, which follows a metric
    "cycles": lambda done, periods, decay: (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + 15.0 * done))) / 2.0,
}
"""Name to factor of the learning rate, of (done, periods, decay): the finished share of the training after the warm-up,
from 0 to 1; the time since the warm-up in units of lr_every; and lr_decay."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """The learning rate at every step of a training.

    It begins with the warm-up, W = warmup * steps_per_epoch steps in which the rate rises linearly: step i, from 0, has
    lr * min(1, (i + 1) / W). Then the schedule takes over, with t epochs since the warm-up:

    - step: lr * lr_decay^floor(t / lr_every);
    - exponential: lr * lr_decay^(t / lr_every);
    - inverse: lr / (1 + lr_decay * t / lr_every), the inverse time decay of Keras;
    - linear: lr * (1 - s), and cosine: lr * (1 + cos(pi s)) / 2, where s is t over the epochs after the warm-up. Both
      reach 0 after the last step, as in PyTorch; the last step itself still has a small rate;
    - cycles: lr * (1 - cos(2 pi log2(1 + 15 s))) / 2, four waves from 0 up to lr and back, each twice as long as
      the one before (coslog4 of Holzmüller et al. 2024);
    - plateau: lr times a factor that depends on the validation rows, and is kept by `Plateau`.

    Args:
        name: a key of `SCHEDULES`.
        lr: the largest learning rate, a number or one per replica `(..., 1)`, as are the last three.
        steps_per_epoch: batches of an epoch.
        epochs: epochs of the whole training, warm-up included.
        lr_decay: factor or rate of the decay, for step, exponential and inverse.
        lr_every: epochs that `lr_decay` refers to.
        warmup: epochs of the warm-up; 0 is none.

    >>> [Schedule("linear", 1.0, steps_per_epoch=2, epochs=3, warmup=1.0).at(step) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """

    name: str
    lr: float | Array
    steps_per_epoch: int
    epochs: int
    lr_decay: float | Array = 0.5
    lr_every: float | Array = 10.0
    warmup: float | Array = 0.0

    def at(self, step: int) -> float | Array:
        """The rate at a step, counted from 0: a number, or float64 `(..., 1)` where an argument is an array."""
        decay, every, warmup = self.lr_decay, self.lr_every, self.warmup
        if not (isinstance(decay, np.ndarray) or isinstance(every, np.ndarray) or isinstance(warmup, np.ndarray)):
            return self.lr * self._factor(step, decay, every, warmup)
        # One replica at a time: NumPy's vectorized power and cosine may differ in the last bit.
        rows = np.broadcast_arrays(decay, every, warmup)
        factors = [self._factor(step, *row) for row in zip(*(row.ravel().tolist() for row in rows), strict=True)]
        return self.lr * np.reshape(factors, rows[0].shape)

    def _factor(self, step: int, decay: float, every: float, warmup: float) -> float:
        rise = warmup * self.steps_per_epoch
        if step < rise:
            return min(1.0, (step + 1) / rise)
        passed, length = step - rise, self.epochs * self.steps_per_epoch - rise
        done = min(1.0, passed / length) if length > 0 else 1.0
        return SCHEDULES[self.name](done, passed / (every * self.steps_per_epoch), decay)
