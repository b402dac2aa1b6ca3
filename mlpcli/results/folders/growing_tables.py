"""The tables of a sweep that is running: they only grow until they are rewritten in trial and epoch order."""

from collections.abc import Collection, Mapping, Sequence
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


class GrowingTables:
    """trials.csv, metrics.csv and, if there are columns for it, diagnostics.csv in a sweep's folder.

    The rows of a trial's epochs are found by its number: `_spans` has their place in each table, and `_adopted` the
    rows that an earlier run of the sweep recorded, until `rewrite` brings them into the tables.
    """

    def __init__(
        self, folder: Path, columns: Sequence[str], epochs: Sequence[str], diagnostics: Sequence[str] = ()
    ) -> None:
        """The tables in `folder`: `columns` are those of trials.csv, `epochs` and `diagnostics` those of the others.

        Nothing is opened before `rewrite`.
        """
        self._folder = folder
        self._columns = columns
        self._epoch_columns = {METRICS: ("trial", "run_id", *epochs)}
        if diagnostics:
            self._epoch_columns[DIAGNOSTICS] = ("trial", "run_id", *diagnostics)
        self._open: dict[str, AppendTable] = {}
        self._spans: dict[tuple[str, int], tuple[int, int]] = {}
        self._adopted: dict[tuple[str, int], bytes] = {}
        self.is_ordered = True

    @property
    def has_adopted(self) -> bool:
        """Whether rows wait for the next `rewrite`."""
        return bool(self._adopted)

    def adopt(self, trial: Trial, number: int, tables: SweepTables) -> bool:
        """Take a trial's rows over from other tables, under this number; False if rows are missing there."""
        if DIAGNOSTICS in self._epoch_columns and not tables.diagnostics.has(trial.run_id, recorded(trial)):
            return False
        for name, columns in self._epoch_columns.items():
            table, epochs = (tables.metrics, trained) if name == METRICS else (tables.diagnostics, recorded)
            self._adopted[name, number] = table.lines(trial.run_id, epochs(trial), number, columns)
        return True

    def append(self, trials: Sequence[Trial], epochs: Epochs, diagnostics: Epochs) -> None:
        """Add trials that have ended; on disk when this returns, the epochs before the trials.

        What has no column, such as a metric that only trials of a later batch monitor, is left out.
        """
        rows = {METRICS: epochs, DIAGNOSTICS: diagnostics}
        spans, self.is_ordered = {}, False
        for name, columns in self._epoch_columns.items():
            table = self._open[name]
            for trial in trials:
                identity = {"trial": trial.number, "run_id": trial.run_id}
                start = table.offset
                table.append(
                    {column: row.get(column) for column in columns} | identity
                    for row in rows[name].get(trial.number, ())
                )
                spans[name, trial.number] = (start, table.offset - start)
            table.sync()
        self._open[TRIALS].append(map(self._row, trials))
        self._open[TRIALS].sync()
        self._spans.update(spans)

    def forget(self, number: int) -> None:
        """Drop the rows of a trial from the next `rewrite`."""
        for name in self._epoch_columns:
            self._spans.pop((name, number), None)
            self._adopted.pop((name, number), None)
        self.is_ordered = False

    def epochs(self, number: int) -> list[dict[str, int | float | None]]:
        """The rows of metrics.csv of a recorded trial, without trial and run_id."""
        rows = csv_text.parse(self._lines(METRICS, number))
        columns = self._epoch_columns[METRICS][2:]
        return [{column: csv_text.number(cell) for column, cell in zip(columns, row[2:], strict=True)} for row in rows]

    def rewrite(self, trials: Collection[Trial]) -> None:
        """Write all tables with these trials in order, trials.csv last; then open them to grow."""
        self.close()
        ordered = sorted(trials, key=lambda trial: trial.number)
        numbers = [trial.number for trial in ordered]
        lines = {(name, number): self._lines(name, number) for name in self._epoch_columns for number in numbers}
        self.is_ordered = True
        self._spans, self._adopted = {}, {}
        for name, columns in self._epoch_columns.items():
            header = csv_text.encode(csv_text.line(columns))
            offset = len(header)
            for number in numbers:
                self._spans[name, number] = (offset, len(lines[name, number]))
                offset += len(lines[name, number])
            write_changed(self._folder / name, b"".join((header, *(lines[name, number] for number in numbers))))
        write_changed(self._folder / TRIALS, csv_text.encode(csv_text.table(self._columns, map(self._row, ordered))))
        every = {TRIALS: self._columns, **self._epoch_columns}
        self._open = {name: AppendTable(self._folder / name, columns) for name, columns in every.items()}

    def close(self) -> None:
        """Close the files; safe to call twice."""
        try:
            for table in self._open.values():
                table.close()
        finally:
            self._open = {}

    def _lines(self, name: str, number: int) -> bytes:
        if (name, number) in self._adopted:
            return self._adopted[name, number]
        offset, size = self._spans[name, number]
        with io_errors("read", self._folder / name), open(self._folder / name, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def _row(self, trial: Trial) -> dict[str, Any]:
        return dict.fromkeys(self._columns) | {k: v for k, v in trial.row.items() if k in self._columns}
