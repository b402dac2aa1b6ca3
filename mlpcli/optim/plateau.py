"""The plateau schedule: a learning rate that falls when a metric no longer improves.

>>> plateau = Plateau(decay=np.array([0.5]), patience=np.array([1.0]))
>>> factors = []
>>> for better in (True, True, False, False, False, True):
...     plateau.update(np.array([0]), np.array([better]))
...     factors.append(float(plateau.factor[0]))
>>> factors
[1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
"""

import numpy as np

from mlpcli.optim.block import Array

__all__ = ["Plateau"]


class Plateau:
    """The factor of each run's learning rate, by the rule of PyTorch's ReduceLROnPlateau.

    After more than `patience` epochs in a row that are no better, the factor is multiplied by `decay`, and the count
    begins again. Which epochs are better is not decided here.

    Args:
        decay: what the factor is multiplied by, `(runs,)`.
        patience: epochs that may pass without a better one, `(runs,)`.

    Attributes:
        factor: the factor of each run's learning rate, `(runs,)`.
    """

    def __init__(self, decay: Array, patience: Array) -> None:
        self.decay, self.patience = decay, patience
        self.factor = np.ones(len(decay))
        self.waited = np.zeros(len(decay), np.int64)

    def update(self, members: Array, better: Array) -> None:
        """Take an epoch.

        Args:
            members: indices of the runs still training.
            better: whether the epoch is better for each of them, boolean `(members,)`.
        """
        waited = np.where(better, 0, self.waited[members] + 1)
        over = waited > self.patience[members]
        self.factor[members] = np.where(over, self.factor[members] * self.decay[members], self.factor[members])
        self.waited[members] = np.where(over, 0, waited)

    def arrays(self) -> dict[str, Array]:
        """The arrays of a checkpoint by name, live."""
        return {"factor": self.factor, "waited": self.waited}
