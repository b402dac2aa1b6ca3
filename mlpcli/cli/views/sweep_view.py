"""The progress of a sweep on a terminal: configurations with their means so far, and what trains now."""

import math
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from statistics import fmean, stdev
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mlpcli.cli.console import is_terminal, plain, taken
from mlpcli.cli.views.cells import option_cell, short
from mlpcli.cli.views.epoch_view import ECHO
from mlpcli.cli.views.sweep_lines import LineView, SweepView
from mlpcli.config.metrics import Measure
from mlpcli.results.statistics import estimate
from mlpcli.results.trial import Trial
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.sweeps.run.course import RunningStack
from mlpcli.wording import counted

if TYPE_CHECKING:
    from rich.console import Console, Group, JustifyMethod
    from rich.table import Table

__all__ = ["LiveView", "sweep_view"]


def sweep_view(plan: Plan, metric: str, quiet: bool) -> SweepView:
    """The view that suits stderr, for a plan ranked by `metric`."""
    kind = SweepView if quiet else LiveView if is_terminal(sys.stderr) else LineView
    return kind(plan, metric)


class _Line:
    """A configuration of the live table with the outcomes of its trials by seed."""

    def __init__(self, cells: list[str], metric: str, fresh_seeds: Collection[int]) -> None:
        self.cells, self.trials = cells, 0
        self.seen: dict[int, Trial] = {}
        self.is_confirmed = False
        self._metric, self._fresh_seeds = metric, fresh_seeds
        self.values: list[float] = []
        self.mean = math.nan
        self.states: Counter[str | None] = Counter()

    def take(self, trial: Trial) -> None:
        """Take the latest outcome of a trial; values are those of fresh seeds alone once there are any."""
        self.seen[trial.number] = trial
        fresh = [other for other in self.seen.values() if other.seed in self._fresh_seeds]
        self.is_confirmed = bool(fresh)
        scores = (other.score(self._metric) for other in fresh or self.seen.values())
        self.values = [score for score in scores if score is not None]
        self.mean = fmean(self.values) if self.values else math.nan
        self.states = Counter(other.state for other in self.seen.values())

    @property
    def troubled(self) -> int:
        return self.states["failed"] + self.states["diverged"]


