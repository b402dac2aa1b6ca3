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

__all__ = ["EpochRow", "epoch_rows", "mean_row"]

EpochRow = dict[str, Any]

_COUNTED = ("epoch", "step")


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


def mean_row(names: Sequence[str], rows: Array, total: float) -> EpochRow:
    """One row for several networks that trained side by side: the largest step, the summed time, means of the rest.

    >>> import numpy as np
    >>> mean_row(("epoch", "step", "lr", "epoch_time_s"), np.array([[2, 8, 0.1, 0.5], [2, 9, 0.1, 0.25]]), total=2.0)
    {'epoch': 2, 'step': 9, 'lr': 0.1, 'epoch_time_s': 0.75}

    Args:
        names: the columns of the rows, in order.
        rows: those of the networks, `(networks, columns)`.
        total: seconds that all networks have trained so far.
    """
    means = dict(zip(names, rows.mean(axis=0).tolist(), strict=True))
    means |= {name: int(rows[:, names.index(name)].max()) for name in _COUNTED if name in means}
    times = {"epoch_time_s": float(rows[:, names.index("epoch_time_s")].sum()), "total_time_s": total}
    return means | {name: value for name, value in times.items() if name in means}
