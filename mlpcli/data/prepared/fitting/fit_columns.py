"""What is fitted on the columns of a table: on the training rows alone, read in blocks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import DATES, Kind, Table
from mlpcli.data.prepared.columns import Column, Fitted
from mlpcli.data.prepared.fitting.fit_dates import fit_date
from mlpcli.data.prepared.fitting.fit_numbers import fit_numbers, ranges_of
from mlpcli.data.prepared.marks import marks_in_words
from mlpcli.data.readers.text.cells import in_order
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["fit_columns", "values_in_words"]

Rows = NDArray[np.int64]
FEW_TEXTS = 20  # a column of at most this many different texts is never taken for one of names
MOST_CATEGORIES = 2_000


def fit_columns(
    table: Table,
    chosen: Sequence[int],
    rows: Rows,
    scale: str,
    min_frequency: int = 1,
    *,
    marks_can_be_named: bool = False,
) -> tuple[Fitted, ...]:
    """Fit columns of a table; booleans are not scaled, since 0 and 1 are a scale already.

    Args:
        table: the cells.
        chosen: indices of the columns to fit, in the order of the result.
        rows: row numbers of the training rows.
        scale: how numbers are scaled, a value of the option other than auto.
        min_frequency: training rows that a category needs; rarer ones are joined, and unknown ones join them.
        marks_can_be_named: whether the table's format takes the option `missing`.

    Raises:
        DataError: numbers too large to scale, or too many different texts.
    """
    fitted: dict[int, Fitted] = {}
    kinds: tuple[tuple[Kind, str], ...] = (("number", scale), ("boolean", "none"))
    for kind, how in kinds:
        members = _of_kind(table, chosen, kind)
        if not members:
            continue
        missing, low, high = ranges_of(table, members, rows)
        fill, center, spread = fit_numbers(table, members, rows, how, missing, low, high)
        marks = {}
        if kind == "number":
            marks = marks_in_words(table, members, rows, low, high, can_be_named=marks_can_be_named)
        for at, i in enumerate(members):
            column = Column(
                table.columns[i].name,
                kind,
                center=float(center[at]) + 0.0,  # -0.0 and 0.0 are one value, so they must be one text
                scale=float(spread[at]),
                fill=float(fill[at]) + 0.0,
                indicator=bool(0 < missing[at] < len(rows)),
                clip=how == "robust-clip",
            )
            values, note = values_in_words(low[at], high[at], empty=missing[at] == len(rows))
            fitted[i] = Fitted(column, int(missing[at]), values, marks.get(at, note))
    for i in [i for i in chosen if table.columns[i].kind in DATES]:
        fitted[i] = fit_date(table, i, rows, scale)
    for i in _of_kind(table, chosen, "text"):
        fitted[i] = _fit_texts(table, i, rows, min_frequency)
    return tuple(fitted[i] for i in chosen)


def values_in_words(low: float, high: float, *, empty: bool) -> tuple[str, str]:
    """The range of a column's numbers in words, and what is unusual about it."""
    if empty:
        return "", "no values"
    return (f"{low:g} to {high:g}", "") if low != high else (f"{low:g}", "constant")


def _of_kind(table: Table, chosen: Sequence[int], kind: Kind) -> list[int]:
    return [i for i in chosen if table.columns[i].kind == kind]


def _fit_texts(table: Table, column: int, rows: Rows, min_frequency: int) -> Fitted:
    """The texts that occur in `rows`, in order; none for a column of names.

    If more than half of the rows hold a text that occurs once, the column names its rows (names, ticket numbers,
    remarks) and cannot help with others.
    """
    name, vocabulary = table.columns[column].name, table.columns[column].vocabulary
    counts = np.zeros(len(vocabulary), dtype=np.int64)
    for block in table.blocks([column], rows):
        counts += np.bincount(block[block >= 0].astype(np.int64), minlength=len(vocabulary))
    different, filled, once = int((counts > 0).sum()), int(counts.sum()), int((counts == 1).sum())
    gaps, values = len(rows) - filled, f"{different} texts"
    if different > FEW_TEXTS and 2 * once > filled:
        note = f"{once} of {filled} texts occur once, as names do"
        return Fitted(Column(name, "text"), gaps, values, note)
    kept = [i for i in in_order(vocabulary) if counts[i] >= min_frequency]
    if len(kept) > MOST_CATEGORIES:
        raise DataError(
            f"column {quote(name)}: {len(kept)} different texts, more than {MOST_CATEGORIES}. Nothing was written. "
            "Leave the column out with --drop, or join its rare texts with --min-frequency"
        )
    categories, rare = tuple(vocabulary[i] for i in kept), different - len(kept)
    values = f"{different}: {', '.join(categories[:FEW_TEXTS])}" if different else ""
    note = f"{rare} rare texts joined" if rare else "" if different else "no values"
    return Fitted(Column(name, "text", categories=categories, rare=rare > 0), gaps, values, note)