class LiveView(SweepView):
    """Configurations with mean, deviation and count so far, above what trains now and a bar with the time left.

    It is redrawn a few times per second, however many trials end. Rows stay in the order of the file; if not all of
    them fit, the best are shown.
    """

    def __init__(self, plan: Plan, metric: str, console: "Console | None" = None) -> None:
        super().__init__(plan, metric)
        from rich.console import Console
        from rich.live import Live
        from rich.progress_bar import ProgressBar

        self._lines: list[_Line] = []
        self._running: Counter[int] = Counter()
        self._stacks_of: dict[int, list[RunningStack]] = {}  # by configuration
        self._started = time.monotonic()
        self._console = console or Console(stderr=True, highlight=False)
        self._bar = ProgressBar()
        self.grown()
        self._live = Live(get_renderable=self.drawn, console=self._console, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running = Counter()
        self._course.stacks = ()  # what trains now is lost
        self._live.transient = kind is None  # the summary replaces the table at the end
        self._live.stop()

    def grown(self) -> None:
        """Add lines for new configurations, and trials to the lines of known ones."""
        for index in range(len(self._lines), self._plan.configurations):
            cells = [option_cell(value, digits=4) for value in self._plan.shown(index)]
            self._lines.append(_Line(cells, self._metric, self._plan.file.fresh_seeds))
        for index, line in enumerate(self._lines):
            line.trials = len(self._plan.numbers(index))
        self._total = len(self._plan) + self._plan.coming

    def running(self, trials: Sequence[int]) -> None:
        """Mark the configurations of these trials."""
        self._running = Counter(map(self._plan.configuration_of, trials))
        self._stacks_of = {}
        for stack in self._course.stacks:
            for configuration in set(map(self._plan.configuration_of, stack.trials)):
                self._stacks_of.setdefault(configuration, []).append(stack)

    def trial(self, trial: Trial, *, known: bool = False) -> None:
        """Add the trial to its configuration."""
        self._lines[trial.configuration].take(trial)

    def note(self, text: str) -> None:
        """Print a message above the table."""
        self._console.print(plain(text), markup=False)

    def drawn(self) -> "Group":
        """The table and the bar as they are now."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        ranked = sorted(range(len(self._lines)), key=self._rank)
        best = None if any(self._rank(ranked[0])[:3]) else ranked[0]
        stands = [Text(self._stands(best), no_wrap=True, overflow="ellipsis")] if self._round else []
        room = max(3, self._console.height - 7 - len(stands))
        shown = ranked[:room] if len(ranked) > room else range(len(ranked))
        rows = [[*self._lines[index].cells, *self._numbers(index), self._marks(index, best)] for index in shown]
        names = [*self._plan.varied, self._metric, "std", self._plan.repeats, ""]
        least = [
            len(short(0.5)) if name in (self._metric, "std") else 0 for name in names
        ]  # so that columns do not move
        widths = [max(map(taken, (*column, " " * width))) for width, *column in zip(least, names, *rows, strict=True)]
        crowded = sum(widths) + 2 * len(names) > self._console.width  # then the deviation is left out
        kept = [place for place, name in enumerate(names) if not (crowded and name == "std")]
        table = Table(box=None, pad_edge=False, header_style="bold")
        for place in kept:
            justify: JustifyMethod = "right" if names[place] in (self._metric, "std", self._plan.repeats) else "left"
            table.add_column(names[place], justify=justify, no_wrap=True, min_width=least[place])
        for index, row in zip(shown, rows, strict=True):
            table.add_row(*(Text(row[place]) for place in kept), style=self._style(index, best))
        rest = [Text(f"and {len(ranked) - room} more", style="dim")] if len(ranked) > room else []
        stacks = self._course.stacks
        work = [Text(_work(stacks, self._console.width), style="dim")] if stacks else []
        return Group(table, *rest, *stands, *work, self._status())

    def _stands(self, best: int | None) -> str:
        """Where the search stands: its round, and the best so far with half of its 95% interval."""
        if best is None:
            return self._round
        found = estimate(self._lines[best].values, self._plan.file.overlap)
        half = "" if found.ci_high is None else f" ± {short(found.ci_high - found.mean)}"
        return f"{self._round}; best so far {short(found.mean)}{half}"

    def _status(self) -> "Table":
        """One line: trials and epochs done of all, the bar of the epochs, time elapsed and left."""
        from rich.table import Table
        from rich.text import Text

        gone, left, course = time.monotonic() - self._started, self._course.left, self._course
        total = max(1, course.total, course.epochs)
        self._bar.update(course.epochs, total)
        line = Table.grid(padding=(0, 2), expand=True)
        line.width = max(1, self._console.width - len(ECHO))
        for width in (None, 1, None):
            line.add_column(ratio=width, no_wrap=True)
        ended = sum(len(line.seen) for line in self._lines)
        trials = f"trials {ended:{len(str(self._total))}}/{self._total}"
        epochs = f"epochs {course.epochs:{len(str(total))}}/{total}" if course.total else ""
        rest = f"about {_clock(left)} left" if left and left >= 1 else ""
        times = f"{_clock(gone):>5}  {rest:15}"  # of one width, so that the bar does not move
        line.add_row(Text(f"{trials}  {epochs}".rstrip()), self._bar, Text(times))
        return line

    def _numbers(self, index: int) -> list[str]:
        line = self._lines[index]
        mean = short(line.mean) if line.values else ""
        spread = short(stdev(line.values)) if len(line.values) > 1 else ""
        return [mean, spread, f"{len(line.seen)}/{line.trials}"]

    def _marks(self, index: int, best: int | None) -> str:
        running, states = self._running[index], self._lines[index].states
        epoch = max((stack.epoch for stack in self._stacks_of.get(index, ())), default=0)
        where = f"at epoch {epoch}" if epoch else "running"
        confirmed = "confirmed" if self._lines[index].is_confirmed else ""
        marks = ["best" if index == best else "", confirmed, f"{running} {where}" if running else ""]
        marks += [f"{states[state]} {state}" for state in ("failed", "diverged", "pruned") if states[state]]
        return ", ".join(filter(None, marks))

    def _style(self, index: int, best: int | None) -> str:
        if index == best:
            return "bold green"
        line = self._lines[index]
        return "red" if line.troubled else "" if line.seen or self._running[index] else "dim"

    def _rank(self, index: int) -> tuple[bool, bool, bool, bool, bool, float, int]:
        """Sort key: confirmed configurations, best first; then others with values, running, waiting, pruned, failed."""
        line = self._lines[index]
        value = Measure.parse(self._metric).metric.key(line.mean) if line.values else math.inf
        waits = not line.values and not self._running[index]
        is_pruned = line.states["pruned"] > 0
        return line.troubled > 0, is_pruned, not line.values, waits, not line.is_confirmed, value, index


def _work(stacks: Sequence[RunningStack], room: int) -> str:
    """What each worker does, as far as it fits on one line.

    >>> _work([RunningStack([4], 0, 30, 1.0, 2), RunningStack(range(12), 0, 30, 1.0, 14)], 80)
    'in training: 1 trial at epoch 2/30, 12 trials at epoch 14/30'
    """
    line = ""
    for at, stack in enumerate(stacks):
        size = counted(len(stack.trials), "trial")
        longer = f"{line}, {size}" if line else f"in training: {size}"
        longer += f" at epoch {stack.epoch}/{stack.epochs}"
        if len(longer) + len(f" and {len(stacks)} more") > room:
            return f"{line} and {len(stacks) - at} more" if line else ""
        line = longer
    return line


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
