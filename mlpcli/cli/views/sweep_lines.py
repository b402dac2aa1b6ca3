"""The progress of a sweep where no table can be redrawn: one line per trial, or nothing."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from mlpcli.cli.console import message
from mlpcli.cli.views.cells import option_cell, short
from mlpcli.results.trial import Trial
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.sweeps.run.course import Course

__all__ = ["LineView", "SweepView"]


class SweepView:
    """Shows nothing, for `--quiet`; the base of the other views."""

    def __init__(self, plan: Plan, metric: str) -> None:
        self._plan, self._metric = plan, metric
        self._course = Course()
        self._round = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def begin(self, course: Course) -> None:
        """Take what says at any time how far the training has come."""
        self._course = course

    def grown(self) -> None:
        """Note that trials have joined the plan."""

    def round(self, name: str) -> None:
        """Note where a search stands."""
        self._round = name

    def running(self, trials: Sequence[int]) -> None:
        """Note which trials are in training now."""

    def trial(self, trial: Trial, *, known: bool = False) -> None:
        """Note a trial that ended now or, if `known`, in an earlier run of the sweep."""

    def note(self, text: str) -> None:
        """Show a message."""


class LineView(SweepView):
    """One line per trial, for logs and pipes."""

    def __init__(self, plan: Plan, metric: str) -> None:
        super().__init__(plan, metric)
        self._ended: set[int] = set()

    def trial(self, trial: Trial, *, known: bool = False) -> None:
        """Print the varied options of the trial, its state and its metric."""
        self._ended.add(trial.number)
        if known:
            return
        options = "".join(f"  {name} {option_cell(value)}" for name, value in trial.options.items())
        score = trial.score(self._metric)
        outcome = trial.state if score is None else f"{trial.state}  {self._metric} {short(score)}"
        why = f"  ({trial.error})" if trial.error else ""
        total = len(self._plan) + self._plan.coming
        fold = "" if trial.fold is None else f"  fold {trial.fold}"
        message(f"trial {trial.number} ({len(self._ended)}/{total}){options}  seed {trial.seed}{fold}  {outcome}{why}")

    def note(self, text: str) -> None:
        """Print a message."""
        message(text)
