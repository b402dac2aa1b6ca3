"""The rows of a table by their part: those that its source sets apart, those of a fold, and those that are drawn."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Table
from mlpcli.data.prepared.column_roles import ColumnRoles
from mlpcli.data.prepared.rows.folds import check_classes, deal, leave_out
from mlpcli.data.prepared.rows.splits import Split, split_rows
from mlpcli.data.prepared.targets import Targets
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import quote

__all__ = ["split_table"]


def split_table(
    table: Table,
    roles: ColumnRoles,
    options: DataOptions,
    usable: NDArray[np.int64],
    targets: Targets,
    *,
    validation_rows: int | None,
    test_rows: int | None,
    validates_elsewhere: bool,
) -> Split:
    """The places among the `usable` rows that train, validate and test.

    The networks of an ensemble validate on folds of the training rows, unless other rows are there for it.

    Args:
        table: the cells.
        roles: its columns by what they are for.
        options: what is asked of it.
        usable: numbers of the rows that are used.
        targets: their targets.
        validation_rows: rows before the test rows that the source sets apart; None leaves that to the options.
        test_rows: last rows that the source sets apart; None leaves that to the options.
        validates_elsewhere: whether the validation rows are a table of their own.

    Raises:
        DataError: too few rows, or a row without a group.
        UsageError: the options do not suit the target, or ask for other validation rows than the source's own.
    """
    groups = _groups(table, roles.groups[0], usable) if roles.groups else None
    codes = targets.values if targets.classes else None
    n_test, n_val = _rows_set_apart(usable, len(table.cells), test_rows, validation_rows)
    split = split_rows(
        len(usable),
        codes,
        targets.classes,
        test_size=options.test_size,
        val_size=0 if options.folds or validates_elsewhere or options.ensemble > 1 else options.val_size,
        split_seed=int(options.split_seed),
        test_rows=n_test,
        validation_rows=n_val,
        method=options.split,
        groups=groups,
    )
    if n_val and (options.folds or validates_elsewhere):
        name = "folds" if options.folds else "val_dataset"
        raise UsageError(f"{name}: the dataset has validation rows of its own. Leave {name} out")
    option = "folds" if options.folds else "ensemble"
    folds = options.folds or options.ensemble
    if folds == 1 or n_val or validates_elsewhere:
        return split
    places = deal(
        split,
        folds,
        option=option,
        codes=codes,
        groups=groups,
        method=options.split,
        split_seed=int(options.split_seed),
    )
    if options.folds:
        return leave_out(split, places, options.fold, codes)
    if codes is not None:
        for fold in range(folds):
            check_classes(codes[split.train], places, fold, fewest=2)
    return replace(split, folds=places)


def _groups(table: Table, column: int, usable: NDArray[np.int64]) -> NDArray[Any]:
    groups = table.column(column)[usable]
    for at in np.flatnonzero(np.isnan(groups))[:1]:
        name = quote(table.columns[column].name)
        raise DataError(f"groups: row {usable[at]} has no value in column {name}. Nothing was written. Fill the cell")
    return groups


def _rows_set_apart(
    usable: NDArray[np.int64], rows: int, test_rows: int | None, validation_rows: int | None
) -> tuple[int | None, int | None]:
    """How many of the usable rows are among the last `test_rows`, and among the `validation_rows` before them."""
    first_test = rows - (test_rows or 0)
    first_val = first_test - (validation_rows or 0)
    n_test = int((usable >= first_test).sum())
    n_val = int((usable >= first_val).sum()) - n_test
    return None if test_rows is None else n_test, None if validation_rows is None else n_val
