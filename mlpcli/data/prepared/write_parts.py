"""Write the parts of a prepared dataset: split a table, fit on the training rows, write block by block."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.entries import Entry, EntryWriter, digest_of
from mlpcli.data.cache.table import Table
from mlpcli.data.names.locate import takes
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.fitting.fit_columns import fit_columns
from mlpcli.data.prepared.fitting.fit_sparse import fit_sparse
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.prepared.rows.folds import leave_out
from mlpcli.data.prepared.rows.row_weights import read_weights, relative_weights
from mlpcli.data.prepared.rows.splits import split_rows
from mlpcli.data.prepared.rows.validation import ValidationRows, ValidationTable, read_validation
from mlpcli.data.prepared.summarize import summary_of_dropped, summary_of_inputs, summary_of_targets, with_notes
from mlpcli.data.prepared.targets import find_columns, fit_targets, labelled_rows, read_targets
from mlpcli.data.prepared.write_sparse import too_large, write_sparse
from mlpcli.data.readers.wanted_columns import rejoined
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import quote

__all__ = ["build_entry", "raw_rows", "write_part"]


def build_entry(
    new: EntryWriter,
    table: Table,
    options: DataOptions,
    *,
    validation_rows: int | None,
    test_rows: int | None,
    validation: ValidationTable | None = None,
) -> Entry:
    """Split, fit and write every part; memory holds one block of rows and the targets.

    Args:
        new: the entry to write into, which is committed.
        table: what the dataset holds.
        options: what is asked of it, as its source resolved them.
        validation_rows: rows before the test rows that the dataset sets apart; None leaves that to the table.
        test_rows: last rows that the dataset sets apart; None leaves that to the table.
        validation: table of the validation rows, if there is one.
    """
    at_targets = find_columns(table, options.target or table.targets, "target")
    dropped = rejoined(options.drop or (), table.dropped)
    left_out = find_columns(table, [name for name in dropped if name not in table.dropped], "drop")
    at_groups = find_columns(table, [options.groups] if options.groups else [], "groups")
    at_weights = find_columns(table, [options.weights] if options.weights else [], "weights")
    no_inputs = {*at_targets, *left_out, *at_groups, *at_weights}
    chosen = [] if table.sparse else [i for i in range(len(table.columns)) if i not in no_inputs]
    if not chosen and not table.sparse:
        raise DataError("the table has no column besides its target. Nothing was written")
    usable = labelled_rows(table, at_targets) if options.drop_unlabelled else np.arange(len(table.cells))
    targets = read_targets(table, at_targets, options.task, rows=usable)
    apart = [table.test_rows if test_rows is None else test_rows]
    apart += [table.validation_rows if validation_rows is None else validation_rows]
    n_test, n_val = _rows_set_apart(usable, len(table.cells), *apart)
    split = split_rows(
        len(usable),
        targets.values if targets.classes else None,
        targets.classes,
        test_size=options.test_size,
        val_size=0 if options.folds or validation else options.val_size,
        split_seed=int(options.split_seed),
        test_rows=n_test,
        validation_rows=n_val,
        method=options.split,
        groups=_groups(table, at_groups[0], usable) if at_groups else None,
    )
    if n_val and (options.folds or validation):
        name = "folds" if options.folds else "val_dataset"
        raise UsageError(f"{name}: the dataset has validation rows of its own. Leave {name} out")
    if options.folds:
        split = leave_out(
            split,
            options.folds,
            options.fold,
            codes=targets.values if targets.classes else None,
            groups=_groups(table, at_groups[0], usable) if at_groups else None,
            method=options.split,
            split_seed=int(options.split_seed),
        )
    parts = {"train": split.train, "val": split.val, "test": split.test}
    own_weights = read_weights(table, at_weights[0], usable) if at_weights else None
    weights = None if own_weights is None else relative_weights(own_weights, parts)
    mean, spread = (
        fit_targets(targets.values[split.train], None if weights is None else weights[split.train])
        if targets.task == "regression"
        else ((), ())
    )
    fitted = fit_columns(
        table,
        chosen,
        usable[split.train],
        options.scale,
        options.min_frequency,
        marks_can_be_named=takes("missing", options.dataset),
    )
    sparse = fit_sparse(table.sparse, usable[split.train], options.scale) if table.sparse else None
    preprocessing = Preprocessing(
        columns=tuple(column.column for column in fitted),
        targets=tuple(table.columns[i].name for i in at_targets),
        classes=targets.classes,
        target_mean=mean,
        target_scale=spread,
        dtype=options.dtype,
        sparse=sparse.columns if sparse else None,
    )
    for name, rows in parts.items():
        if len(rows):
            if weights is not None:
                new.array(f"{name}_weights", np.float64).append(weights[rows])
            varies = write_part(new, name, table, chosen, usable[rows], targets.values[rows], preprocessing)
            if name == "train" and not varies:
                raise DataError(
                    f"no column varies in the {len(rows)} training rows, so nothing can be learned. Nothing was "
                    "written. Use more rows, other columns (--target, --drop), or another --split-seed"
                )
    digest, notes = {"digest": table.digest}, {}
    if validation is not None:
        given = read_validation(validation, preprocessing, options.weights)
        with validation.named():
            _write_validation(new, given, preprocessing, None if own_weights is None else own_weights[split.train])
        other = given.table.digest
        digest = {"digest": digest_of([table.digest, other]), "validation_digest": other}
        notes = given.notes
    summary = [
        *summary_of_inputs(fitted),
        *([sparse.summary] if sparse else []),
        *summary_of_targets(table, at_targets, targets, len(table.cells) - len(usable)),
        *summary_of_dropped([*table.dropped, *(table.columns[i].name for i in left_out)], "--drop"),
        *summary_of_dropped([table.columns[i].name for i in at_groups], "the groups of the split"),
        *summary_of_dropped([table.columns[i].name for i in at_weights], "the weights of the rows"),
    ]
    return new.commit(
        {
            "preprocessing": preprocessing.to_json(),
            "summary": [row._asdict() for row in with_notes(summary, notes)],
            **digest,
        }
    )


def _write_validation(
    new: EntryWriter, given: ValidationRows, preprocessing: Preprocessing, of_train: NDArray[np.float64] | None
) -> None:
    """Write the validation rows; `of_train` are the weights of the training rows, whose mean is 1 afterwards."""
    write_part(new, "val", given.table, given.chosen, given.rows, given.y, preprocessing)
    if given.weights is not None and of_train is not None:
        both = {"train": np.arange(len(of_train)), "val": len(of_train) + np.arange(len(given.weights))}
        relative = relative_weights(np.concatenate([of_train, given.weights]), both)
        new.array("val_weights", np.float64).append(relative[both["val"]])


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


def write_part(
    new: EntryWriter,
    name: str,
    table: Table,
    chosen: Sequence[int],
    rows: NDArray[np.int64],
    y: NDArray[Any] | None,
    preprocessing: Preprocessing,
) -> bool:
    """Write the arrays `<name>_x`, `<name>_y` and `<name>_rows` of one part.

    Args:
        new: the entry to write into.
        name: name of the part.
        table: the cells.
        chosen: indices of the input columns, in the order in which they were fitted.
        rows: row numbers of the part.
        y: class codes (rows,), labels (rows, targets) or targets in their own units (rows, targets); None writes no y.
        preprocessing: what was fitted.

    Returns:
        Whether any column of x varies.

    Raises:
        DataError: a scaled number is too large for the dtype.
    """
    if preprocessing.sparse:
        assert table.sparse is not None
        varies = write_sparse(new, f"{name}_x", table.sparse, rows, preprocessing.sparse, preprocessing.dtype)
    else:
        varies = _write_dense(new, f"{name}_x", table, chosen, rows, preprocessing)
    if y is not None:
        y = preprocessing.apply_target(y) if preprocessing.task == "regression" else y
        new.array(f"{name}_y", y.dtype, y.shape[1:]).append(y)
    new.array(f"{name}_rows", np.int64).append(rows)
    return varies


def _write_dense(
    new: EntryWriter,
    name: str,
    table: Table,
    chosen: Sequence[int],
    rows: NDArray[np.int64],
    preprocessing: Preprocessing,
) -> bool:
    x = new.array(name, preprocessing.dtype, (len(preprocessing.features),))
    first, varies = None, False
    for raw in raw_rows(table, chosen, rows, preprocessing.columns):
        block = finite_inputs(raw, preprocessing)
        first = block[0] if first is None else first
        varies = varies or bool((block != first).any())
        x.append(block)
    return varies


def finite_inputs(raw: NDArray[Any], preprocessing: Preprocessing) -> NDArray[Any]:
    """Raw rows as inputs of a network, as `Preprocessing.apply` makes them.

    Raises:
        DataError: a scaled number is too large for the dtype.
    """
    x = preprocessing.apply(raw)
    if not np.isfinite(x).all():
        at = int(np.flatnonzero(~np.isfinite(x).all(axis=0))[0])
        raise too_large(preprocessing.features[at], preprocessing.dtype, remedy="standard")
    return x


def raw_rows(
    table: Table, chosen: Sequence[int], rows: NDArray[np.int64], fitted: Sequence[Column]
) -> Iterator[NDArray[Any]]:
    """Blocks of rows as `Preprocessing.apply` takes them: a text becomes the index of its feature, or -1."""
    lookups = {}
    for at, (i, column) in enumerate(zip(chosen, fitted, strict=True)):
        if column.kind == "text":
            index = column.codes
            other = len(column.categories) if column.rare else -1
            lookups[at] = np.array([*(index.get(text, other) for text in table.columns[i].vocabulary), -1.0])
    for block in table.blocks(chosen, rows):
        for at, lookup in lookups.items():
            block[:, at] = lookup[np.nan_to_num(block[:, at], nan=-1.0).astype(np.int64)]
        yield block
