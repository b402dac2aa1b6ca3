"""A sweep's two tables as they stand in a folder, found by run_id: what a crash tore is absent, never half there."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlpcli.errors import DataError
from mlpcli.results import csv_text
from mlpcli.results.append import complete_rows
from mlpcli.results.atomic import io_errors, make_folder, remove, remove_folder, shown, write_atomic

__all__ = ["FIRST_COLUMNS", "METRICS", "TRIALS", "Record", "SweepTables", "write_changed"]

TRIALS, METRICS = "trials.csv", "metrics.csv"
FIRST_COLUMNS = ("trial", "run_id", "state", "seed")

Record = dict[str, Any]
"""A row of trials.csv by column."""

_TEXTS = {"run_id", "state", "error"}


class SweepTables:
    """trials.csv and metrics.csv of a folder as they were found: records, and lines of metrics by epoch, by run_id."""

    def __init__(self, folder: Path) -> None:
        """Read what stands there; rows that a crash tore, or that lack their epochs, count as absent."""
        self.folder = folder
        self.records: dict[str, Record] = {}
        self.columns, rows = _rows(folder / TRIALS)
        self.epoch_columns, self._lines = _lines_by_run(folder / METRICS)
        self._changed = False
        for row in rows:
            values = {name: _value(name, cell) for name, cell in zip(self.columns, row, strict=True)}
            run_id = values.pop("run_id")
            epochs = self._lines.get(run_id, {})
            if all(epoch in epochs for epoch in range(1, _count(values) + 1)):
                self.records[run_id] = values

    def lines(self, run_id: str, number: int, columns: Sequence[str]) -> bytes:
        """The epochs of a trial as rows of a table with these columns, under another number."""
        kept = [self._lines[run_id][epoch] for epoch in range(1, _count(self.records[run_id]) + 1)]
        if list(columns) == self.epoch_columns:
            prefix = f"{number},".encode()
            return b"".join(prefix + line.partition(b",")[2] for line in kept)
        rows = csv_text.parse(b"".join(kept))
        named = [dict(zip(self.epoch_columns, row, strict=True)) | {"trial": str(number)} for row in rows]
        return csv_text.encode("".join(",".join(row.get(column, "") for column in columns) + "\n" for row in named))

    def take(self, other: "SweepTables", planned: set[str]) -> None:
        """Take over what `other` has and nobody plans."""
        taken = [run_id for run_id in other.records if run_id not in planned and run_id not in self.records]
        if not taken:
            return
        columns = list(dict.fromkeys((*self.epoch_columns, *other.epoch_columns)))
        self._lines = {run_id: _by_epoch(self.lines(run_id, 0, columns)) for run_id in self.records}
        self._lines |= {run_id: _by_epoch(other.lines(run_id, 0, columns)) for run_id in taken}
        self.records |= {run_id: other.records[run_id] for run_id in taken}
        self.columns, self.epoch_columns = list(dict.fromkeys((*self.columns, *other.columns))), columns
        self._changed = True

    def give_up(self, planned: set[str]) -> None:
        """Drop what the main tables have now."""
        for run_id in self.records.keys() & planned:
            del self.records[run_id]
            self._changed = True

    def write(self) -> None:
        """Write both tables if they changed, or remove them when they are empty."""
        changed, self._changed = self._changed, False
        if changed and self.records:
            make_folder(self.folder)
            blank = dict.fromkeys(self.columns)
            rows = [{**blank, **record, "run_id": run_id} for run_id, record in self.records.items()]
            body = b"".join(self.lines(run_id, 0, self.epoch_columns) for run_id in self.records)
            write_changed(self.folder / METRICS, csv_text.encode(csv_text.line(self.epoch_columns)) + body)
            write_changed(self.folder / TRIALS, csv_text.encode(csv_text.table(self.columns, rows)))
        elif changed:
            for name in (TRIALS, METRICS):
                remove(self.folder / name)
            if not os.listdir(self.folder):
                remove_folder(self.folder)


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    if not os.path.lexists(path):
        return [], []
    with io_errors("read", path):
        data = path.read_bytes()
    sound = data.partition(b"\0")[0]  # a power cut may leave zeros for what was not synced
    try:
        header, *rows = csv_text.parse(sound[: complete_rows(sound)]) or [[]]
        if not set(FIRST_COLUMNS) <= set(header):
            raise ValueError("it is not the table of a sweep")
    except ValueError as error:
        raise _unusable(path, str(error)) from error
    return header, rows


def _lines_by_run(path: Path) -> tuple[list[str], dict[str, dict[int, bytes]]]:
    """The lines of metrics.csv by run_id and epoch; its cells are numbers and identities, so a line is a row.

    Of equal epochs the first counts: it was synced before any later one was written.
    """
    lines: dict[str, dict[int, bytes]] = {}
    if not os.path.lexists(path):
        return [], lines
    with io_errors("read", path), open(path, "rb") as file:
        header = file.readline().decode("utf-8", "replace").rstrip("\n").split(",")
        if header[:3] != ["trial", "run_id", "epoch"]:
            raise _unusable(path, "it is not the table of a sweep")
        for line in file:
            if line.endswith(b"\n") and line.count(b",") == len(header) - 1 and b"\0" not in line:
                _, run_id, epoch, _ = line.split(b",", 3)
                if epoch.isdigit():
                    lines.setdefault(run_id.decode("ascii", "replace"), {}).setdefault(int(epoch), line)
    return header, lines


def _unusable(path: Path, reason: str) -> DataError:
    return DataError(f"cannot go on with {shown(path)}: {reason}. It is unchanged. Start anew with --restart")


def _by_epoch(lines: bytes) -> dict[int, bytes]:
    return dict(enumerate(lines.splitlines(keepends=True), start=1))


def _count(record: Record) -> int:
    """The epochs that a record counts, 0 for a trial that failed before its first."""
    found = record.get("epochs_run")
    return found if isinstance(found, int) else 0


def _value(name: str, cell: str) -> Any:
    if name in _TEXTS:
        return csv_text.text(cell) or None
    with suppress(ValueError):
        return csv_text.number(cell)
    return csv_text.text(cell)


def write_changed(path: Path, data: bytes) -> None:
    """Write a file unless it has this content already: to look at a finished sweep touches nothing."""
    with suppress(OSError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return
    write_atomic(path, data)
