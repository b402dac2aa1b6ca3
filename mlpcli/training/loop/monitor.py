"""The best epoch so far of each run of a stack, and when to stop waiting for a better one.

>>> monitor = Monitor("val_loss", keep_last=False, patience=np.array([2.0]))
>>> for epoch, loss in enumerate([0.5, 0.3, 0.4, 0.6], start=1):
...     keep, stop = monitor.update(np.array([0]), epoch, {"loss": np.array([loss])})
...     print(epoch, keep[0], stop[0], monitor.best_epoch[0])
1 True False 1
2 True False 2
3 False False 2
4 False True 2
"""

import numpy as np

from mlpcli.config.metrics import METRICS, Measure
from mlpcli.nn import Array

__all__ = ["Monitor"]


class Monitor:
    """Ranks epochs by one validation metric; among equal values its tie-break decides, then the earlier epoch wins.

    An epoch whose metric or val_loss is not finite is never better.

    Args:
        column: the metric's column of metrics.csv; None, without validation rows, makes every epoch the best.
        keep_last: keep the weights of every epoch, while patience still follows the metric.
        patience: epochs without a better one before a run stops, `(runs,)`; 0 never stops it.
        min_delta: improvement below which an epoch counts as no better for patience and the plateau schedule,
            `(runs,)`, in the metric's unit. The weights of the best epoch are kept however small its lead, and later
            epochs are compared with it, as scikit-learn's `tol` has it.

    Attributes:
        best_epoch: the epoch whose weights each run keeps, `(runs,)`; 0 before the first.
        better: whether each run's last epoch was better by `min_delta` or more, `(runs,)`.
    """

    def __init__(self, column: str | None, keep_last: bool, patience: Array, min_delta: Array | float = 0.0) -> None:
        self.metric = None if column is None else Measure.parse(column).metric
        self.keep_last, self.patience = keep_last, patience
        runs = len(patience)
        self.min_delta = np.broadcast_to(min_delta, runs)
        self.best = np.full(runs, np.inf)
        self.tie_break = np.full(runs, np.inf)
        self.best_epoch = np.zeros(runs, np.int64)
        self.better = np.zeros(runs, np.bool_)
        self.waited = np.zeros(runs, np.int64)

    def update(self, members: Array, epoch: int, val: dict[str, Array] | None) -> tuple[Array, Array]:
        """Take the validation metrics of an epoch.

        Args:
            members: indices of the runs still training.
            epoch: number of the epoch, from 1.
            val: metrics by name, `(members,)`; None without validation rows.

        Returns:
            Whether to keep each run's weights of this epoch, and whether to stop it: two boolean `(members,)`.
        """
        if self.metric is None or val is None:
            self.best_epoch[members], self.better[members] = epoch, True
            return np.ones(len(members), np.bool_), np.zeros(len(members), np.bool_)
        value = self.metric.key(val[self.metric.name])
        tie = np.zeros_like(value)
        if self.metric.tie_break is not None:
            tie = METRICS[self.metric.tie_break].key(val[self.metric.tie_break])
        best, tie_break = self.best[members], self.tie_break[members]
        better = (value < best) | ((value == best) & (tie < tie_break))
        better &= np.isfinite(value) & np.isfinite(val["loss"])
        self.best[members] = np.where(better, value, best)
        self.tie_break[members] = np.where(better, tie, tie_break)
        delta = self.min_delta[members]
        with np.errstate(invalid="ignore"):  # before the first epoch the best is infinite
            self.better[members] = better & ((delta == 0) | (best - value >= delta))
        self.waited[members] = np.where(self.better[members], 0, self.waited[members] + 1)
        keep = np.ones_like(better) if self.keep_last else better
        self.best_epoch[members] = np.where(keep, epoch, self.best_epoch[members])
        patience = self.patience[members]
        return keep, (patience > 0) & (self.waited[members] >= patience)

    def arrays(self) -> dict[str, Array]:
        """The arrays of a checkpoint by name, live."""
        return {name: getattr(self, name) for name in ("best", "tie_break", "best_epoch", "waited")}
