"""The columns of a file that are read: chosen by their names before the first row, finished after the last."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Kind, Table, TableColumn
from mlpcli.data.readers.column_reader import Changed, ColumnReader
from mlpcli.data.readers.file_format import Wanted
from mlpcli.data.readers.text.cells import Spelling
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import listed, nearest, quote

__all__ = ["finished", "rejoined", "table_of", "wanted_columns"]

MOST_COLUMNS = 20_000


def rejoined(chosen: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Names that an option took apart at a comma inside them, put together again where the table has such a column.

    Parts that are all columns themselves stay apart.

    >>> rejoined(("EUR", "Price", "x"), ["Price, EUR", "x"]), rejoined(("a", "b"), ["a", "b", "a, b"])
    (('Price, EUR', 'x'), ('a', 'b'))
    """
    names, columns = list(chosen), dict.fromkeys(known)
    for name in columns:
        parts = [part.strip() for part in name.split(",")]
        if len(parts) > 1 and set(parts) <= set(names) and not columns.keys() >= set(parts):
            names[names.index(parts[0])] = name
            names = [other for other in names if other not in parts]
    return tuple(names)


def wanted_columns(names: Sequence[str], wanted: Wanted, where: str, *, typed: bool = False) -> list[ColumnReader]:
    """A reader for every wanted column, in the file's order.

    Args:
        names: all columns of the file.
        wanted: what is asked of the file.
        where: the file, and the line of its names, for messages.
        typed: whether the source says which columns are texts, so that none of them can be misread numbers.

    Raises:
        DataError: names that occur twice, or that a trained model needs and are missing.
        UsageError: no target, or a target or a column to drop that the file does not have.
    """
    if len(names) > MOST_COLUMNS:
        raise DataError(f"{where}: {len(names)} columns, more than {MOST_COLUMNS}")
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        nameless = "" if typed else ", or use --no-header if the file has no line of names"
        raise DataError(f"{where}: two columns are named {quote(twice)}. Rename one of them{nameless}")
    if wanted.kinds is not None:
        return _of_model(names, wanted, wanted.kinds, where)
    return _of_options(names, wanted, where, typed)


def _of_model(names: Sequence[str], wanted: Wanted, kinds: Mapping[str, Kind], where: str) -> list[ColumnReader]:
    """The columns that a trained model reads; its targets and weights may be missing."""
    targets, spelling = rejoined(wanted.targets, names), Spelling.of(wanted.options)
    if missing := [name for name in kinds if name not in {*names, *targets, wanted.options.weights}]:
        near = nearest(missing[0], names)
        raise DataError(f"{where}: the model needs the column {quote(missing[0])}, which is missing{near}")
    return [
        ColumnReader(
            name, place, name in targets, kinds[name], fixed=True, needed=True, gaps_allowed=True, spelling=spelling
        )
        for place, name in enumerate(names)
        if name in kinds
    ]


def _of_options(names: Sequence[str], wanted: Wanted, where: str, typed: bool) -> list[ColumnReader]:
    """The columns that the options ask for, to train on: all but those that they leave out."""
    options, spelling = wanted.options, Spelling.of(wanted.options)
    targets, dropped, categories = (
        rejoined(chosen, names) for chosen in (wanted.targets, wanted.dropped, options.categories or ())
    )
    groups, weights = (() if name is None else (name,) for name in (options.groups, options.weights))
    if not targets:
        raise UsageError(f"{where}: which column is to be predicted? Name it with --target (columns: {listed(names)})")
    asked = {"target": targets, "drop": dropped, "categories": categories, "groups": groups, "weights": weights}
    for option, chosen in asked.items():
        for name in chosen:
            if name not in names:
                raise UsageError(
                    f"{option}: {where} has no column {quote(name)} (columns: {listed(names)}){nearest(name, names)}"
                )
    classes = options.task in ("classification", "multilabel")
    return [
        ColumnReader(
            name,
            place,
            name in targets,
            kind="text" if name in categories else None,
            fixed=name in categories,
            gaps_allowed=options.drop_unlabelled,
            as_texts=typed or name in groups or (name in targets and classes),
            spelling=spelling,
        )
        for place, name in enumerate(names)
        if name not in dropped
    ]


def finished(columns: Iterable[ColumnReader]) -> list[TableColumn]:
    """The columns as the table keeps them; errors as `ColumnReader.finish`."""
    made, changed = [], False
    for column in columns:
        try:
            made.append(column.finish())
        except Changed:
            changed = True  # others may change too, and one more reading serves all of them
    if changed:
        raise Changed
    return made


def table_of(cells: NDArray[np.float64], columns: Sequence[ColumnReader]) -> Table:
    """The table of these cells; its texts are those that the columns have seen."""
    return Table(cells, tuple(column.finish() for column in columns), (), None, None, "")
