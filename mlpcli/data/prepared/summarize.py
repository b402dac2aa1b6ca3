"""The data summary of a prepared table: one `ColumnSummary` per column, made of what was fitted and left out."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mlpcli.data.cache.table import DATES, Table
from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.prepared.columns import Fitted
from mlpcli.data.prepared.date_parts import date_in_words
from mlpcli.data.prepared.fitting.fit_columns import values_in_words
from mlpcli.data.prepared.fitting.fit_sparse import summarize_sparse
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.prepared.targets import Targets
from mlpcli.wording import listed

__all__ = [
    "summary_of_dropped",
    "summary_of_inputs",
    "summary_of_new_rows",
    "summary_of_targets",
    "with_notes",
]


def summary_of_inputs(fitted: Iterable[Fitted]) -> list[ColumnSummary]:
    """The columns that the network sees, and those of names that it does not."""
    return [
        ColumnSummary(
            column.name,
            "input" if column.features else "left out",
            column.kind,
            len(column.features),
            gaps,
            values,
            note,
        )
        for column, gaps, values, note in fitted
    ]


def summary_of_new_rows(table: Table, chosen: Sequence[int], preprocessing: Preprocessing) -> list[ColumnSummary]:
    """The columns of new rows for a trained model, with the inputs that they became in training."""
    rows = []
    for i, column in zip(chosen, preprocessing.columns, strict=True):
        cells = table.column(i)
        known = cells[~np.isnan(cells)]
        if column.kind == "text":
            values, note = f"{len(np.unique(known))} texts", ""
        elif column.kind in DATES:
            ends = [date_in_words(float(end(known)), column.kind) for end in (np.min, np.max) if len(known)]
            values, note = " to ".join(dict.fromkeys(ends)), "" if ends else "no values"
        else:
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
            values, note = values_in_words(low, high, empty=not len(known))
        inputs, gaps = len(column.features), len(cells) - len(known)
        rows.append(
            ColumnSummary(column.name, "input" if inputs else "left out", column.kind, inputs, gaps, values, note)
        )
    if table.sparse and preprocessing.sparse:
        rows.append(summarize_sparse(table.sparse, preprocessing.sparse))
    return rows


def summary_of_targets(table: Table, columns: Sequence[int], targets: Targets, unlabelled: int) -> list[ColumnSummary]:
    """The columns to predict; `unlabelled` rows were left out because they have no value."""
    kind = {"classification": "classes", "regression": "number", "multilabel": "label"}[targets.task]
    notes = [targets.choice, f"{unlabelled} rows without a value are left out" if unlabelled else ""]
    rows = []
    for at, i in enumerate(columns):
        if targets.classes:
            values = f"{len(targets.classes)}: {listed(targets.classes)}"
        elif targets.task == "multilabel":
            values = f"{targets.values[:, at].mean():.1%} are 1"
        else:
            own = targets.values[:, at]
            values = f"{own.min():g} to {own.max():g}"
        note = "; ".join(filter(None, notes))
        rows.append(ColumnSummary(table.columns[i].name, "target", kind, 0, 0, values, note))
    return rows


def summary_of_dropped(names: Iterable[str], why: str) -> list[ColumnSummary]:
    """Columns that the options keep from the network."""
    return [ColumnSummary(name, "left out", "", 0, 0, "", why) for name in names]


def with_notes(summary: Iterable[ColumnSummary], notes: Mapping[str, str]) -> list[ColumnSummary]:
    """The summary with further notes, by the names of their columns."""
    return [row._replace(note="; ".join(filter(None, (row.note, notes.get(row.name))))) for row in summary]
