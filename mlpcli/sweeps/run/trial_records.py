"""Trials on their way to the folder: what training has shown of each so far, written once it has ended."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from mlpcli.errors import BadResult
from mlpcli.results.folders.sweep_folder import SweepFolder
from mlpcli.results.trial import Trial
from mlpcli.signals import held
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.run.kept_models import Models
from mlpcli.sweeps.run.sweep_watcher import Watcher
from mlpcli.sweeps.run.train_stack import Outcome
from mlpcli.sweeps.run.trial_score import trial_score
from mlpcli.training.loop.diagnostics import DiagnosticsRow
from mlpcli.training.loop.epoch_rows import EpochRow

__all__ = ["TrialRecords"]


class TrialRecords:
    """The outcomes of the trials that train in this run of a sweep, until they are on disk.

    With `fail_fast` the first trial that failed or diverged raises BadResult once it is there.
    """

    def __init__(
        self, sweep: PreparedSweep, folder: SweepFolder, models: Models, watcher: Watcher, fail_fast: bool
    ) -> None:
        self._sweep, self._folder, self._models, self._watcher = sweep, folder, models, watcher
        self._fail_fast = fail_fast
        self._rows: dict[int, list[EpochRow]] = {}
        self._diagnostics: dict[int, list[DiagnosticsRow]] = {}
        self._outcomes: dict[int, Outcome] = {}

    @property
    def unwritten(self) -> Collection[int]:
        """The trials that have trained as far as was asked for, and are not on disk."""
        return self._outcomes.keys()

    def epochs(self, number: int) -> int:
        """How many epochs a trial has behind it that are not on disk."""
        return len(self._rows.get(number, ()))

    def score(self, number: int, epochs: int | None) -> tuple[float, bool]:
        """The score of a trial after these epochs, and whether it has come to its end, as `trial_score`."""
        ended = self._folder.known.get(number)

        def rows() -> Sequence[EpochRow]:
            return self._rows[number] if ended is None else self._folder.epochs(number)

        return trial_score(ended or self._sweep.trials[number], rows, epochs, self._sweep.metric)

    def take(self, number: int, outcome: Outcome, *, begins: bool) -> bool:
        """Take what a job has made of a trial, which it `begins` or goes on with; True if it is to be written."""
        known = self._folder.known.get(number)
        if known is not None and known.state != "pruned":  # trained once more, for its model
            if outcome.model is not None:
                self._models.save(number, outcome.model)
            return False
        self._folder.forget([number])  # an earlier run stopped it, and now it has gone on
        if begins:
            self._rows[number], self._diagnostics[number] = [], []
        self._rows[number] += outcome.rows
        self._diagnostics[number] += outcome.diagnostics
        self._outcomes[number] = outcome
        return outcome.ended

    def fail(self, number: int, reason: str) -> None:
        """Write a trial that could not be trained."""
        known = self._folder.known.get(number)
        if known is not None and known.state != "pruned":
            self._watcher.note(f"trial {number}: its model is missing and could not be made again: {reason}")
            return
        self._folder.forget([number])
        for progress in (self._rows, self._diagnostics, self._outcomes):
            progress.pop(number, None)
        self._add([replace(self._sweep.trials[number], state="failed", error=reason)], {}, {})

    def write(self, numbers: Iterable[int], state: str | None = None) -> None:
        """Write trials to the folder, those that have not ended in this state, and the models that are to be kept."""
        trials, rows, diagnostics = [], {}, {}
        for number in numbers:
            outcome = self._outcomes.pop(number)
            own_state = None if outcome.ended else state
            trial = self._sweep.trials[number].ended(outcome.result, state=own_state, error=outcome.error)
            self._models.offer(trial, outcome.model)
            trials.append(trial)
            rows[number], diagnostics[number] = self._rows.pop(number), self._diagnostics.pop(number)
        self._add(trials, rows, diagnostics)

    def _add(
        self,
        trials: Sequence[Trial],
        rows: Mapping[int, Sequence[EpochRow]],
        diagnostics: Mapping[int, Sequence[DiagnosticsRow]],
    ) -> None:
        """Put trials on disk, then tell the watcher."""
        if not trials:
            return
        with held():  # the disk and the sweep agree on what is recorded
            self._folder.add(trials, rows, diagnostics)
        for trial in trials:
            self._watcher.trial(trial)
        for trial in trials:
            if self._fail_fast and trial.is_troubled:
                which = self._sweep.plan.described(trial.configuration)
                raise BadResult(f"trial {trial.number} ({which}) {trial.state}: {trial.error}")
