"""The tables of a sweep that is running: they only grow until they are rewritten in trial and epoch order."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

from mlpcli.atomic import io_errors
from mlpcli.results.files import csv_text
from mlpcli.results.files.append import AppendTable
from mlpcli.results.folders.sweep_tables import (
    DIAGNOSTICS,
    METRICS,
    TRIALS,
    SweepTables,
    recorded,
    trained,
    write_changed,
)
from mlpcli.results.trial import Trial

__all__ = ["GrowingTables"]

Epochs = Mapping[int, Sequence[Mapping[str, Any]]]
"""Rows of a table of epochs by the number of their trial."""


class _GrowingTable:
    """One of the tables; the rows of a trial are found by its number.

    `adopted` are rows that an earlier run of the sweep recorded, until `rewrite` brings them into the file.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns = path, tuple(columns)
        self.adopted: dict[int, bytes] = {}
        self._header = csv_text.encode(csv_text.line(self.columns))
        self._starts, self._sizes = array("q"), array("q")  # places in the file, by number of the trial
        self._open: AppendTable | None = None

    def append(self, rows: Mapping[int, bytes]) -> None:
        """Add rows of trials; on disk when this returns."""
        assert self._open is not None
        start = self._open.offset
        self._open.write(b"".join(rows.values()))
        self._open.sync()
        self._place(rows, map(len, rows.values()), start)

    @property
    def end(self) -> int:
        """The number above those of all trials in the file."""
        return len(self._sizes)

    def has(self, number: int) -> bool:
        """Whether a trial has rows in the file."""
        return number < self.end and self._sizes[number] > 0

    def rows(self, number: int) -> bytes:
        """The rows of a trial."""
        with io_errors("read", self.path):
            return b"".join(self._read([number]))

    def rewrite(self, numbers: Collection[int]) -> None:
        """Write the file with the rows of these trials alone, in this order; then open it to grow."""
        self.close()
        sizes = self._write_in_order(numbers)
        self.adopted, self._starts, self._sizes = {}, array("q"), array("q")
        self._place(numbers, sizes, len(self._header))
        self._open = AppendTable(self.path, self.columns)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        table, self._open = self._open, None
        if table is not None:
            table.close()

    def _write_in_order(self, numbers: Iterable[int]) -> Iterable[int]:
        """Write the file with the rows of these trials alone, in this order; returns the bytes of each trial."""
        data = BytesIO()
        data.write(self._header)
        with io_errors("read", self.path):
            sizes = array("q", (data.write(lines) for lines in self._read(numbers)))
        write_changed(self.path, data.getvalue())
        return sizes

    def _read(self, numbers: Iterable[int]) -> Iterator[bytes]:
        """The rows of each of these trials."""
        with ExitStack() as opened:
            file = None
            for number in numbers:
                if number in self.adopted:
                    yield self.adopted[number]
                else:
                    file = file or opened.enter_context(open(self.path, "rb"))
                    file.seek(self._starts[number])
                    yield file.read(self._sizes[number])

    def _place(self, numbers: Collection[int], sizes: Iterable[int], start: int) -> None:
        """Note that the rows of these trials, of so many bytes each, follow one another in the file from `start`."""
        missing = max(numbers, default=-1) + 1 - len(self._starts)
        for places in (self._starts, self._sizes):
            places.extend([0] * missing)
        for number, size in zip(numbers, sizes, strict=True):
            self._starts[number], self._sizes[number] = start, size
            start += size


