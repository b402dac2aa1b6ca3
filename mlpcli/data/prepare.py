"""From a dataset's name and a few options to arrays ready for training: read, split, fitted, scaled, and cached."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache import Entry, NewEntry, digest_of, home_folder, open_entry
from mlpcli.data.dataset import Part, Prepared
from mlpcli.data.fitting import cells_of, fit_columns
from mlpcli.data.preprocessing import SCALES, Column, Preprocessing
from mlpcli.data.sources import Source, find_source
from mlpcli.data.splits import split_rows
from mlpcli.data.table import Table, TableWriter
from mlpcli.data.targets import Targets, find_columns, fit_targets, read_targets
from mlpcli.errors import DataError, UsageError

__all__ = ["is_here", "open_prepared", "open_table", "prepare", "raw_rows"]

PARTS = ("train", "val", "test")
KEY = 20  # hex digits of the digest that a cache folder's name ends with


def prepare(
    dataset: str,
    *,
    target: str | Sequence[str] | None = None,
    task: str = "auto",
    scale: str = "auto",
    test_size: int | float = 0.2,
    val_size: int | float = 0.1,
    split_seed: int = 0,
    dtype: str = "float32",
    data_home: Path | str | None = None,
) -> Prepared:
    """The dataset of that name, split and scaled, from the cache where it was prepared before.

    Everything fitted is fitted on the training rows. Raises UsageError for names and options that do not fit, DataError
    for data that cannot be used, Unavailable where a download fails, FileError where the cache cannot be written.
    """
    home = home_folder(data_home)
    source = find_source(dataset)
    targets = (target,) if isinstance(target, str) else tuple(target or source.target)
    task = source.task if task == "auto" and targets == source.target else task
    scale = source.scale if scale == "auto" else scale
    if scale not in SCALES:
        raise UsageError(f"scale {scale!r} must be one of auto, {', '.join(SCALES)}")
    options = {
        "source": source.identity,
        "targets": targets,
        "task": task,
        "scale": scale,
        "test_size": test_size if source.test_rows is None else None,
        "val_size": val_size if source.validation_rows is None else None,
        "test_rows": source.test_rows,
        "validation_rows": source.validation_rows,
        "split_seed": split_seed,
        "dtype": dtype,
    }
    folder = home / "prepared" / f"{source.slug}-{digest_of(options)[:KEY]}"
    entry = open_entry(folder)
    if entry is None:
        with NewEntry(folder) as new:
            entry = _build(new, open_table(source, home), options)
    return _prepared(source.name, scale, entry)


def open_prepared(folder: Path, name: str, scale: str) -> Prepared:
    """What `prepare` returned, from its `folder`: a worker of a sweep needs neither the source nor its options.

    Raises DataError where the folder is gone or damaged.
    """
    entry = open_entry(folder)
    if entry is None:
        raise DataError(f"the prepared data of {name} in {folder} are gone or damaged. Run the same command again")
    return _prepared(name, scale, entry)


def is_here(source: Source, home: Path) -> bool:
    """Whether the source can be read without a network."""
    return source.offline or open_entry(_table_folder(source, home)) is not None


def open_table(source: Source, home: Path) -> Table:
    """The source's table from the cache, read into it first where it is not there."""
    folder = _table_folder(source, home)
    entry = open_entry(folder)
    if entry is not None:
        return Table.from_entry(entry)
    with NewEntry(folder) as new:
        return source.read(TableWriter(new))


def raw_rows(
    table: Table, chosen: Sequence[int], rows: NDArray[np.int64], fitted: Sequence[Column]
) -> Iterator[NDArray[Any]]:
    """Blocks of rows as `Preprocessing.apply` takes them: texts as indices of the fitted categories, -1 for others."""
    lookups = {}
    for at, (i, column) in enumerate(zip(chosen, fitted, strict=True)):
        if column.kind == "text":
            index = {category: float(code) for code, category in enumerate(column.categories)}
            lookups[at] = np.array([*(index.get(text, -1.0) for text in table.columns[i].vocabulary), -1.0])
    for block in cells_of(table, chosen, rows):
        for at, lookup in lookups.items():
            block[:, at] = lookup[np.nan_to_num(block[:, at], nan=-1.0).astype(np.int64)]
        yield block


