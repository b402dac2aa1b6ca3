"""A sweep's tables as they stand in a folder, found by run_id: what a crash tore is absent, never half there."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlpcli.atomic import io_errors, make_folder, remove, remove_folder, write_atomic
from mlpcli.results import csv_text, schema
from mlpcli.results.read_file import damaged, read_rows
from mlpcli.results.trial import FIRST_COLUMNS, MIDDLE_COLUMNS

__all__ = [
    "ANEW",
    "DIAGNOSTICS",
    "FIRST_COLUMNS",
    "METRICS",
    "TRIALS",
    "EpochTable",
    "Record",
    "SweepTables",
    "recorded",
    "trained",
    "write_changed",
]

TRIALS, METRICS, DIAGNOSTICS = "trials.csv", "metrics.csv", "diagnostics.csv"

Record = dict[str, Any]
"""A row of trials.csv by column."""

ANEW = "Start anew with --restart"
"""The way out of a sweep's folder with a damaged file."""

_EPOCH_ROW = re.compile(rb"\d{1,18},[0-9a-f]{12},\d{1,18}(,([+-]?(\d[\d.e+-]{0,40}|inf)|nan)?)*\n")


class EpochTable:
    """A table with a row an epoch and trial as it stands in a file: its lines by run_id and epoch.

    Its cells are numbers and identities, so a line is a row. Of equal epochs the first counts: it was synced before any
    later one was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: list[str] = []
        self._lines: dict[str, dict[int, bytes]] = {}
        if os.path.lexists(path):
            self._read()

    def has(self, run_id: str, epochs: range) -> bool:
        """Whether a trial has rows for all these epochs."""
        found = self._lines.get(run_id, {})
        return all(epoch in found for epoch in epochs)

    def lines(self, run_id: str, epochs: range, number: int, columns: Sequence[str]) -> bytes:
        """The epochs of a trial as rows of a table with these columns, under another number."""
        kept = [self._lines[run_id][epoch] for epoch in epochs]
        if list(columns) == self.columns:
            prefix = f"{number},".encode()
            return b"".join(prefix + line.partition(b",")[2] for line in kept)
        rows = csv_text.parse(b"".join(kept))
        named = [dict(zip(self.columns, row, strict=True)) | {"trial": str(number)} for row in rows]
        return csv_text.encode("".join(",".join(row.get(column, "") for column in columns) + "\n" for row in named))

    def take(self, other: "EpochTable", own: Mapping[str, range], taken: Mapping[str, range]) -> None:
        """Keep the epochs `own` of trials that stand here, and add those `taken` from another table."""
        columns = list(dict.fromkeys((*self.columns, *other.columns)))
        lines = {}
        for table, wanted in ((self, own), (other, taken)):
            for run_id, epochs in wanted.items():
                if len(epochs) and table.has(run_id, epochs):
                    text = table.lines(run_id, epochs, 0, columns).splitlines(keepends=True)
                    lines[run_id] = dict(zip(epochs, text, strict=True))
        self._lines, self.columns = lines, columns

    def write(self, run_ids: Iterable[str]) -> None:
        """Write the rows of these trials, or remove the file where there are none."""
        body = b"".join(line for run_id in run_ids for line in self._lines.get(run_id, {}).values())
        if body:
            write_changed(self.path, csv_text.encode(csv_text.line(self.columns)) + body)
        else:
            remove(self.path)

    def _read(self) -> None:
        with io_errors("read", self.path), open(self.path, "rb") as file:
            self.columns = file.readline().decode("utf-8", "replace").rstrip("\n").split(",")
            try:
                if self.columns[:3] != ["trial", "run_id", "epoch"]:
                    raise ValueError("it is not the table of a sweep")
                columns = schema.table(self.path.name).columns(self.columns)
            except ValueError as error:
                raise damaged(self.path, str(error), ANEW) from error
            for number, line in enumerate(file, start=2):
                if b"\0" in line or not line.endswith(b"\n"):  # torn by a power cut or a crash
                    continue
                if not _EPOCH_ROW.fullmatch(line) or line.count(b",") != len(columns) - 1:
                    raise damaged(self.path, _fault(number, line, columns), ANEW)
                _, run_id, epoch, _ = line.split(b",", 3)
                self._lines.setdefault(run_id.decode(), {}).setdefault(int(epoch), line)


class SweepTables:
    """A sweep's tables in a folder as they were found: records by run_id, and the rows of their epochs."""

    def __init__(self, folder: Path) -> None:
        """Read what stands there; rows that a crash tore, or that lack their epochs, count as absent."""
        self.folder = folder
        self.records: dict[str, Record] = {}
        self.columns, rows = _rows(folder / TRIALS)
        self.metrics, self.diagnostics = EpochTable(folder / METRICS), EpochTable(folder / DIAGNOSTICS)
        self._changed = False
        for values in rows:
            run_id = values.pop("run_id")
            if self.metrics.has(run_id, trained(values)):
                self.records[run_id] = values

    def take(self, other: "SweepTables", planned: set[str]) -> None:
        """Take over what `other` has and nobody plans."""
        taken = [run_id for run_id in other.records if run_id not in planned and run_id not in self.records]
        if not taken:
            return
        for table, others, epochs_of in (
            (self.metrics, other.metrics, trained),
            (self.diagnostics, other.diagnostics, recorded),
        ):
            own = {run_id: epochs_of(record) for run_id, record in self.records.items()}
            table.take(others, own, {run_id: epochs_of(other.records[run_id]) for run_id in taken})
        self.records |= {run_id: other.records[run_id] for run_id in taken}
        self.columns = list(dict.fromkeys((*self.columns, *other.columns)))
        self._changed = True

    def give_up(self, planned: set[str]) -> None:
        """Drop what the main tables have now."""
        for run_id in self.records.keys() & planned:
            del self.records[run_id]
            self._changed = True

    def write(self) -> None:
        """Write all tables if they changed, or remove them when they are empty."""
        changed, self._changed = self._changed, False
        if changed and self.records:
            make_folder(self.folder)
            blank = dict.fromkeys(self.columns)
            rows = [{**blank, **record, "run_id": run_id} for run_id, record in self.records.items()]
            for table in (self.metrics, self.diagnostics):
                table.write(self.records)
            write_changed(self.folder / TRIALS, csv_text.encode(csv_text.table(self.columns, rows)))
        elif changed:
            for name in (TRIALS, METRICS, DIAGNOSTICS):
                remove(self.folder / name)
            if not os.listdir(self.folder):
                remove_folder(self.folder)


