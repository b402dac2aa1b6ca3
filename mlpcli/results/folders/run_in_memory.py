r"""The place of a run whose results are not written to disk; takes the place of `RunFolder`.

>>> run = RunInMemory(["epoch", "val_loss"])
>>> run.append([{"epoch": 1, "val_loss": 0.5}])
>>> run.table("metrics.csv")
'epoch,val_loss\n1,0.5\n'
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from mlpcli import json_text
from mlpcli.results.files import csv_text
from mlpcli.results.files.tensor_file import Arrays
from mlpcli.results.folders.promotion import DIAGNOSTICS, METRICS

__all__ = ["RunInMemory"]


class RunInMemory:
    """Keeps the tables of a run; there is no checkpoint, since nothing outlives the process.

    `result` is what result.json would hold. Without columns of `diagnostics` there is no such table.
    """

    path = None
    state = "fresh"
    warning = None

    def __init__(self, columns: Sequence[str], diagnostics: Sequence[str] = ()) -> None:
        self.result: dict[str, Any] | None = None
        self._columns = {METRICS: columns, **({DIAGNOSTICS: diagnostics} if diagnostics else {})}
        self._rows: dict[str, list[Mapping[str, object]]] = {name: [] for name in self._columns}

    def append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add epochs."""
        self._rows[METRICS].extend(rows)

    def append_diagnostics(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows of diagnostics."""
        self._rows[DIAGNOSTICS].extend(rows)

    def table(self, name: str) -> str | None:
        """The content of metrics.csv or diagnostics.csv, None where there is no such table."""
        return csv_text.table(self._columns[name], self._rows[name]) if name in self._columns else None

    def load_checkpoint(self) -> tuple[Arrays, dict[str, Any]] | None:
        """None: there is no checkpoint."""
        return None

    def save_checkpoint(self, arrays: Mapping[str, npt.NDArray[Any]], progress: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def finish(
        self,
        model: bytes | None,
        result: Mapping[str, Any],
        provenance: Mapping[str, Any],
        columns: bytes,
        weights: bytes | None,
    ) -> None:
        """Keep the result as result.json would give it back."""
        self.result = json_text.parse(json_text.pretty(result).encode())
