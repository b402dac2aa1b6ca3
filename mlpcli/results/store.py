"""The folder of a sweep: what it keeps of every trial, through crashes, changed plans and repeated runs.

There is no record of a running trial. A trial is done when its row stands in trials.csv, and its epochs are in
metrics.csv, synced, before that. While a sweep runs both tables only grow; opening and finishing rewrite them
atomically in trial and epoch order. What a changed plan has no use for stands in `unused/`, and is taken back when a
later plan wants it.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlpcli
from mlpcli.errors import DataError, FileError, UsageError
from mlpcli.results import csv_text, json_text
from mlpcli.results.append import AppendTable, complete_rows
from mlpcli.results.atomic import (
    io_errors,
    make_folder,
    move,
    remove,
    remove_stale,
    shown,
    sync_folder,
    write_atomic,
)
from mlpcli.results.lock import FolderLock
from mlpcli.results.naming import check_name

__all__ = ["FINAL_COLUMNS", "FIRST_COLUMNS", "PlannedTrial", "Record", "SweepStore"]

SWEEP, TRIALS, METRICS, SUMMARY, PROVENANCE = (
    "sweep.toml",
    "trials.csv",
    "metrics.csv",
    "summary.csv",
    "provenance.json",
)
UNUSED = "unused"

FIRST_COLUMNS = ("trial", "run_id", "state", "seed")
MIDDLE_COLUMNS = ("parameters", "epochs_run", "best_epoch")
FINAL_COLUMNS = ("error", "time_s")

Record = dict[str, Any]
"""A row of trials.csv by column, without trial and varied options."""


@dataclass(frozen=True)
class PlannedTrial:
    """A trial as the store needs it: `values` are those of the varied options."""

    run_id: str
    seed: int
    values: tuple[object, ...]


class SweepStore:
    """A sweep's folder, open and locked by this process; its only writer. `close` it, or use it in a `with`.

    `known` has the records of those planned trials, by number, that `reuse` accepts. `path` is the folder; `warning`
    a sentence for the user where the file system has no locks.
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
        reuse: Callable[[Record], bool],
        provenance: Mapping[str, Any],
        restart: bool = False,
    ) -> None:
        """Open or create `root/name` for `trials`; `scores` are the metrics of trials.csv, `columns` those of an epoch.

        Raises:
            UsageError: a bad name, or a folder that holds something else, or a sweep of another version (exit 2).
            Busy: another process works in this folder.
            DataError: a table there was not written by a sweep.
            FileError: the folder cannot be created or written.
        """
        self.path = Path(os.path.abspath(root)) / check_name(name)
        self._trials, self._varied = trials, tuple(varied)
        self._columns = (*FIRST_COLUMNS, *varied, *MIDDLE_COLUMNS, *scores, *FINAL_COLUMNS)
        self._epoch_columns = ("trial", "run_id", *columns)
        self._tables: list[AppendTable] = []
        if self.path.is_symlink():
            raise FileError(f"cannot use {shown(self.path)}: it is a symbolic link. Nothing was written")
        make_folder(self.path)
        self._lock = FolderLock(self.path)
        self.warning = self._lock.warning
        try:
            self._check_folder(restart)
            remove_stale(self.path)
            if restart:
                self._set_aside()
            self._open(sweep, reuse, provenance)
        except BaseException:
            self.close()
            raise

    def add(self, entries: Sequence[tuple[int, Record, Sequence[Mapping[str, Any]]]]) -> None:
        """Record trials that came to their end: number, record and rows of metrics.csv; on disk when this returns."""
        trials, metrics = self._tables
        offset, rows = metrics.offset, []
        spans = {}
        for number, _, epochs in entries:
            identity = {"trial": number, "run_id": self._trials[number].run_id}
            full = [{column: {**epoch, **identity}.get(column) for column in self._epoch_columns} for epoch in epochs]
            size = len(csv_text.encode("".join(csv_text.line(row.values()) for row in full)))
            spans[number] = (offset, size)
            offset += size
            rows += full
        metrics.append(rows)
        metrics.sync()
        trials.append(self._row(number, record) for number, record, _ in entries)
        trials.sync()
        for number, record, _ in entries:
            self.known[number] = record
        self._spans.update(spans)

    def forget(self, numbers: Iterable[int]) -> None:
        """Take records back: these trials will be run again, and their old rows are dropped at the end."""
        for number in numbers:
            self.known.pop(number, None)
            self._spans.pop(number, None)

    def epochs(self, number: int) -> list[dict[str, int | float | None]]:
        """The rows of metrics.csv of a recorded trial, without trial and run_id."""
        rows = csv_text.parse(self._lines(number))
        return [
            {column: csv_text.number(cell) for column, cell in zip(self._epoch_columns[2:], row[2:], strict=True)}
            for row in rows
        ]

    def model(self, run_id: str) -> Path:
        """Where the model of a trial stands, if it was kept."""
        return self.path / "models" / f"{run_id}.safetensors"

    def save_model(self, run_id: str, data: bytes) -> None:
        """Keep the model of a trial."""
        make_folder(self.path / "models")
        write_atomic(self.model(run_id), data)

    def keep_models(self, run_ids: Iterable[str]) -> None:
        """Remove all models but these."""
        folder = self.path / "models"
        wanted = {self.model(run_id).name for run_id in run_ids}
        if folder.is_dir():
            for file in sorted(folder.iterdir()):
                if file.suffix == ".safetensors" and file.name not in wanted:
                    remove(file)
            if not any(folder.iterdir()):
                folder.rmdir()

    def finish(self, summary: str) -> None:
        """Rewrite both tables in order, and write summary.csv."""
        self._rewrite()
        _write(self.path / SUMMARY, csv_text.encode(summary))

    def close(self) -> None:
        """Let go of the folder; what was recorded stays. Twice is once."""
        try:
            for table in self._tables:
                table.close()
        finally:
            self._tables = []
            self._lock.release()

    def _check_folder(self, restart: bool) -> None:
        names = set(os.listdir(self.path)) - {".lock"}
        if names and SWEEP not in names and TRIALS not in names:
            found = ", ".join(sorted(names))[:100]
            raise UsageError(f"{shown(self.path)} is not a sweep's folder: it holds {found!a}. Choose another --name")
        if TRIALS not in names or restart:
            return
        try:
            made = json.loads((self.path / PROVENANCE).read_bytes())["version"]
        except (OSError, ValueError, KeyError, TypeError):
            made = None
        if made != mlpcli.__version__:
            raise UsageError(
                f"{shown(self.path)} was made by mlpcli {str(made)[:20]}, this is {mlpcli.__version__}: its numbers "
                "may differ. It is unchanged. Start it anew with --restart, or choose another --name"
            )

    def _set_aside(self) -> None:
        """Put everything that was recorded where nothing is taken back from: --restart loses no file."""
        if not os.path.lexists(self.path / TRIALS):
            return
        number = 1
        while os.path.lexists(aside := self.path / UNUSED / f"replaced-{number}"):
            number += 1
        make_folder(aside)
        for place in (self.path / UNUSED, self.path):
            for name in (METRICS, SUMMARY, PROVENANCE, TRIALS):
                if os.path.lexists(place / name):
                    target = aside if place == self.path else aside / UNUSED
                    make_folder(target)
                    move(place / name, target / name)
            sync_folder(place)

    def _open(self, sweep: str, reuse: Callable[[Record], bool], provenance: Mapping[str, Any]) -> None:
        here = _Tables.read(self.path)
        unused = _Tables.read(self.path / UNUSED)
        self.known: dict[int, Record] = {}
        lines: dict[int, bytes] = {}
        planned: set[str] = set()
        for number, trial in enumerate(self._trials):
            planned.add(trial.run_id)
            record = here.records.get(trial.run_id) or unused.records.get(trial.run_id)
            if record is not None and reuse(record):
                self.known[number] = record
                lines[number] = (here if trial.run_id in here.records else unused).lines(
                    trial.run_id, number, self._epoch_columns
                )
        unused.merge(here, leaving=planned)
        unused.write(self.path / UNUSED)
        write_atomic(self.path / PROVENANCE, json_text.pretty(provenance).encode())
        _write(self.path / SWEEP, sweep.encode())
        self._write_tables(lines)

    def _rewrite(self) -> None:
        for table in self._tables:
            table.close()
        self._write_tables({number: self._lines(number) for number in sorted(self.known)})

    def _write_tables(self, lines: Mapping[int, bytes]) -> None:
        """Both tables in trial order, metrics first; then open them to grow."""
        numbers = sorted(self.known)
        content = bytearray(csv_text.encode(csv_text.line(self._epoch_columns)))
        self._spans = {}
        for number in numbers:
            self._spans[number] = (len(content), len(lines[number]))
            content += lines[number]
        _write(self.path / METRICS, bytes(content))
        rows = (self._row(number, self.known[number]) for number in numbers)
        _write(self.path / TRIALS, csv_text.encode(csv_text.table(self._columns, rows)))
        self._tables = [
            AppendTable(self.path / TRIALS, self._columns),
            AppendTable(self.path / METRICS, self._epoch_columns),
        ]

    def _lines(self, number: int) -> bytes:
        offset, size = self._spans[number]
        with io_errors("read", self.path / METRICS), open(self.path / METRICS, "rb") as file:
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


