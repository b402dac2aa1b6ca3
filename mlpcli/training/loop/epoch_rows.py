"""The rows of metrics.csv: one per run and epoch.

>>> import numpy as np
>>> columns = {"train_loss": np.array([0.5]), "train_accuracy": np.array([0.9]), "grad_norm": np.array([2.0])}
>>> (row,) = epoch_rows("classification", 1, 45, np.array([0.1]), columns, seconds=0.2, times=np.array([0.2]))
>>> row["epoch"], row["lr"], row["train_accuracy"], row["val_accuracy"]
(1, 0.1, 0.9, None)
"""

from typing import Any

from mlpcli.config.metrics import epoch_columns
from mlpcli.nn import Array

__all__ = ["EpochRow", "epoch_rows"]

EpochRow = dict[str, Any]


def epoch_rows(
    task: str, epoch: int, step: int, rates: Array, columns: dict[str, Array], seconds: float, times: Array
) -> list[EpochRow]:
    """One row per run, with the columns of its task in order; a column that was not measured is None.

    Args:
        task: classification or regression.
        epoch: number of the epoch, from 1.
        step: steps since the start.
        rates: learning rate of the epoch's last step, `(runs,)`.
        columns: what was measured, by column, `(runs,)`.
        seconds: each run's share of the epoch's time.
        times: seconds that each run has trained so far, `(runs,)`.
    """
    rows = []
    for run, (rate, total) in enumerate(zip(rates, times, strict=True)):
        row: EpochRow = dict.fromkeys(epoch_columns(task))
        row |= {name: float(values[run]) for name, values in columns.items() if name in row}
        row |= {"epoch": epoch, "step": step, "lr": float(rate), "epoch_time_s": seconds, "total_time_s": float(total)}
        rows.append(row)
    return rows
