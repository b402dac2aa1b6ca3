"""The parts of columns of dates that vary in the training rows, each fitted as a number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table, TableColumn
from mlpcli.data.prepared.columns import Column, Fitted
from mlpcli.data.prepared.date_parts import PARTS, DatePart, date_in_words, part_of
from mlpcli.data.prepared.fitting.fit_numbers import fit_numbers, ranges_of

__all__ = ["fit_date"]


@dataclass(frozen=True)
class DateParts(Table):
    """The parts of columns of dates, each as a column of numbers: `places` are column, part and origin of each."""

    places: tuple[tuple[int, str, float], ...] = ()

    def blocks(self, chosen: Sequence[int], rows: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
        """The parts `chosen` at `rows`, in blocks of shape (block, parts)."""
        taken = [self.places[i] for i in chosen]
        for block in super().blocks([column for column, _, _ in taken], rows):
            yield np.stack([part_of(block[:, at], part, origin) for at, (_, part, origin) in enumerate(taken)], axis=1)


def fit_date(table: Table, column: int, rows: NDArray[np.int64], scale: str) -> Fitted:
    """The parts of a date that vary in `rows`, each fitted as a number; `unit`, which joins columns, is minmax here."""
    name, kind = table.columns[column].name, table.columns[column].kind
    (missing,), (low,), (high,) = ranges_of(table, [column], rows)
    if missing == len(rows):
        return Fitted(Column(name, kind), int(missing), "", "no values")
    possible = ("hour",) if kind == "time" else PARTS
    parts = DateParts(
        **vars(table) | {"columns": tuple(TableColumn(f"{name} {part}") for part in possible)},
        places=tuple((column, part, float(low)) for part in possible),
    )
    gaps, lows, highs = ranges_of(parts, range(len(possible)), rows)
    varying = np.flatnonzero(lows != highs).tolist()
    how = "minmax" if scale == "unit" else scale
    fill, center, spread = fit_numbers(parts, varying, rows, how, gaps[varying], lows[varying], highs[varying])
    made = Column(
        name,
        kind,
        indicator=bool(missing and varying),
        clip=how == "robust-clip",
        origin=float(low) + 0.0,
        parts=tuple(
            DatePart(possible[i], float(center[at]) + 0.0, float(spread[at]), float(fill[at]) + 0.0)
            for at, i in enumerate(varying)
        ),
    )
    first, last = (date_in_words(seconds, kind) for seconds in (low, high))
    if not varying:
        return Fitted(made, int(missing), first, "constant")
    same = [part for i, part in enumerate(possible) if i not in varying]
    words = [f"seconds since {first}" if possible[i] == "seconds" else possible[i] for i in varying]
    note = f"read as {', '.join(words)}" + (f"; constant: {', '.join(same)}" if same else "")
    return Fitted(made, int(missing), f"{first} to {last}", note)
