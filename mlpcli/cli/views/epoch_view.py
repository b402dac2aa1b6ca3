"""The progress of one training: a live table on a terminal, one plain line per epoch elsewhere."""

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mlpcli.cli.console import is_terminal, message
from mlpcli.cli.views.cells import short
from mlpcli.config import RunOptions

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["ECHO", "EpochView", "epoch_view"]

ECHO = "^C"
"""What a terminal writes behind the last line on Ctrl-C: without room for it, it would move the table by a line."""

LAST = 10
"""Most rows of the live table."""

NUMBER = 8
"""Characters that `short` needs for nearly every number: the least width of a column, so that columns do not move."""

FIRST_TO_GO = ("grad_norm", "lr", "val_max_error", "train_loss", "val_loss", "val_r2", "train_rmse", "train_accuracy")
"""Columns left out on a narrow terminal, in this order."""


def epoch_view(columns: Sequence[str], options: RunOptions, quiet: bool) -> "EpochView":
    """The view that suits stderr, of these columns of metrics.csv, except times and columns that stay empty."""
    if quiet:
        return EpochView()
    validated = options.monitor != "auto"
    shown = [
        column
        for column in columns
        if column != "step" and not column.endswith("_s") and (validated or not column.startswith("val_"))
    ]
    if not is_terminal(sys.stderr):
        return LineView(shown, options.epochs)
    return LiveView(shown, options.epochs, options.monitor if validated and options.keep == "best" else None)


class EpochView:
    """Shows nothing, for `--quiet`; the base of the other views."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def show(self, row: Mapping[str, Any], best: int) -> None:
        """Show one row of metrics.csv, given the best epoch so far."""


class LineView(EpochView):
    """One line per epoch, for logs and pipes."""

    def __init__(self, columns: Sequence[str], epochs: int) -> None:
        self._columns, self._epochs = columns[1:], epochs

    def show(self, row: Mapping[str, Any], best: int) -> None:
        """Print the epoch's numbers, each after its name."""
        numbers = "  ".join(f"{name} {short(row[name])}" for name in self._columns)
        message(f"epoch {row['epoch']}/{self._epochs}  {numbers}")


class LiveView(EpochView):
    """A table of the last epochs, with the best one marked, above a bar with the time left.

    It is redrawn a few times per second, with as many columns as fit on the terminal.
    """

    def __init__(self, columns: Sequence[str], epochs: int, monitor: str | None) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Remaining

        self._columns, self._monitor = columns, monitor
        self._rows: tuple[Mapping[str, Any], ...] = ()  # replaced, never changed: another thread draws it
        self._best: Mapping[str, Any] = {}
        self._console = Console(stderr=True, highlight=False)
        done = (TextColumn("epoch"), MofNCompleteColumn(), BarColumn())
        times = (TimeElapsedColumn(), Remaining(), TextColumn("left"))
        self._progress: Progress = Progress(*done, *times, console=self._console)
        self._bar = self._progress.add_task("epoch", total=epochs)
        self._live = Live(get_renderable=self._drawn, console=self._console, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, row: Mapping[str, Any], best: int) -> None:
        """Add an epoch."""
        if row["epoch"] == best:
            self._best = row
        self._rows = (*self._rows[1 - LAST :], row)
        self._progress.update(self._bar, completed=row["epoch"])

    def _drawn(self) -> "Group":
        from rich.console import Group
        from rich.constrain import Constrain
        from rich.table import Table

        rows, best = self._rows, self._best if self._monitor else {}
        if best and best["epoch"] < rows[0]["epoch"]:
            rows = (best, *rows[1:])
        columns = self._fitting(self._console.width)
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, justify="right", no_wrap=True, min_width=_width(column))
        table.add_column("", no_wrap=True, min_width=len("best"))
        for row in rows:
            is_best = bool(best) and row["epoch"] == best["epoch"]
            cells = [short(row[column]) for column in columns]
            table.add_row(*cells, "best" if is_best else "", style="bold green" if is_best else "")
        return Group(table, Constrain(self._progress, max(1, self._console.width - len(ECHO))))

    def _fitting(self, width: int) -> list[str]:
        """The columns that fit beside the mark of the best epoch."""
        columns = list(self._columns)
        for name in FIRST_TO_GO:
            if sum(_width(column) + 2 for column in columns) + len("best") > width and name != self._monitor:
                columns = [column for column in columns if column != name]
        return columns


def _width(column: str) -> int:
    return len(column) if column == "epoch" else max(len(column), NUMBER)
