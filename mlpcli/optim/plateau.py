"""The plateau schedule: a learning rate that falls when a metric no longer improves.

>>> plateau = Plateau(decay=np.array([0.5]), patience=np.array([1.0]))
>>> factors = []
>>> for value in (3.0, 2.0, 2.0, 2.5, 2.1, 1.0):
...     plateau.update(np.array([0]), np.array([value]))
...     factors.append(float(plateau.factor[0]))
>>> factors
[1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
"""

import numpy as np

from mlpcli.optim.block import Array

__all__ = ["Plateau"]


class Plateau:
    """The factor of each run's learning rate: PyTorch's ReduceLROnPlateau, with an absolute threshold.

    An epoch is better if its value is below the best one so far by more than `threshold`; one that is not a number
    never is. After more than `patience` epochs in a row that are not, the factor is multiplied by `decay`, and the
    count begins again.

    Args:
        decay: what the factor is multiplied by, `(runs,)`.
        patience: epochs that may pass without a better one, `(runs,)`.
        threshold: the improvement that an epoch must exceed, `(runs,)` or one number.

    Attributes:
        factor: the factor of each run's learning rate, `(runs,)`.
    """

    def __init__(self, decay: Array, patience: Array, threshold: Array | float = 0.0) -> None:
        runs = len(decay)
        self.decay, self.patience, self.threshold = decay, patience, np.broadcast_to(threshold, runs)
        self.factor = np.ones(runs)
        self.best = np.full(runs, np.inf)
        self.waited = np.zeros(runs, np.int64)

    def update(self, members: Array, values: Array) -> None:
        """Take the values of an epoch, of which smaller is better.

        Args:
            members: indices of the runs still training.
            values: one for each of them, `(members,)`.
        """
        better = values < self.best[members] - self.threshold[members]
        self.best[members] = np.where(better, values, self.best[members])
        waited = np.where(better, 0, self.waited[members] + 1)
        over = waited > self.patience[members]
        self.factor[members] = np.where(over, self.factor[members] * self.decay[members], self.factor[members])
        self.waited[members] = np.where(over, 0, waited)

    def arrays(self) -> dict[str, Array]:
        """The arrays of a checkpoint by name, live."""
        return {name: getattr(self, name) for name in ("factor", "best", "waited")}
