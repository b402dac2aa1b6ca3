"""The rows of metrics.csv: one per run and epoch.

>>> import numpy as np
>>> columns = {"train_loss": np.array([0.5]), "train_accuracy": np.array([0.9]), "grad_norm": np.array([2.0])}
>>> names = ("epoch", "lr", "train_accuracy", "val_accuracy")
>>> epoch_rows(names, 1, 45, np.array([0.1]), columns, seconds=0.2, times=np.array([0.2]))
[{'epoch': 1, 'lr': 0.1, 'train_accuracy': 0.9, 'val_accuracy': None}]
"""

from collections.abc import Sequence
from typing import Any

from mlpcli.nn import Array

__all__ = ["EpochRow", "epoch_rows"]

EpochRow = dict[str, Any]


def epoch_rows(
    names: Sequence[str], epoch: int, step: int, rates: Array, columns: dict[str, Array], seconds: float, times: Array
) -> list[EpochRow]:
    """One row per run; a column that was not measured is None.

    Args:
        names: the columns of the rows, in order.
        epoch: number of the epoch, from 1.
        step: steps since the start.
        rates: learning rate of the epoch's last step, `(runs,)`.
        columns: what was measured, by column, `(runs,)`.
        seconds: each run's share of the epoch's time.
        times: seconds that each run has trained so far, `(runs,)`.
    """
    rows = []
    for run, (rate, total) in enumerate(zip(rates, times, strict=True)):
        own = {"epoch": epoch, "step": step, "lr": float(rate), "epoch_time_s": seconds, "total_time_s": float(total)}
        own |= {name: float(values[run]) for name, values in columns.items()}
        rows.append({name: own.get(name) for name in names})
    return rows
