"""What is seen while a network trains: a live table on a terminal, one plain line an epoch elsewhere."""

import sys
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mlpcli.cli.console import is_terminal, message

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["EpochView", "epoch_view", "short"]

LAST = 10
"""Epochs that the live table shows."""


def short(value: object) -> str:
    """A number of a table, to four or five significant places."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3g}"


def epoch_view(columns: Sequence[str], epochs: int, monitor: str | None, quiet: bool) -> "EpochView":
    """The view that suits stderr. `columns` of metrics.csv are shown, but for times; `monitor` marks the best epoch."""
    shown = [column for column in columns if not column.endswith("_s") and column != "step"]
    if quiet:
        return EpochView()
    return LiveView(shown, epochs, monitor) if is_terminal(sys.stderr) else LineView(shown, epochs)


class EpochView:
    """Shows nothing: what `--quiet` asks for, and what the others are built on."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def show(self, row: Mapping[str, Any]) -> None:
        """Take one row of metrics.csv."""


class LineView(EpochView):
    """A line an epoch, for logs and pipes."""

    def __init__(self, columns: Sequence[str], epochs: int) -> None:
        self._columns, self._epochs = columns[1:], epochs

    def show(self, row: Mapping[str, Any]) -> None:
        """Print the epoch's numbers, each behind its name."""
        numbers = "  ".join(f"{name} {short(row[name])}" for name in self._columns if row.get(name) is not None)
        message(f"epoch {row['epoch']}/{self._epochs}  {numbers}")


class LiveView(EpochView):
    """The last epochs as a table that grows in place, the best one marked, above a bar with the time left."""

    def __init__(self, columns: Sequence[str], epochs: int, monitor: str | None) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Remaining

        console = Console(stderr=True, highlight=False)
        self._columns, self._monitor = columns, monitor
        self._rows: deque[Mapping[str, Any]] = deque(maxlen=LAST)
        self._best: Mapping[str, Any] | None = None
        self._progress: Progress = Progress(
            TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TextColumn("left"), Remaining(),
            console=console,
        )  # fmt: skip
        self._bar = self._progress.add_task("epoch", total=epochs)
        self._live = Live(self._drawn(), console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.update(self._drawn())
        self._live.stop()

    def show(self, row: Mapping[str, Any]) -> None:
        """Add an epoch; the table is redrawn a few times a second, whatever the rate of epochs."""
        self._rows.append(row)
        if self._best is None or _better(row, self._best, self._monitor):
            self._best = row
        self._progress.update(self._bar, completed=row["epoch"])
        self._live.update(self._drawn())

    def _drawn(self) -> "Group":
        from rich.console import Group
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for column in self._columns:
            table.add_column(column, justify="right", overflow="fold")
        best_above = self._best is not None and self._monitor and self._best not in self._rows
        for row in [self._best, *self._rows] if best_above else self._rows:
            assert row is not None
            best = self._monitor is not None and row is self._best
            cells = [short(row.get(column)) for column in self._columns]
            table.add_row(*cells, style="bold green" if best else "")
        return Group(table, self._progress)


def _better(row: Mapping[str, Any], best: Mapping[str, Any], monitor: str | None) -> bool:
    """As the trainer decides: by the monitored column, of equal accuracies by the lower val_loss."""
    if monitor is None:
        return True
    larger = monitor in ("val_accuracy", "val_r2")
    new, old = (row[monitor], best[monitor]) if larger else (best[monitor], row[monitor])
    return bool(new > old or (monitor == "val_accuracy" and new == old and row["val_loss"] < best["val_loss"]))