class _Tables:
    """trials.csv and metrics.csv of a folder as they were found: records, and lines of metrics, by run_id."""

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.records: dict[str, Record] = {}
        self.epoch_columns: list[str] = []
        self._lines: dict[str, list[bytes]] = {}

    @classmethod
    def read(cls, folder: Path) -> "_Tables":
        """What stands there; rows that a crash tore, or that lack their epochs, count as absent."""
        found = cls()
        header, rows = _rows(folder / TRIALS)
        found.epoch_columns, found._lines = _lines_by_run(folder / METRICS)
        if not header:
            return found
        if not set(FIRST_COLUMNS) <= set(header):
            raise DataError(f"cannot go on with {shown(folder / TRIALS)}: it is not the table of a sweep")
        found.columns = header
        for row in rows:
            record = dict(zip(header, row, strict=True))
            run_id = record.pop("run_id")
            values = {name: _value(name, cell) for name, cell in record.items()}
            if len(found._lines.get(run_id, [])) >= (values.get("epochs_run") or 0):
                found.records[run_id] = values
        return found

    def lines(self, run_id: str, number: int, columns: Sequence[str]) -> bytes:
        """The epochs of a trial as rows of a table with these columns, under another number."""
        count = self.records[run_id].get("epochs_run") or 0
        kept = self._lines.get(run_id, [])[-count:] if count else []
        if list(columns) == self.epoch_columns:
            prefix = f"{number},".encode()
            return b"".join(prefix + line.partition(b",")[2] for line in kept)
        rows = csv_text.parse(b"".join(kept))
        named = [dict(zip(self.epoch_columns, row, strict=True)) | {"trial": str(number)} for row in rows]
        return csv_text.encode("".join(",".join(row.get(column, "") for column in columns) + "\n" for row in named))

    def merge(self, other: "_Tables", leaving: set[str]) -> None:
        """Take over what `other` has and nobody plans; give up what is planned: the main tables have it."""
        moved = {run_id: record for run_id, record in other.records.items() if run_id not in leaving}
        columns = list(dict.fromkeys((*self.epoch_columns, *other.epoch_columns)))
        kept = {run_id: record for run_id, record in self.records.items() if run_id not in leaving}
        self.changed = bool(moved) or len(kept) < len(self.records)
        lines = {run_id: [self.lines(run_id, 0, columns)] for run_id in kept}
        lines |= {run_id: [other.lines(run_id, 0, columns)] for run_id in moved}
        self.columns = list(dict.fromkeys((*self.columns, *other.columns)))
        self.records, self._lines, self.epoch_columns = kept | moved, lines, columns

    def write(self, folder: Path) -> None:
        """Write both tables, or remove them when they are empty."""
        if not self.changed:
            return
        if not self.records:
            for name in (TRIALS, METRICS):
                remove(folder / name)
            with suppress(OSError):
                folder.rmdir()
            return
        make_folder(folder)
        rows = ({**dict.fromkeys(self.columns), **record, "run_id": run_id} for run_id, record in self.records.items())
        body = b"".join(line for lines in self._lines.values() for line in lines)
        _write(folder / METRICS, csv_text.encode(csv_text.line(self.epoch_columns)) + body)
        _write(folder / TRIALS, csv_text.encode(csv_text.table(self.columns, rows)))


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    if not os.path.lexists(path):
        return [], []
    with io_errors("read", path):
        data = path.read_bytes()
    try:
        header, *rows = csv_text.parse(data[: complete_rows(data)]) or [[]]
    except ValueError as error:
        raise DataError(f"cannot go on with {shown(path)}: {error}. Start anew with --restart") from error
    return header, rows


def _lines_by_run(path: Path) -> tuple[list[str], dict[str, list[bytes]]]:
    """The lines of metrics.csv by run_id; its cells are numbers and identities, so a line is a row."""
    lines: dict[str, list[bytes]] = {}
    if not os.path.lexists(path):
        return [], lines
    with io_errors("read", path), open(path, "rb") as file:
        header = file.readline().decode("utf-8", "replace").rstrip("\n").split(",")
        for line in file:
            if line.endswith(b"\n") and line.count(b",") == len(header) - 1:
                lines.setdefault(line.split(b",", 2)[1].decode("ascii", "replace"), []).append(line)
    return header, lines


_TEXTS = {"state", "error"}


def _value(name: str, cell: str) -> Any:
    if name in _TEXTS:
        return csv_text.text(cell) or None
    with suppress(ValueError):
        return csv_text.number(cell)
    return csv_text.text(cell)


def _write(path: Path, data: bytes) -> None:
    """Write a file unless it has this content already: to look at a finished sweep touches nothing."""
    with suppress(OSError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return
    write_atomic(path, data)
