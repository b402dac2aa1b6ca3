"""What is seen while a sweep runs: configurations with their means so far on a terminal, a line a trial elsewhere."""

import math
import sys
import time
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
    from rich.console import Console, Group
    from rich.table import Table
    from rich.text import Text

__all__ = ["LiveView", "SweepView", "sweep_view"]


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

    def expect(self, seconds: float) -> None:
        """Take how long all that is missing should take."""

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

    def __init__(self, plan: Plan, metric: str, larger: bool, console: "Console | None" = None) -> None:
        super().__init__(plan, metric, larger)
        from rich.console import Console
        from rich.live import Live
        from rich.progress_bar import ProgressBar

        self._lines = [
            _Line([option_cell(value) for value in plan.shown(index)], len(plan.seeds(index)))
            for index in range(plan.configurations)
        ]
        self._running: Counter[int] = Counter()
        self._known, self._expected = 0, 0.0
        self._started = self._latest = time.monotonic()
        self._console = console or Console(stderr=True, highlight=False)
        self._bar = ProgressBar(total=len(plan))
        self._live = Live(get_renderable=self.drawn, console=self._console, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running = Counter()
        self._live.transient = kind is None  # at the end the summary takes its place
        self._live.stop()

    def expect(self, seconds: float) -> None:
        """Take how long all that is missing should take."""
        self._expected = seconds

    def running(self, trials: Sequence[int]) -> None:
        """Mark the configurations of these trials."""
        self._running = Counter(map(self._plan.configuration_of, trials))

    def trial(self, seen: TrialSeen, *, known: bool = False) -> None:
        """Add the trial to its configuration."""
        super().trial(seen, known=known)
        self._lines[seen.configuration].take(seen)
        self._known += known
        self._latest = time.monotonic()

    def note(self, text: str) -> None:
        """Print a message above the table."""
        self._console.print(plain(text), markup=False)

    def drawn(self) -> "Group":
        """The table and the bar as they are now."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in self._plan.varied:
            table.add_column(Text(name), overflow="ellipsis", no_wrap=True, min_width=4)
        for name in (self._metric, "std"):
            table.add_column(Text(name), justify="right", no_wrap=True, min_width=len(short(0.5)))
        table.add_column("seeds", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        ranked = sorted(range(len(self._lines)), key=self._rank)
        best = None if any(self._rank(ranked[0])[:3]) else ranked[0]
        room = max(3, self._console.height - 6)
        for index in ranked[:room] if len(ranked) > room else range(len(ranked)):
            table.add_row(*self._cells(index, index == best), style=self._style(index, index == best))
        rest = [Text(f"and {len(ranked) - room} more", style="dim")] if len(ranked) > room else []
        return Group(table, *rest, self._status())

    def _status(self) -> "Table":
        """A line: how many trials of how many, the bar, trials a second, the time gone and left."""
        from rich.table import Table
        from rich.text import Text

        gone, fresh = time.monotonic() - self._started, len(self._ended) - self._known
        rate = f"{fresh / (self._latest - self._started):.3g}/s" if fresh > 0 else ""
        left = f"about {_clock(self._expected - gone)} left" if self._expected > gone else ""
        self._bar.update(len(self._ended))
        line = Table.grid(padding=(0, 2), expand=True)
        for width in (None, 1, None):
            line.add_column(ratio=width, no_wrap=True)
        count = f"{len(self._ended):{len(str(len(self._plan)))}}/{len(self._plan)}"
        times = f"{rate:>7}  {_clock(gone):>5}  {left:15}"  # of one width, lest the bar move
        line.add_row(Text(f"trials {count}"), self._bar, Text(times))
        return line

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

    def _rank(self, index: int) -> tuple[bool, bool, bool, float, int]:
        """The best first; then who has no number yet, who was pruned, and last who has a seed that failed."""
        line = self._lines[index]
        value = line.mean if line.values else math.inf
        value = -value if self._larger and line.values else value
        return line.troubled, line.states["pruned"] > 0, not line.values, value, index


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
