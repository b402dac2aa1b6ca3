"""Finds what a user's name means: a run, a sweep, trials of a sweep, or a model file; every command asks here.

A name is a path, or a name under the folder of results: of a run, of a sweep, or of trials as in `SWEEP/17`,
`SWEEP/best`, `SWEEP/best:5` and `SWEEP/<run_id>`. A run_id alone, or its beginning, means the run or trial that has it.
"""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlpcli.atomic import shown
from mlpcli.config.identity import is_run_id
from mlpcli.errors import DataError, FileError, UsageError
from mlpcli.results.files.read_file import read_json
from mlpcli.results.files.snapshot import current, snapshot
from mlpcli.results.folders.promotion import CONFIG, METRICS, MODEL, RESULT
from mlpcli.results.folders.read_trials import BEST, RUN_ID_LEAST, SweepTrials, read_trials
from mlpcli.results.folders.sweep_ownership import SWEEP
from mlpcli.results.folders.sweep_tables import TRIALS
from mlpcli.results.schema.json_schema import RunResult
from mlpcli.results.trial import Trial
from mlpcli.wording import nearest, quote, sentence

__all__ = ["Named", "best_of", "find_named", "find_results", "trials_of"]

_RUN_FILES, _SWEEP_FILES = (CONFIG, METRICS, MODEL), (SWEEP, TRIALS)
"""Files by which the folder of a run or a sweep is known."""

KINDS = "Give a run, a sweep, a trial such as SWEEP/17 or SWEEP/best, or a run_id"


@dataclass(frozen=True)
class Named:
    """What a name means: a model file, or the folder of a run or a sweep.

    `trials` are those of the sweep that were named, the best first for `best:5`, None for a whole folder.
    """

    path: Path
    is_sweep: bool = False
    sweep: SweepTrials | None = None
    trials: tuple[Trial, ...] | None = None

    def name(self, trial: Trial) -> str:
        """The name of a trial as a user types it."""
        return f"{shown(self.path)}/{trial.number}"


def find_named(text: str, root: Path, *, missing: str = "are no results") -> Named:
    """The file, folder or trials that `text` means; of a whole sweep the trials are not read.

    Raises:
        UsageError: there are none; the message begins with `there <missing>` and has the nearest names.
        DataError: trials.csv of the sweep is damaged.
    """
    named = _at_place(text, root) or _in_sweep(text, root) or _with_run_id(text, root)
    if named is None:
        near = nearest(text, _names(root, *_RUN_FILES, *_SWEEP_FILES))
        problem = f"there {missing} {quote(text)}, here or in {shown(root)}{near}"
        raise UsageError(f"{sentence(problem)} {KINDS}")
    return named


def find_results(text: str, root: Path) -> Path:
    """The folder of the run or the sweep that `text` means, absolute; something is recorded in it.

    Raises:
        UsageError: there is none; the message has the nearest names.
    """
    named = find_named(text, root)
    if named.trials is not None or os.path.isfile(named.path):
        what = "a file" if named.trials is None else "a trial"
        raise UsageError(f"{quote(text)} is {what}, and a run or a sweep is needed here. Give its folder")
    table = TRIALS if named.is_sweep else METRICS
    if not os.path.isfile(current(named.path, table)):
        raise _only_begun(named.path, named.is_sweep)
    return named.path


def _at_place(text: str, root: Path) -> Named | None:
    """The file or folder of this path or name."""
    for place in _places(text, root):
        if os.path.isfile(place):
            return Named(place)
        for is_sweep, files in ((True, _SWEEP_FILES), (False, _RUN_FILES)):
            if any(os.path.isfile(current(place, file)) for file in files):
                return Named(place, is_sweep)
    return None


def _in_sweep(text: str, root: Path) -> Named | None:
    """The trials of a sweep that `text` names."""
    above, _, word = text.rpartition("/")
    place = _at_place(above, root)
    if place is None or not place.is_sweep:
        return None
    sweep = trials_of(place.path)
    trials = best_of(sweep, word) if BEST.fullmatch(word) else sweep.named(word)
    if not trials:
        raise UsageError(
            f"{shown(place.path)} has no trial {quote(word)} among the {len(sweep.trials)} that have ended. "
            f"Type mlpcli list {shown(place.path)} to see them"
        )
    if len(trials) > 1 and not BEST.fullmatch(word):
        raise _ambiguous(text, [trial.run_id for trial in trials])
    return Named(place.path, True, sweep, tuple(trials))


def _with_run_id(text: str, root: Path) -> Named | None:
    """The run or the trial whose run_id begins with `text`."""
    if not is_run_id(text, RUN_ID_LEAST):
        return None
    matches = {run_id: named for run_id, named in _run_ids(root) if run_id.startswith(text)}
    if len(matches) > 1:
        raise _ambiguous(text, sorted(matches))
    return next(iter(matches.values()), None)


def _run_ids(root: Path) -> Iterator[tuple[str, Named]]:
    """The runs and trials under `root` by run_id; folders that cannot be read have none."""
    for name in _names(root, RESULT, TRIALS):
        path = Path(os.path.abspath(root / name))
        try:
            if os.path.isfile(path / TRIALS):
                sweep = trials_of(path)
                yield from ((trial.run_id, Named(path, True, sweep, (trial,))) for trial in sweep.trials)
            else:
                yield read_json(path / RESULT, RunResult, "")["run_id"], Named(path)
        except (DataError, FileError):
            continue


def trials_of(path: Path) -> SweepTrials:
    """The trials of a sweep that have ended.

    Raises:
        UsageError: nothing is recorded yet.
        DataError: trials.csv is damaged.
    """
    if not os.path.isfile(path / TRIALS):
        raise _only_begun(path, is_sweep=True)
    return snapshot(path, lambda: read_trials(path))


def best_of(sweep: SweepTrials, word: str = "best") -> list[Trial]:
    """The trials that `best` or `best:5` names.

    Raises:
        UsageError: no trial is complete.
    """
    if not sweep.ranked:
        raise UsageError(f"no trial of {shown(sweep.path)} is complete, so none is the best. Run the sweep again")
    return sweep.named(word)


def _only_begun(path: Path, is_sweep: bool) -> UsageError:
    kind = "sweep" if is_sweep else "run"
    return UsageError(f"the {kind} in {shown(path)} has only begun: nothing is recorded yet. Try again later")


def _ambiguous(text: str, run_ids: list[str]) -> UsageError:
    return UsageError(f"{quote(text)} begins {len(run_ids)} run_ids: {', '.join(run_ids[:5])}. Give more digits")


def _places(text: str, root: Path) -> list[Path]:
    """Where a name may mean a file or folder; an accent may be composed in one and stand apart in the other."""
    if not text or "\0" in text:
        return []
    spelled = dict.fromkeys((text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)))
    return [Path(os.path.abspath(place)) for name in spelled for place in (name, root / name)]


def _names(root: Path, *files: str) -> list[str]:
    """The folders below `root` that hold one of these files."""
    try:
        return sorted(name for name in os.listdir(root) if any(os.path.isfile(root / name / file) for file in files))
    except OSError:
        return []
