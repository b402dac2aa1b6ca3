"""Write the parts of a prepared dataset: split a table, fit on the training rows, write block by block."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.entries import Entry, EntryWriter, digest_of
from mlpcli.data.cache.table import Table
from mlpcli.data.names.locate import takes
from mlpcli.data.prepared.column_roles import ColumnRoles
from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.fitting.fit_columns import fit_columns
from mlpcli.data.prepared.fitting.fit_sparse import fit_sparse
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.prepared.rows.row_weights import read_weights, relative_weights
from mlpcli.data.prepared.rows.split_table import split_table
from mlpcli.data.prepared.rows.validation import ValidationRows, ValidationTable, read_validation
from mlpcli.data.prepared.summarize import summary_of_dropped, summary_of_inputs, summary_of_targets, with_notes
from mlpcli.data.prepared.targets import Targets, fit_targets, labelled_rows, read_targets
from mlpcli.data.prepared.write_sparse import too_large, write_sparse
from mlpcli.errors import DataError

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
    roles = ColumnRoles.of(table, options)
    usable = labelled_rows(table, roles.targets) if options.drop_unlabelled else np.arange(len(table.cells))
    targets = read_targets(table, roles.targets, options.task, rows=usable)
    split = split_table(
        table,
        roles,
        options,
        usable,
        targets,
        validation_rows=table.validation_rows if validation_rows is None else validation_rows,
        test_rows=table.test_rows if test_rows is None else test_rows,
        validates_elsewhere=validation is not None,
    )
    weights = {
        name: read_weights(table, column, usable[rows], f"{name} rows")
        for column in roles.weights
        for name, rows in split.parts.items()
    }
    for fold in () if split.folds is None else np.unique(split.folds).tolist():
        for column in roles.weights:
            read_weights(table, column, usable[split.train[split.folds == fold]], f"rows of fold {fold}")
    preprocessing, inputs = _fit(table, roles, options, usable[split.train], targets, split.train, weights.get("train"))
    for name, rows in split.parts.items():
        if name in weights:
            new.array(f"{name}_weights", np.float64).append(weights[name])
        varies = write_part(new, name, table, roles.inputs, usable[rows], targets.values[rows], preprocessing)
        if name == "train" and not varies:
            raise DataError(
                f"no column varies in the {len(rows)} training rows, so nothing can be learned. Nothing was "
                "written. Use more rows, other columns (--target, --drop), or another --split-seed"
            )
    if split.folds is not None:
        new.array("train_folds", np.int64).append(split.folds)
    digest, notes = {"digest": table.digest}, {}
    if validation is not None:
        given = read_validation(validation, preprocessing, options.weights)
        with validation.named():
            _write_validation(new, given, preprocessing)
        other = given.table.digest
        digest = {"digest": digest_of([table.digest, other]), "validation_digest": other}
        notes = given.notes
    summary = [
        *inputs,
        *summary_of_targets(table, roles.targets, targets, len(table.cells) - len(usable)),
        *summary_of_dropped([*table.dropped, *_names(table, roles.left_out)], "--drop"),
        *summary_of_dropped(_names(table, roles.groups), "the groups of the split"),
        *summary_of_dropped(_names(table, roles.weights), "the weights of the rows"),
    ]
    return new.commit(
        {
            "preprocessing": preprocessing.to_json(),
            "summary": [row._asdict() for row in with_notes(summary, notes)],
            **digest,
        }
    )


def _fit(
    table: Table,
    roles: ColumnRoles,
    options: DataOptions,
    rows: NDArray[np.int64],
    targets: Targets,
    places: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
) -> tuple[Preprocessing, list[ColumnSummary]]:
    """Fit inputs and targets on the training rows; the second value is the summary of the inputs.

    Args:
        table: the cells.
        roles: its columns by what they are for.
        options: what is asked of it.
        rows: numbers of the training rows.
        targets: those of all usable rows.
        places: places of the training rows among the usable ones.
        weights: weights of the training rows, if they have some.
    """
    mean, spread = (
        fit_targets(targets.values[places], None if weights is None else relative_weights(weights))
        if targets.task == "regression"
        else ((), ())
    )
    fitted = fit_columns(
        table,
        roles.inputs,
        rows,
        options.scale,
        options.min_frequency,
        marks_can_be_named=takes("missing", options.dataset),
    )
    sparse = fit_sparse(table.sparse, rows, options.scale) if table.sparse else None
    preprocessing = Preprocessing(
        columns=tuple(column.column for column in fitted),
        targets=tuple(_names(table, roles.targets)),
        classes=targets.classes,
        target_mean=mean,
        target_scale=spread,
        dtype=options.dtype,
        sparse=sparse.columns if sparse else None,
    )
    return preprocessing, [*summary_of_inputs(fitted), *([sparse.summary] if sparse else [])]


def _names(table: Table, columns: Sequence[int]) -> list[str]:
    return [table.columns[i].name for i in columns]


def _write_validation(new: EntryWriter, given: ValidationRows, preprocessing: Preprocessing) -> None:
    """Write the validation rows."""
    write_part(new, "val", given.table, given.chosen, given.rows, given.y, preprocessing)
    if given.weights is not None:
        new.array("val_weights", np.float64).append(given.weights)


def write_part(
    new: EntryWriter,
    name: str,
    table: Table,
    chosen: Sequence[int],
    rows: NDArray[np.int64],
    y: NDArray[Any] | None,
    preprocessing: Preprocessing,
) -> bool:
    """Write the arrays `<name>_x`, `<name>_y`, `<name>_rows` and, of a regression, `<name>_own` of one part.

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
        if preprocessing.task == "regression":
            new.array(f"{name}_own", np.float64, y.shape[1:]).append(y)
            y = preprocessing.apply_target(y)
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
