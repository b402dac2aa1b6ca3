"""Progress bars of the Python interface: rich's in a terminal, an element of HTML in a notebook, else none.

>>> with progress_bar("epoch", total=3, wanted=False) as bar:
...     bar.show(1, "val_loss 0.5")
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from mlpcli.config import RunOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.results.trial import Trial
    from mlpcli.sweeps.plan.sweep_plan import Plan
    from mlpcli.sweeps.run.course import Course
    from mlpcli.sweeps.run.sweep_watcher import Watcher

__all__ = ["Bar", "epoch_progress", "in_notebook", "progress_bar", "sweep_progress"]

EVERY = 0.1
"""Seconds between two drawings in a notebook."""


class Bar(Protocol):
    """A bar that is on display."""

    def show(self, done: int, text: str = "", total: int | None = None) -> None:
        """Take how much is done, a few words, and a new total where it has changed."""


@contextmanager
def epoch_progress(options: RunOptions, wanted: bool | None) -> "Iterator[Callable[[Mapping[str, Any]], None]]":
    """A bar of the epochs of a run, beside it the metric that chooses the best; takes rows of metrics.csv."""
    metric = "train_loss" if options.monitor == "auto" else options.monitor
    with progress_bar("epoch", options.epochs, wanted) as bar:
        yield lambda row: bar.show(row["epoch"], f"{metric} {row[metric]:.4g}")


@contextmanager
def progress_bar(what: str, total: int, wanted: bool | None) -> Iterator[Bar]:
    """A bar that suits the place: by default shown in terminals and notebooks only.

    Args:
        what: the thing that is counted.
        total: how many of them there will be.
        wanted: True shows the bar elsewhere too, False nowhere.
    """
    notebook = in_notebook()
    if wanted is False or (wanted is None and not notebook and not sys.stderr.isatty()):
        yield _NoBar()
    elif notebook:
        bar = _NotebookBar(what, total)
        try:
            yield bar
        finally:
            bar.clear()
    else:
        with _terminal_bar(what, total) as shown:
            yield shown


def in_notebook() -> bool:
    """Whether an IPython kernel runs this program, so that HTML can be displayed."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class _NoBar:
    def show(self, done: int, text: str = "", total: int | None = None) -> None:
        pass


class _NotebookBar:
    """Drawn as HTML, since rich's own needs ipywidgets; it is removed at the end."""

    def __init__(self, what: str, total: int) -> None:
        from IPython.display import HTML, display

        self._what, self._total = what, total
        self._html: Any = HTML
        self._latest = 0.0
        self._handle: Any = display(HTML(""), display_id=True)

    def show(self, done: int, text: str = "", total: int | None = None) -> None:
        self._total = self._total if total is None else total
        if time.monotonic() - self._latest > EVERY:
            self._latest = time.monotonic()
            from html import escape

            bar = f'<progress value="{done}" max="{self._total}"></progress>'
            self._handle.update(self._html(f"{bar} {self._what} {done}/{self._total} {escape(text)}"))

    def clear(self) -> None:
        self._handle.update(self._html(""))


@contextmanager
def _terminal_bar(what: str, total: int) -> Iterator[Bar]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, words="")

        class Shown:
            def show(self, done: int, text: str = "", total: int | None = None) -> None:
                progress.update(task, completed=done, total=total, words=text)

        yield Shown()


@contextmanager
def sweep_progress(plan: "Plan", wanted: bool | None) -> "Iterator[Watcher]":
    """A bar of the trials of a sweep."""
    with progress_bar("trial", len(plan) + plan.coming, wanted) as bar:
        yield _TrialCounter(plan, bar)


class _TrialCounter:
    """Shows how many trials have ended, and the last message."""

    def __init__(self, plan: "Plan", bar: Bar) -> None:
        self._plan, self._bar = plan, bar
        self._ended: set[int] = set()
        self._words = ""

    def begin(self, course: "Course") -> None:
        pass

    def grown(self) -> None:
        self._show()

    def round(self, name: str) -> None:
        pass

    def running(self, trials: Sequence[int]) -> None:
        pass

    def trial(self, trial: "Trial", *, known: bool = False) -> None:
        self._ended.add(trial.number)
        self._show()

    def note(self, text: str) -> None:
        self._words = text
        self._show()

    def _show(self) -> None:
        self._bar.show(len(self._ended), self._words, len(self._plan) + self._plan.coming)
