"""The rows of metrics.csv: one for every epoch that a run finished."""

from typing import Any

from mlpcli.config.metrics import EPOCH_COLUMNS
from mlpcli.nn import Array

__all__ = ["EpochRow", "epoch_rows"]

EpochRow = dict[str, Any]


def epoch_rows(
    task: str, epoch: int, step: int, rates: Array, columns: dict[str, Array], seconds: float, times: Array
) -> list[EpochRow]:
    """One row a run, in the order of the columns of its task; a column that was not measured is None.

    `columns`, the learning `rates` and the `times` trained so far, in seconds, are `(runs,)`; `seconds` is each run's
    share of the epoch, `step` the steps since the start.
    """
    measured = [name for name in EPOCH_COLUMNS[task] if name.startswith(("train_", "val_", "grad_"))]
    return [
        {
            "epoch": epoch,
            "step": step,
            "lr": float(rate),
            **{name: float(columns[name][run]) if name in columns else None for name in measured},
            "epoch_time_s": seconds,
            "total_time_s": float(total),
        }
        for run, (rate, total) in enumerate(zip(rates, times, strict=True))
    ]