class GrowingTables:
    """trials.csv, metrics.csv and, if there are columns for it, diagnostics.csv in a sweep's folder."""

    def __init__(
        self, folder: Path, columns: Sequence[str], epochs: Sequence[str], diagnostics: Sequence[str] = ()
    ) -> None:
        """The tables in `folder`: `columns` are those of trials.csv, `epochs` and `diagnostics` those of the others.

        Nothing is opened before `rewrite`.
        """
        every = {METRICS: epochs, **({DIAGNOSTICS: diagnostics} if diagnostics else {})}
        self._epochs = {name: _GrowingTable(folder / name, ("trial", "run_id", *own)) for name, own in every.items()}
        self._trials = _GrowingTable(folder / TRIALS, columns)
        self.is_ordered = True

    @property
    def has_adopted(self) -> bool:
        """Whether rows wait for the next `rewrite`."""
        return bool(self._trials.adopted)

    def adopt(self, trial: Trial, tables: SweepTables) -> bool:
        """Take over a trial whose epochs stand in other tables; False if rows are missing there."""
        if DIAGNOSTICS in self._epochs and not tables.diagnostics.has(trial.run_id, recorded(trial)):
            return False
        for name, table in self._epochs.items():
            other, epochs = (tables.metrics, trained) if name == METRICS else (tables.diagnostics, recorded)
            table.adopted[trial.number] = other.lines(trial.run_id, epochs(trial), trial.number, table.columns)
        self._trials.adopted[trial.number] = self._row(trial)
        return True

    def append(self, trials: Sequence[Trial], epochs: Epochs, diagnostics: Epochs) -> None:
        """Add trials that have ended; on disk when this returns, the epochs before the trials.

        What has no column, such as a metric that only trials of a later batch monitor, is left out. Of trials that an
        earlier run of the sweep stopped and this one went on with, the old rows go first, so that no trial is there
        twice.
        """
        self._drop({trial.number for trial in trials})
        self.is_ordered = False
        rows = {METRICS: epochs, DIAGNOSTICS: diagnostics}
        for name, table in self._epochs.items():
            own = table.columns[2:]
            table.append({trial.number: _epoch_rows(trial, rows[name].get(trial.number, ()), own) for trial in trials})
        self._trials.append({trial.number: self._row(trial) for trial in trials})

    def forget(self, number: int) -> None:
        """Drop the rows of a trial from the next `rewrite`, or when it is added once more."""
        for table in self._every:
            table.adopted.pop(number, None)
        self.is_ordered = False

    def epochs(self, number: int) -> list[dict[str, int | float | None]]:
        """The rows of metrics.csv of a recorded trial, without trial and run_id."""
        table = self._epochs[METRICS]
        rows = csv_text.parse(table.rows(number))
        columns = table.columns[2:]
        return [{column: csv_text.number(cell) for column, cell in zip(columns, row[2:], strict=True)} for row in rows]

    def rewrite(self, trials: Iterable[int]) -> None:
        """Write all tables with the trials of these numbers in order, trials.csv last; then open them to grow."""
        self.close()
        numbers = sorted(trials)
        for table in self._every:
            table.rewrite(numbers)
        self.is_ordered = True

    def close(self) -> None:
        """Close the files; safe to call twice."""
        with ExitStack() as every:
            for table in self._every:
                every.callback(table.close)

    def _drop(self, numbers: Set[int]) -> None:
        """Remove the rows of these trials from the files, of trials.csv first: a trial there always has its epochs."""
        if any(map(self._trials.has, numbers)):
            rest = [number for number in range(self._trials.end) if self._trials.has(number) and number not in numbers]
            for table in reversed(self._every):
                table.rewrite(rest)

    def _row(self, trial: Trial) -> bytes:
        """The row of trials.csv of a trial."""
        return csv_text.encode(csv_text.line(map(trial.row.get, self._trials.columns)))

    @property
    def _every(self) -> Sequence[_GrowingTable]:
        """All tables, trials.csv last: a trial that stands there is recorded."""
        return (*self._epochs.values(), self._trials)


def _epoch_rows(trial: Trial, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """Rows of a table of epochs, which has these columns after trial and run_id."""
    lines = (csv_text.line((trial.number, trial.run_id, *map(row.get, columns))) for row in rows)
    return csv_text.encode("".join(lines))