def _fault(number: int, line: bytes, columns: Sequence[schema.Column]) -> str:
    """The fault of a line that is not a row of epochs, in words."""
    cells = line.decode("utf-8", "replace").rstrip("\r\n").split(",")
    if len(cells) != len(columns):
        return f"line {number} has {len(cells)} cells, the header {len(columns)}"
    for column, cell in zip(columns, cells, strict=True):
        try:
            column.read(cell)
        except ValueError as error:
            return f"line {number}, column {column.name}: {cell[:60]!a}: {error}"
    return f"line {number} is not written as mlpcli writes it"


def trained(record: Record) -> range:
    """The epochs that a record has rows for in metrics.csv."""
    return range(1, _count(record) + 1)


def recorded(record: Record) -> range:
    """The epochs that it has rows for in diagnostics.csv: those, and the initial weights; none if it failed."""
    return range(0) if record["state"] == "failed" else range(_count(record) + 1)


def _rows(path: Path) -> tuple[list[str], list[Record]]:
    if not os.path.lexists(path):
        return [], []
    table = read_rows(path, ANEW)
    rows = [table.read(index) for index in range(len(table.cells))]
    for line, row in enumerate(rows, start=2):
        if missing := [name for name in MIDDLE_COLUMNS if row[name] is None and row["state"] != "failed"]:
            raise damaged(
                path, f"row {line}, column {missing[0]}: it is empty for a trial that is {row['state']}", ANEW
            )
    return table.header, rows


def _count(record: Record) -> int:
    """The epochs that a record counts, 0 for a trial that failed before its first."""
    found = record.get("epochs_run")
    return found if isinstance(found, int) else 0


def write_changed(path: Path, data: bytes) -> None:
    """Write a file unless it has this content already: to look at a finished sweep touches nothing."""
    with suppress(OSError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return
    write_atomic(path, data)
