"""The tables of a sweep as they were found in a folder, by run_id; rows that a crash tore count as absent."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlpcli.atomic import io_errors, make_folder, remove, remove_folder, write_atomic
from mlpcli.config.identity import HEX, RUN_ID_DIGITS
from mlpcli.results.files import csv_text
from mlpcli.results.files.read_file import damaged, read_columns
from mlpcli.results.schema import csv_schema
from mlpcli.results.schema.csv_column import Column
from mlpcli.results.trial import OUTCOME_COLUMNS, Trial
from mlpcli.wording import quote

__all__ = [
    "DIAGNOSTICS",
    "METRICS",
    "RESTART",
    "TRIALS",
    "EpochTable",
    "SweepTables",
    "recorded",
    "trained",
    "write_changed",
]

TRIALS, METRICS, DIAGNOSTICS = "trials.csv", "metrics.csv", "diagnostics.csv"

RESTART = "Start over with mlpcli sweep and --restart, or choose another --name"
"""The remedy for a sweep's folder that cannot be used, which `mlpcli train --seeds`, without --restart, meets too."""

_PIECE = 1 << 20

_EPOCH_ROW = re.compile(
    rb"\d{1,18},[%b]{%d},\d{1,18}(,([+-]?(\d[\d.e+-]{0,40}|inf)|nan)?)*\n" % (HEX.encode(), RUN_ID_DIGITS)
)


class EpochTable:
    """A table of epochs in a file: its lines by run_id and epoch.

    Its cells are numbers and identities, so each line is a row. If an epoch of a trial is there twice, the first row
    counts: it was synced before any later one was written.
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
        """Keep the epochs `own` of the trials in this table, and add the epochs `taken` from another one."""
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
                columns = csv_schema.table(self.path.name).columns(self.columns)
            except ValueError as error:
                raise damaged(self.path, str(error), RESTART) from error
            for number, line in enumerate(file, start=2):
                if b"\0" in line or not line.endswith(b"\n"):  # torn by a power cut or a crash
                    continue
                if not _EPOCH_ROW.fullmatch(line) or line.count(b",") != len(columns) - 1:
                    raise damaged(self.path, _fault(number, line, columns), RESTART)
                _, run_id, epoch, _ = line.split(b",", 3)
                self._lines.setdefault(run_id.decode(), {}).setdefault(int(epoch), line)


class SweepTables:
    """The trials of a folder by run_id, and the rows of their epochs."""

    def __init__(self, folder: Path) -> None:
        """Read the tables there; trials that lack rows of their epochs count as absent."""
        self.folder = folder
        self.trials: dict[str, Trial] = {}
        self.columns, trials = _trials(folder / TRIALS)
        self.metrics, self.diagnostics = EpochTable(folder / METRICS), EpochTable(folder / DIAGNOSTICS)
        self._changed = False
        for trial in trials:
            if self.metrics.has(trial.run_id, trained(trial)):
                self.trials[trial.run_id] = trial

    def take(self, other: "SweepTables", planned: set[str]) -> None:
        """Take over the trials of `other` that are not planned."""
        taken = [run_id for run_id in other.trials if run_id not in planned and run_id not in self.trials]
        if not taken:
            return
        for table, others, epochs_of in (
            (self.metrics, other.metrics, trained),
            (self.diagnostics, other.diagnostics, recorded),
        ):
            own = {run_id: epochs_of(trial) for run_id, trial in self.trials.items()}
            table.take(others, own, {run_id: epochs_of(other.trials[run_id]) for run_id in taken})
        self.trials |= {run_id: other.trials[run_id] for run_id in taken}
        self.columns = list(dict.fromkeys((*self.columns, *other.columns)))
        self._changed = True

    def give_up(self, planned: set[str]) -> None:
        """Drop the trials that the main tables have now."""
        for run_id in self.trials.keys() & planned:
            del self.trials[run_id]
            self._changed = True

    def write(self) -> None:
        """Write all tables if they changed, or remove them when they are empty."""
        changed, self._changed = self._changed, False
        if changed and self.trials:
            make_folder(self.folder)
            blank = dict.fromkeys(self.columns)
            rows = [blank | trial.row for trial in self.trials.values()]
            for table in (self.metrics, self.diagnostics):
                table.write(self.trials)
            write_changed(self.folder / TRIALS, csv_text.encode(csv_text.table(self.columns, rows)))
        elif changed:
            for name in (TRIALS, METRICS, DIAGNOSTICS):
                remove(self.folder / name)
            if not os.listdir(self.folder):
                remove_folder(self.folder)


def trained(trial: Trial) -> range:
    """The epochs that a trial has rows for in metrics.csv."""
    return range(1, (trial.epochs_run or 0) + 1)


def recorded(trial: Trial) -> range:
    """The epochs that a trial has rows for in diagnostics.csv, from the initial weights on; none if it failed."""
    return range(0) if trial.state == "failed" else range((trial.epochs_run or 0) + 1)


def write_changed(path: Path, data: bytes) -> bool:
    """Write a file unless it has this content already: looking at a finished sweep changes no file.

    Returns whether it was written.
    """
    with suppress(OSError):
        if path.stat().st_size == len(data) and _holds(path, data):
            return False
    write_atomic(path, data)
    return True


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file has this content, read in pieces: a large table fits into memory once, not twice."""
    with open(path, "rb") as file:
        return all(file.read(_PIECE) == data[start : start + _PIECE] for start in range(0, len(data), _PIECE))


def _trials(path: Path) -> tuple[list[str], list[Trial]]:
    if not os.path.lexists(path):
        return [], []
    columns, values = read_columns(path, RESTART)
    header, varied = list(values), [column.name for column in columns if column.kind == "option"]
    rows = zip(*values.values(), strict=True)
    trials = [Trial.of_row(dict(zip(header, row, strict=True)), varied) for row in rows]
    for row, trial in enumerate(trials, start=2):
        missing = [name for name in OUTCOME_COLUMNS if getattr(trial, name) is None and trial.state != "failed"]
        if missing:
            reason = f"row {row}, column {missing[0]}: it is empty for a trial that is {trial.state}"
            raise damaged(path, reason, RESTART)
    return header, trials


def _fault(number: int, line: bytes, columns: Sequence[Column]) -> str:
    """The fault of a line that is not a row of epochs, in words."""
    cells = line.decode("utf-8", "replace").rstrip("\r\n").split(",")
    if len(cells) != len(columns):
        return f"line {number} has {len(cells)} cells, the header {len(columns)}"
    for column, cell in zip(columns, cells, strict=True):
        try:
            column.read(cell)
        except ValueError as error:
            return f"line {number}, column {column.name}: {quote(cell[:60])}: {error}"
    return f"line {number} is not written as mlpcli writes it"