def _table_folder(source: Source, home: Path) -> Path:
    return home / "tables" / f"{source.slug}-{digest_of(source.identity)[:KEY]}"


def _build(new: NewEntry, table: Table, options: dict[str, Any]) -> Entry:
    """Split, fit and write every part, block by block: no more than a block and the targets stand in memory."""
    target_columns = find_columns(table, options["targets"], "target")
    chosen = [i for i in range(len(table.columns)) if i not in target_columns]
    if not chosen:
        raise DataError("the table has no column besides its target. Nothing was written")
    targets = read_targets(table, target_columns, options["task"])
    split = split_rows(
        len(table.cells),
        targets.values if targets.classes else None,
        targets.classes,
        test_size=options["test_size"] or 0,
        val_size=options["val_size"] or 0,
        split_seed=options["split_seed"],
        test_rows=table.test_rows if options["test_rows"] is None else options["test_rows"],
        validation_rows=table.validation_rows if options["validation_rows"] is None else options["validation_rows"],
    )
    mean, spread = ((), ()) if targets.classes else fit_targets(targets.values[split.train])
    preprocessing = Preprocessing(
        columns=fit_columns(table, chosen, split.train, options["scale"]),
        targets=tuple(options["targets"]),
        classes=targets.classes,
        target_mean=mean,
        target_scale=spread,
        dtype=options["dtype"],
    )
    for name, rows in zip(PARTS, (split.train, split.val, split.test), strict=True):
        if len(rows):
            _write_part(new, name, table, chosen, rows, targets, preprocessing)
    return new.commit({"preprocessing": preprocessing.to_json(), "digest": table.digest})


def _write_part(
    new: NewEntry,
    name: str,
    table: Table,
    chosen: Sequence[int],
    rows: NDArray[np.int64],
    targets: Targets,
    preprocessing: Preprocessing,
) -> None:
    x = new.array(f"{name}_x", preprocessing.dtype, (len(preprocessing.features),))
    first, varies = None, name != "train"
    for raw in raw_rows(table, chosen, rows, preprocessing.columns):
        block = preprocessing.apply(raw)
        if not np.isfinite(block).all():
            at = int(np.flatnonzero(~np.isfinite(block).all(axis=0))[0])
            raise DataError(
                f"column {preprocessing.features[at]!r}: scaled, a number is too large for {preprocessing.dtype}. "
                "Nothing was written. Use --scale standard or --dtype float64, or rescale the column"
            )
        first = block[0] if first is None else first
        varies = varies or bool((block != first).any())
        x.append(block)
    if not varies:
        raise DataError(
            f"no column varies in the {len(rows)} training rows: nothing to learn from. Nothing was written"
        )
    y = targets.values[rows]
    y = y if targets.classes else preprocessing.apply_target(y)
    new.array(f"{name}_y", y.dtype, y.shape[1:]).append(y)
    new.array(f"{name}_rows", np.int64).append(rows)


def _prepared(name: str, scale: str, entry: Entry) -> Prepared:
    preprocessing = Preprocessing.from_json(entry.meta["preprocessing"])
    arrays = entry.arrays
    parts = [
        Part(arrays[f"{part}_x"], arrays[f"{part}_y"], arrays[f"{part}_rows"]) if f"{part}_x" in arrays else None
        for part in PARTS
    ]
    train, val, test = parts
    assert train is not None
    return Prepared(
        name=name,
        task=preprocessing.task,
        train=train,
        val=val,
        test=test,
        preprocessing=preprocessing,
        scale=scale,
        digest=entry.meta["digest"],
        folder=entry.folder,
    )
