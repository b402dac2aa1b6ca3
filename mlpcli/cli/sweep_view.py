"""What is seen while a sweep runs: configurations with their means so far on a terminal, a line a trial elsewhere."""

import math
import sys
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, stdev
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mlpcli.cli.console import is_terminal, message, plain
from mlpcli.cli.progress import short
from mlpcli.cli.sweep_report import option_cell
from mlpcli.sweep.engine import TrialSeen
from mlpcli.sweep.plan import Plan

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

__all__ = ["SweepView", "sweep_view"]


def sweep_view(plan: Plan, metric: str, larger: bool, quiet: bool) -> "SweepView":
    """The view that suits stderr, of a plan ranked by `metric`."""
    kind = SweepView if quiet else LiveView if is_terminal(sys.stderr) else LineView
    return kind(plan, metric, larger)


class SweepView:
    """Shows nothing: what `--quiet` asks for, and what the others are built on."""

    def __init__(self, plan: Plan, metric: str, larger: bool) -> None:
        self._plan, self._metric, self._larger = plan, metric, larger
        self._ended: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def running(self, trials: Sequence[int]) -> None:
        """Take the trials that are in training now."""

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """Take a trial that ended now, or, if `known`, in an earlier run of the sweep."""
        self._ended.add(seen.trial)

    def note(self, text: str) -> None:
        """Show a message."""


class LineView(SweepView):
    """A line a trial, for logs and pipes."""

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """Print what the trial varied, its state and its metric."""
        super().trial(seen, known=known)
        if known:
            return
        cells = zip(self._plan.varied, self._plan.shown(seen.configuration), strict=True)
        options = "".join(f"  {name} {option_cell(value)}" for name, value in cells)
        outcome = seen.state if seen.value is None else f"{seen.state}  {self._metric} {short(seen.value)}"
        why = f"  ({seen.error})" if seen.error else ""
        message(f"trial {seen.trial} ({len(self._ended)}/{len(self._plan)}){options}  seed {seen.seed}  {outcome}{why}")

    def note(self, text: str) -> None:
        """Print a message."""
        message(text)


class _Line:
    """A configuration of the live table: what its trials, by seed, came to."""

    def __init__(self, cells: list[str], trials: int) -> None:
        self.cells, self.trials = cells, trials
        self.seen: dict[int, TrialSeen] = {}
        self.mean = math.nan

    def take(self, seen: TrialSeen) -> None:
        """Take the last word on a trial."""
        self.seen[seen.seed] = seen
        self.mean = fmean(self.values) if self.values else math.nan

    @property
    def values(self) -> list[float]:
        return [seen.value for seen in self.seen.values() if seen.value is not None]

    @property
    def states(self) -> Counter[str]:
        return Counter(seen.state for seen in self.seen.values())

    @property
    def troubled(self) -> bool:
        return any(seen.state in ("failed", "diverged") for seen in self.seen.values())


class LiveView(SweepView):
    """Configurations with mean, deviation and count so far, above a bar with rate and time left.

    It is redrawn a few times a second, however many trials come. Rows stand in the order of the file and keep still;
    of more than there is room for, the best are shown.
    """

    def __init__(self, plan: Plan, metric: str, larger: bool) -> None:
        super().__init__(plan, metric, larger)
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Remaining

        self._lines = [
            _Line([option_cell(value) for value in plan.shown(index)], len(plan.seeds(index)))
            for index in range(plan.configurations)
        ]
        self._running: Counter[int] = Counter()
        self._known = 0
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
        self._bar = self._progress.add_task("trials", total=len(plan), rate="")
        self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._drawn)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.transient = kind is None  # at the end the summary takes its place
        self._live.stop()

    def running(self, trials: Sequence[int]) -> None:
        """Mark the configurations of these trials."""
        self._running = Counter(map(self._plan.configuration_of, trials))

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """Add the trial to its configuration."""
        super().trial(seen, known=known)
        self._lines[seen.configuration].take(seen)
        self._known += known
        task, fresh = self._progress.tasks[0], len(self._ended) - self._known
        rate = f"{fresh / task.elapsed:.1f}/s" if task.elapsed and fresh > 0 else ""
        self._progress.update(self._bar, completed=len(self._ended), rate=rate)

    def note(self, text: str) -> None:
        """Print a message above the table."""
        self._console.print(plain(text), markup=False)

    def _drawn(self) -> "Group":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in self._plan.varied:
            table.add_column(Text(name), overflow="ellipsis", no_wrap=True, min_width=4)
        for name in (self._metric, "std", "seeds"):
            table.add_column(Text(name), justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        room = max(3, self._console.height - 6)
        ranked = sorted(range(len(self._lines)), key=self._rank)
        best = ranked[0] if self._lines[ranked[0]].values else None
        for index in ranked[:room] if len(ranked) > room else range(len(ranked)):
            table.add_row(*self._cells(index, index == best), style=self._style(index, index == best))
        rest = Text(f"and {len(ranked) - room} more", style="dim") if len(ranked) > room else Text()
        return Group(table, *([rest] if rest else []), self._progress)

    def _cells(self, index: int, best: bool) -> "list[Text]":
        from rich.text import Text

        line, running = self._lines[index], self._running[index]
        values, states = line.values, line.states
        marks = [
            "best" if best else "",
            f"{running} running" if running else "",
            *(f"{states[state]} {state}" for state in ("failed", "diverged", "pruned") if states[state]),
        ]
        numbers = [
            short(line.mean) if values else "",
            short(stdev(values)) if len(values) > 1 else "",
            f"{len(line.seen)}/{line.trials}",
        ]
        return [Text(cell) for cell in (*line.cells, *numbers, ", ".join(filter(None, marks)))]

    def _style(self, index: int, best: bool) -> str:
        line = self._lines[index]
        if best:
            return "bold green"
        return "red" if line.troubled else "" if line.seen or self._running[index] else "dim"

    def _rank(self, index: int) -> tuple[bool, bool, float, int]:
        """Configurations with a failed or diverged seed last, those without a number before them."""
        line = self._lines[index]
        value = line.mean if line.values else math.inf
        return line.troubled, not line.values, -value if self._larger and line.values else value, index
