"""What is seen while a sweep runs: configurations with their means so far on a terminal, a line a trial elsewhere."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mlpcli.cli.console import is_terminal, message, plain
from mlpcli.cli.progress import short
from mlpcli.sweep.engine import TrialSeen
from mlpcli.sweep.plan import Plan

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["SweepView", "shown", "sweep_view"]


@dataclass
class _Line:
    """One configuration of the table."""

    values: list[float] = field(default_factory=list)
    ended: int = 0
    troubled: int = 0
    pruned: int = 0

    @property
    def mean(self) -> float:
        return fmean(self.values) if self.values else math.nan


def sweep_view(
    plan: Plan, configurations: Sequence[Sequence[object]], metric: str, larger: bool, quiet: bool
) -> "SweepView":
    """The view that suits stderr; `configurations` are the values of the plan's varied options, in order."""
    kind = SweepView if quiet else LiveView if is_terminal(sys.stderr) else LineView
    return kind(plan, configurations, metric, larger)


class SweepView:
    """Shows nothing: what `--quiet` asks for, and what the others are built on."""

    def __init__(self, plan: Plan, configurations: Sequence[Sequence[object]], metric: str, larger: bool) -> None:
        self._plan, self._varied, self._configurations = plan, plan.varied, configurations
        self._metric, self._larger = metric, larger
        self._ended = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """Take a trial that ended now, or, if `known`, in an earlier run of the sweep."""
        self._ended += 1

    def note(self, text: str) -> None:
        """Show a message."""


class LineView(SweepView):
    """A line a trial, for logs and pipes."""

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """Print what the trial varied, its state and its metric."""
        super().trial(seen, known=known)
        if known:
            return
        cells = zip(self._varied, self._configurations[seen.configuration], strict=True)
        options = "  ".join(f"{name} {shown(value)}" for name, value in cells)
        outcome = seen.state if seen.value is None else f"{seen.state}  {self._metric} {short(seen.value)}"
        why = f"  ({seen.error})" if seen.error else ""
        message(f"trial {seen.trial} ({self._ended}/{len(self._plan)})  {options}  seed {seen.seed}  {outcome}{why}")

    def note(self, text: str) -> None:
        """Print a message."""
        message(text)


class LiveView(SweepView):
    """The best configurations so far, with mean, deviation and count, above a bar with rate and time left."""

    def __init__(self, plan: Plan, configurations: Sequence[Sequence[object]], metric: str, larger: bool) -> None:
        super().__init__(plan, configurations, metric, larger)
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Remaining

        self._lines = [_Line() for _ in configurations]
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("trials"),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            Remaining(),
            console=self._console,
            expand=True,
        )
        self._bar = self._progress.add_task("trials", total=len(self._plan), rate="")
        self._known = 0
        self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._drawn)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """Add the trial to its configuration; the table is redrawn a few times a second, however many come."""
        super().trial(seen, known=known)
        line = self._lines[seen.configuration]
        line.ended += 1
        line.troubled += seen.state in ("failed", "diverged")
        line.pruned += seen.state == "pruned"
        if seen.value is not None and seen.state in ("complete", "pruned"):
            line.values.append(seen.value)
        self._known += known
        task = self._progress.tasks[0]
        fresh = self._ended - self._known
        rate = f"{fresh / task.elapsed:.1f}/s" if task.elapsed and fresh else ""
        self._progress.update(self._bar, completed=self._ended, rate=rate)

    def note(self, text: str) -> None:
        """Print a message above the table."""
        self._console.print(plain(text), markup=False)

    def _drawn(self) -> "Group":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in self._varied:
            table.add_column(Text(name), overflow="ellipsis", no_wrap=True, min_width=4)
        for name in (self._metric, "std", "seeds", ""):
            table.add_column(Text(name), justify="right" if name else "left", no_wrap=True)
        order = sorted(range(len(self._lines)), key=self._rank)
        room = max(3, self._console.height - 6)
        best = order[0] if order and self._lines[order[0]].values else None
        for index in order[:room]:
            line = self._lines[index]
            cells = [shown(value) for value in self._configurations[index]]
            spread = short(stdev(line.values)) if len(line.values) > 1 else ""
            mean = short(line.mean) if line.values else ""
            mark = "best" if index == best else ""
            state = " ".join(filter(None, [mark, "pruned" if line.pruned else "", self._trouble(line)]))
            style = "bold green" if index == best else "red" if line.troubled else "" if line.ended else "dim"
            count = f"{line.ended}/{len(self._plan.seeds(index))}"
            table.add_row(*map(Text, (*cells, mean, spread, count, state)), style=style)
        if len(order) > room:
            table.add_row(Text(f"and {len(order) - room} more"), style="dim")
        return Group(table, self._progress)

    def _trouble(self, line: _Line) -> str:
        return f"{line.troubled} failed" if line.troubled else ""

    def _rank(self, index: int) -> tuple[bool, float, int]:
        """Configurations with a failed or diverged seed last, those without a number before them."""
        line = self._lines[index]
        if not line.values:
            return True, math.inf, index
        return line.troubled > 0, -line.mean if self._larger else line.mean, index


def shown(value: object) -> str:
    """An option's value as a cell: `-` for one that is not set, lists with commas."""
    if value is None:
        return "-"
    if isinstance(value, tuple | list):
        return ",".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
