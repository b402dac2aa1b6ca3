"""Which epoch is the best so far, for each run of a stack, and when to stop waiting for a better one."""

import numpy as np

from mlpcli.config.metrics import LARGER_IS_BETTER
from mlpcli.nn import Array

__all__ = ["Monitor"]


class Monitor:
    """Ranks epochs by one validation column; of equal accuracies the lower val_loss wins, then the earlier epoch.

    `column` None (no validation rows) and `keep_last` make every epoch the best. An epoch whose column or val_loss is
    not finite is never better. `best_epoch` is 0 until an epoch is kept.
    """

    def __init__(self, column: str | None, keep_last: bool, patience: Array) -> None:
        self.column, self.keep_last, self.patience = column, keep_last, patience
        runs = len(patience)
        self.best = np.full(runs, -np.inf)
        self.tie_break = np.full(runs, -np.inf)
        self.best_epoch = np.zeros(runs, np.int64)
        self.waited = np.zeros(runs, np.int64)

    def update(self, members: Array, epoch: int, val: dict[str, Array] | None) -> tuple[Array, Array]:
        """Take an epoch's validation metrics of the runs `members`; say whose weights to keep and who should stop."""
        if self.column is None or val is None:
            self.best_epoch[members] = epoch
            return np.ones(len(members), np.bool_), np.zeros(len(members), np.bool_)
        value = val[self.column.removeprefix("val_")]
        value = value if self.column in LARGER_IS_BETTER else -value
        tie = -val["loss"] if self.column == "val_accuracy" else np.zeros_like(value)
        best, tie_break = self.best[members], self.tie_break[members]
        better = (value > best) | ((value == best) & (tie > tie_break))
        better &= np.isfinite(value) & np.isfinite(val["loss"])
        self.best[members] = np.where(better, value, best)
        self.tie_break[members] = np.where(better, tie, tie_break)
        self.waited[members] = np.where(better, 0, self.waited[members] + 1)
        keep = np.ones_like(better) if self.keep_last else better
        self.best_epoch[members] = np.where(keep, epoch, self.best_epoch[members])
        patience = self.patience[members]
        return keep, (patience > 0) & (self.waited[members] >= patience)

    def arrays(self) -> dict[str, Array]:
        """What a checkpoint must hold."""
        return {name: getattr(self, name) for name in ("best", "tie_break", "best_epoch", "waited")}

    def load(self, arrays: dict[str, Array]) -> None:
        """Go on from a checkpoint's arrays."""
        for name in self.arrays():
            getattr(self, name)[...] = arrays[name]
