"""The folder of a sweep: what it keeps of every trial, through crashes, changed plans and repeated runs.

There is no record of a running trial. A trial is done when its row stands in trials.csv, and its epochs are in
metrics.csv, synced, before that. While a sweep runs both tables only grow; beginning and finishing rewrite them
atomically in trial and epoch order. Rows that a changed plan does not need go to `unused/`, and come back when a later
plan wants them.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli import json_text
from mlpcli.atomic import (
    io_errors,
    make_folder,
    remove,
    remove_folder,
    remove_stale,
    shown,
    write_atomic,
)
from mlpcli.errors import FileError
from mlpcli.results import csv_text
from mlpcli.results.append import AppendTable
from mlpcli.results.lock import FolderLock
from mlpcli.results.naming import check_name
from mlpcli.results.sweep_ownership import MODELS, PROVENANCE, SUMMARY, SWEEP, UNUSED, check_folder, set_aside
from mlpcli.results.sweep_tables import (
    DIAGNOSTICS,
    FIRST_COLUMNS,
    METRICS,
    TRIALS,
    Record,
    SweepTables,
    recorded,
    trained,
    write_changed,
)

__all__ = ["FINAL_COLUMNS", "FIRST_COLUMNS", "PlannedTrial", "Record", "SweepStore"]

MIDDLE_COLUMNS = ("parameters", "epochs_run", "best_epoch")
FINAL_COLUMNS = ("error", "time_s")


@dataclass(frozen=True)
class PlannedTrial:
    """A trial as the store needs it: `values` are those of the varied options."""

    run_id: str
    seed: int
    values: tuple[object, ...]


class SweepStore:
    """A sweep's folder, open and locked by this process; its only writer. `close` it, or use it in a `with`.

    `known` has the records of those planned trials, by number, that `reuse` accepts. The plan may grow: `plan` adds
    trials, and `begin` makes the folder ready for their results. `path` is the folder; `warning` is a sentence for the
    user where the file system has no locks.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        sweep: str,
        trials: Sequence[PlannedTrial],
        varied: Sequence[str],
        scores: Sequence[str],
        columns: Sequence[str],
        diagnostics: Sequence[str] = (),
        reuse: Callable[[Record], bool],
        provenance: Mapping[str, Any],
        restart: bool = False,
    ) -> None:
        """Open or create `root/name` for `trials`, the first of the plan; nothing is written before `begin`.

        `scores` are the metrics of trials.csv, `columns` those of an epoch.

        With `diagnostics`, the columns of diagnostics.csv, a trial without its rows there counts as absent.

        Raises:
            UsageError: a bad name, or a folder that holds something else, or a sweep of another version (exit 2).
            Busy: another process works in this folder.
            DataError: a table there was not written by a sweep.
            FileError: the folder cannot be created or written.
        """
        self.path = Path(os.path.abspath(root)) / check_name(name)
        self._sweep, self._provenance, self._reuse = sweep, provenance, reuse
        self._varied = tuple(varied)
        self._trials: list[PlannedTrial] = []
        self.known: dict[int, Record] = {}
        self._columns = (*FIRST_COLUMNS, *varied, *MIDDLE_COLUMNS, *scores, *FINAL_COLUMNS)
        self._epoch_columns = {METRICS: ("trial", "run_id", *columns)}
        if diagnostics:
            self._epoch_columns[DIAGNOSTICS] = ("trial", "run_id", *diagnostics)
        self._tables: dict[str, AppendTable] = {}
        self._spans: dict[tuple[str, int], tuple[int, int]] = {}
        self._adopted: dict[tuple[str, int], bytes] = {}  # epochs of known trials that are in no main table yet
        self._run_ids: set[str] = set()
        self._grown = False
        if self.path.is_symlink():
            raise FileError(f"cannot use {shown(self.path)}: it is a symbolic link. Nothing was written")
        make_folder(self.path)
        self._lock = FolderLock(self.path)
        self.warning = self._lock.warning
        try:
            for folder in (self.path, self.path / UNUSED, self.path / MODELS):
                if folder.is_dir():
                    remove_stale(folder)
            check_folder(self.path, restart)
            if restart:
                set_aside(self.path)
            self._here: SweepTables | None = SweepTables(self.path)
            self._unused = SweepTables(self.path / UNUSED)
            self.plan(trials)
        except BaseException:
            self.close()
            raise

    @property
    def planned(self) -> int:
        """The number of trials in the plan so far."""
        return len(self._trials)

    def plan(self, trials: Iterable[PlannedTrial]) -> None:
        """Add trials to the plan; those that an earlier run recorded are known from now on."""
        for trial in trials:
            number = len(self._trials)
            self._trials.append(trial)
            self._run_ids.add(trial.run_id)
            place = self._here if self._here and trial.run_id in self._here.records else self._unused
            record = place.records.get(trial.run_id)
            if record is None or not self._reuse(record):
                continue
            if DIAGNOSTICS in self._epoch_columns and not place.diagnostics.has(trial.run_id, recorded(record)):
                continue
            self.known[number] = dict.fromkeys(self._columns) | record
            for name, columns in self._epoch_columns.items():
                table, epochs = (place.metrics, trained) if name == METRICS else (place.diagnostics, recorded)
                self._adopted[name, number] = table.lines(trial.run_id, epochs(record), number, columns)

    def begin(self) -> None:
        """Make the folder ready for results: the tables in order, with what is known of the plan.

        To be called before training, so that a folder that cannot be written costs none. Safe to call again.
        """
        if self._here is None and not self._adopted:
            return
        write_changed(self.path / SWEEP, self._sweep.encode())  # first: it tells whose folder this is
        if len(self.known) < len(self._trials) or not os.path.lexists(self.path / PROVENANCE):
            write_atomic(self.path / PROVENANCE, json_text.pretty(self._provenance).encode())
        if self._here is not None:
            self._unused.take(self._here, self._run_ids)  # and nothing is dropped before it stands elsewhere
            self._unused.write()
            self._here = None
        self._rewrite()
        self._unused.give_up(self._run_ids)
        self._unused.write()

    def add(
        self,
        entries: Sequence[tuple[int, Record, Sequence[Mapping[str, Any]]]],
        diagnostics: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
    ) -> None:
        """Record trials that came to their end: number, record and rows of metrics.csv; on disk when this returns.

        `diagnostics` has the rows of diagnostics.csv by number.
        """
        self.begin()
        found = diagnostics or {}
        rows = {
            METRICS: {number: epochs for number, _, epochs in entries},
            DIAGNOSTICS: {number: found.get(number, ()) for number, _, _ in entries},
        }
        spans, self._grown = {}, True
        for name, columns in self._epoch_columns.items():
            table, blank = self._tables[name], dict.fromkeys(columns)
            for number, epochs in rows[name].items():
                identity = {"trial": number, "run_id": self._trials[number].run_id}
                start = table.offset
                table.append({**blank, **epoch, **identity} for epoch in epochs)
                spans[name, number] = (start, table.offset - start)
            table.sync()
        self._tables[TRIALS].append(self._row(number, record) for number, record, _ in entries)
        self._tables[TRIALS].sync()
        for number, record, _ in entries:
            self.known[number] = record
        self._spans.update(spans)

    def forget(self, numbers: Iterable[int]) -> None:
        """Take records back: these trials will be run again, and their old rows are dropped at the end."""
        for number in numbers:
            if self.known.pop(number, None) is not None:
                for name in self._epoch_columns:
                    self._spans.pop((name, number), None)
                    self._adopted.pop((name, number), None)
                self._grown = True

    def epochs(self, number: int) -> list[dict[str, int | float | None]]:
        """The rows of metrics.csv of a recorded trial, without trial and run_id."""
        rows = csv_text.parse(self._lines(METRICS, number))
        columns = self._epoch_columns[METRICS][2:]
        return [{column: csv_text.number(cell) for column, cell in zip(columns, row[2:], strict=True)} for row in rows]

    def model(self, run_id: str) -> Path:
        """Where the model of a trial stands, if it was kept."""
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

    def finish(self, summary: str) -> None:
        """Put the tables in order, and write summary.csv."""
        self.begin()
        if self._grown:
            self._rewrite()
        write_changed(self.path / SUMMARY, csv_text.encode(summary))

    def close(self) -> None:
        """Release the folder; what was recorded stays. Safe to call twice."""
        try:
            for table in self._tables.values():
                table.close()
        finally:
            self._tables = {}
            self._lock.release()

    def _rewrite(self) -> None:
        for table in self._tables.values():
            table.close()
        self._write_tables({(name, n): self._lines(name, n) for name in self._epoch_columns for n in self.known})

    def _write_tables(self, lines: Mapping[tuple[str, int], bytes]) -> None:
        """All tables in trial order, trials.csv last; then open them to grow."""
        numbers = sorted(self.known)
        self._grown = False
        self._spans, self._adopted = {}, {}
        for name, columns in self._epoch_columns.items():
            header = csv_text.encode(csv_text.line(columns))
            offset = len(header)
            for number in numbers:
                self._spans[name, number] = (offset, len(lines[name, number]))
                offset += len(lines[name, number])
            write_changed(self.path / name, b"".join((header, *(lines[name, number] for number in numbers))))
        rows = (self._row(number, self.known[number]) for number in numbers)
        write_changed(self.path / TRIALS, csv_text.encode(csv_text.table(self._columns, rows)))
        every = {TRIALS: self._columns, **self._epoch_columns}
        self._tables = {name: AppendTable(self.path / name, columns) for name, columns in every.items()}

    def _lines(self, name: str, number: int) -> bytes:
        if (name, number) in self._adopted:
            return self._adopted[name, number]
        offset, size = self._spans[name, number]
        with io_errors("read", self.path / name), open(self.path / name, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def _row(self, number: int, record: Record) -> Record:
        trial = self._trials[number]
        varied = dict(zip(self._varied, trial.values, strict=True))
        row = {**record, **varied, "trial": number, "run_id": trial.run_id, "seed": trial.seed}
        return {column: row.get(column) for column in self._columns}

    def __enter__(self) -> "SweepStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
