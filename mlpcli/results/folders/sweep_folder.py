"""The folder of a sweep: the outcome of every trial, kept through crashes, changed plans and repeated runs.

A trial is recorded when it has ended, never before: its epochs go to metrics.csv and are synced, then its row goes to
trials.csv. While a sweep runs both tables only grow; beginning and finishing rewrite them atomically in trial and epoch
order. Rows that a changed plan does not need go to `unused/`, and come back when a later plan wants them. The old
rows of trials that are run again wait there until the sweep has finished.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from mlpcli import json_text
from mlpcli.atomic import make_folder, refuse_links, remove, remove_folder, remove_stale, write_atomic
from mlpcli.results.files import csv_text
from mlpcli.results.files.lock import FolderLock
from mlpcli.results.folders.growing_tables import Epochs, GrowingTables
from mlpcli.results.folders.naming import check_name
from mlpcli.results.folders.sweep_ownership import (
    MODELS,
    PROVENANCE,
    SEARCH,
    SUMMARY,
    SWEEP,
    UNUSED,
    check_folder,
    set_aside,
    text_digest,
)
from mlpcli.results.folders.sweep_tables import SweepTables, write_changed
from mlpcli.results.trial import Trial, trial_columns

__all__ = ["SweepFolder"]


class SweepFolder:
    """A sweep's folder, open and locked by this process, its only writer; `close` it, or use it in a `with` statement.

    `path` is the folder. `planned` are the trials of the plan by number, and `known` those among them that have ended,
    in this run of the sweep or in an earlier one. The plan may grow: `plan` adds trials, and `begin` makes the folder
    ready for their results. `warning` is a sentence for the user where the file system has no locks; `again` names the
    command that goes on with an unfinished sweep.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        sweep: str,
        searches: bool = False,
        trials: Iterable[Trial],
        varied: Sequence[str],
        scores: Sequence[str],
        columns: Sequence[str],
        diagnostics: Sequence[str] = (),
        folds: bool = False,
        metric: str | None = None,
        reuse: Callable[[Trial], bool],
        provenance: Mapping[str, Any],
        restart: bool = False,
    ) -> None:
        """Open or create `root/name`; nothing is written before `begin`.

        Args:
            root: the folder of all results.
            name: the name of the sweep.
            sweep: the content of sweep.toml.
            searches: whether it has [search]; otherwise a search.jsonl of an earlier plan goes.
            trials: the first trials of the plan, numbered from 0.
            varied: the options that tell configurations apart.
            scores: the metrics in trials.csv.
            columns: the columns of metrics.csv after trial and run_id.
            diagnostics: the columns of diagnostics.csv after trial and run_id; a trial that lacks its rows there
                counts as absent. Without any there is no such file.
            folds: whether the trials cross-validate, so that trials.csv has their fold.
            metric: the metric that ranks; a trial that was recorded without it counts as absent.
            reuse: whether a trial that an earlier run recorded is kept.
            provenance: the content of provenance.json, to which the digest of sweep.toml is added.
            restart: set aside what an earlier run recorded.

        Raises:
            UsageError: a bad name, or a folder that holds something else, or a sweep of another version.
            Busy: another process works in this folder.
            DataError: a table there is damaged, or was not written by a sweep, or its sweep.toml was edited.
            FileError: the folder cannot be created or written.
        """
        self.path = Path(os.path.abspath(root)) / check_name(name)
        self.planned: list[Trial] = []
        self.known: dict[int, Trial] = {}
        self._sweep, self._searches, self._reuse = sweep, searches, reuse
        self._provenance = {**provenance, "sweep_digest": text_digest(sweep)}
        self._metric, self._columns = metric, columns
        self._tables = GrowingTables(self.path, trial_columns(varied, scores, folds=folds), columns, diagnostics)
        self._outdated: set[str] = set()  # run_ids of trials to be run again, whose old rows wait in unused/
        refuse_links(self.path)
        make_folder(self.path)
        self._lock = FolderLock(self.path)
        self.warning = self._lock.warning
        self.again = "the same command" + (", but without --restart" if restart else "")
        try:
            for folder in (self.path, self.path / UNUSED, self.path / MODELS):
                if folder.is_dir():
                    remove_stale(folder)
            check_folder(self.path, restart, sweep)
            if restart:
                set_aside(self.path)
            self._here: SweepTables | None = SweepTables(self.path)
            self._unused = SweepTables(self.path / UNUSED)
            self.plan(trials)
        except BaseException:
            self.close()
            raise

    def plan(self, trials: Iterable[Trial]) -> None:
        """Add trials to the plan; those that an earlier run recorded are known from now on."""
        for trial in trials:
            self.planned.append(trial)
            place = self._here if self._here and trial.run_id in self._here.trials else self._unused
            recorded = place.trials.get(trial.run_id)
            if recorded is None or self._lacks_metric(recorded, place):
                continue
            here = replace(recorded, number=trial.number, configuration=trial.configuration, options=trial.options)
            if not self._reuse(recorded):
                self._outdated.add(trial.run_id)
            elif self._tables.adopt(here, place):
                self.known[trial.number] = here

    def _lacks_metric(self, recorded: Trial, place: SweepTables) -> bool:
        """Whether a sweep that ranked by another metric recorded the trial, and did not measure ours."""
        metric = self._metric
        if metric is None:
            return False
        if metric not in place.columns or (metric in self._columns and metric not in place.metrics.columns):
            return True
        # a run measures what it monitors itself, so the column of a table may be filled for other trials only
        return recorded.state == "complete" and recorded.metrics[metric] is None

    @property
    def leaving(self) -> list[Trial]:
        """The recorded trials that the plan does not have: `begin` moves them to unused/."""
        if self._here is None:
            return []
        run_ids = self._run_ids()
        return [trial for run_id, trial in self._here.trials.items() if run_id not in run_ids]

    def begin(self) -> None:
        """Make the folder ready for results: the tables in order, with the known trials of the plan.

        Call it before training, so that a folder that cannot be written costs no training. Safe to call again.
        """
        if self._here is None and not self._tables.has_adopted:
            return
        changed = write_changed(self.path / SWEEP, self._sweep.encode())  # first: it tells whose folder this is
        is_unfinished = changed or len(self.known) < len(self.planned)
        if is_unfinished:
            remove(self.path / SUMMARY)  # it is there only while it tells of the whole sweep
        if not self._searches:
            remove(self.path / SEARCH)
        if is_unfinished or not os.path.lexists(self.path / PROVENANCE):
            write_atomic(self.path / PROVENANCE, json_text.pretty(self._provenance).encode())
        run_ids = self._run_ids()
        if self._here is not None:
            self._unused.take(self._here, run_ids - self._outdated)
            self._unused.write()  # nothing is dropped before it is written elsewhere
            self._here = None
        self._tables.rewrite(self.known)
        self._unused.give_up(run_ids - self._outdated)
        self._unused.write()

    def add(self, trials: Sequence[Trial], epochs: Epochs, diagnostics: Epochs) -> None:
        """Record trials that have ended, with their rows of metrics.csv and diagnostics.csv by number.

        All of it is on disk when this returns.
        """
        self.begin()
        self._tables.append(trials, epochs, diagnostics)
        self.known.update({trial.number: trial for trial in trials})
        self._outdated -= {trial.run_id for trial in trials}

    def forget(self, numbers: Iterable[int]) -> None:
        """Take outcomes back: these trials will be run again, and their old rows are dropped at the end."""
        for number in numbers:
            if self.known.pop(number, None) is not None:
                self._tables.forget(number)

    def epochs(self, number: int) -> list[dict[str, int | float | None]]:
        """The rows of metrics.csv of a recorded trial, without trial and run_id."""
        return self._tables.epochs(number)

    def model(self, run_id: str) -> Path:
        """The path of a trial's model file, whether or not it was kept."""
        return self.path / MODELS / f"{run_id}.safetensors"

    def save_model(self, run_id: str, data: bytes) -> None:
        """Keep the model of a trial."""
        self.begin()
        make_folder(self.path / MODELS)
        write_atomic(self.model(run_id), data)

    def keep_models(self, run_ids: Iterable[str]) -> None:
        """Remove all models but these."""
        folder = self.path / MODELS
        wanted = {self.model(run_id).name for run_id in run_ids}
        if folder.is_dir():
            for file in sorted(folder.iterdir()):
                if file.suffix == ".safetensors" and file.name not in wanted:
                    remove(file)
            if not any(folder.iterdir()):
                remove_folder(folder)

    def save_search(self, lines: str) -> None:
        """Write search.jsonl: what a search asked for and was told so far."""
        write_changed(self.path / SEARCH, lines.encode())

    def finish(self, summary: str) -> None:
        """Put the tables in order, and write summary.csv."""
        self.begin()
        if not self._tables.is_ordered:
            self._tables.rewrite(self.known)
        self._unused.give_up(self._run_ids() - self._outdated)
        self._unused.write()
        write_changed(self.path / SUMMARY, csv_text.encode(summary))

    def _run_ids(self) -> set[str]:
        """The run_ids of the plan; made when needed, since those of a large plan would stay in memory to the end."""
        return {trial.run_id for trial in self.planned}

    def close(self) -> None:
        """Release the folder; recorded trials stay. Safe to call twice."""
        try:
            self._tables.close()
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
