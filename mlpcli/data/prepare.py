"""From the data options to arrays ready for training, through the cache."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlpcli.config import DataOptions
from mlpcli.data.cache.entries import Entry, NewEntry, home_folder, open_entry
from mlpcli.data.cache.sparse_arrays import rows_of
from mlpcli.data.names.sources import find_source
from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.prepared.dataset import PARTS, Part, Prepared
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.data.source_tables import entry_folder, open_table
from mlpcli.errors import DataError

__all__ = ["open_prepared", "prepare", "prepared_from", "with_decided"]


def prepare(options: DataOptions, data_home: Path | str | None = None) -> Prepared:
    """The dataset that the options ask for, split and scaled; everything fitted is fitted on the training rows.

    Args:
        options: the dataset's name and what is asked of it; `split_seed` is a number.
        data_home: folder of the cache, by default `home_folder()`.

    Raises:
        UsageError: names and options that do not suit the dataset.
        DataError: data that cannot be used.
        Unavailable: a download that failed.
        FileError: a file that cannot be read, or a cache that cannot be written.
    """
    home = home_folder(data_home)
    source = find_source(options, home)
    rows = {"validation_rows": source.validation_rows, "test_rows": source.test_rows}
    # options at their defaults are left out, so that new options leave the entries of old ones alone
    given = source.options.given.items()
    asked = {name: value for name, value in given if name not in ("dataset", "val_dataset")}
    validation = None
    if options.val_dataset:
        from mlpcli.data.new_rows import validation_table

        validation = validation_table(source.options, home)
        asked["validation"] = validation.identity
    folder = entry_folder(home, source, asked | rows)
    entry = open_entry(folder)
    if entry is None:
        from mlpcli.data.prepared.write_parts import build_entry

        table = open_table(source, home)
        with NewEntry(folder) as new:
            entry = build_entry(new, table, source.options, **rows, validation=validation)
    prepared = prepared_from(source.name, source.options.scale, entry)
    return with_decided(prepared, options, source.reading)


def with_decided(prepared: Prepared, options: DataOptions, reading: Mapping[str, Any]) -> Prepared:
    """The dataset with the options that it decides: those of its card's `reading`, and the names of its targets.

    Only after reading is it known whether a comma stands between the names of two targets or inside that of one.
    """
    targets = {"target": prepared.targets} if options.target not in (None, prepared.targets) else {}
    return replace(prepared, decided=targets | dict(reading))


def open_prepared(folder: Path, name: str, scale: str) -> Prepared:
    """Data that `prepare` returned, read from its `folder`, so that a worker needs neither the source nor its options.

    Args:
        folder: `Prepared.folder`.
        name: `Prepared.name`.
        scale: `Prepared.scale`.

    Raises:
        DataError: the folder is gone or damaged.
    """
    entry = open_entry(folder)
    if entry is None:
        raise DataError(f"the prepared data of {name} in {folder} are gone or damaged. Run the same command again")
    return prepared_from(name, scale, entry)


def prepared_from(name: str, scale: str, entry: Entry) -> Prepared:
    """The dataset in an entry that `build_entry` made."""
    preprocessing = Preprocessing.from_json(entry.meta["preprocessing"])
    arrays = entry.arrays
    features = len(preprocessing.features)
    train, val, test = (
        Part(
            rows_of(arrays, f"{part}_x", features),
            arrays[f"{part}_y"],
            arrays[f"{part}_rows"],
            arrays.get(f"{part}_weights"),
            arrays.get(f"{part}_own"),
        )
        if f"{part}_rows" in arrays
        else None
        for part in PARTS
    )
    assert train is not None
    return Prepared(
        name=name,
        task=preprocessing.task,
        train=train,
        val=val,
        test=test,
        folds=arrays.get("train_folds"),
        preprocessing=preprocessing,
        scale=scale,
        digest=entry.meta["digest"],
        validation_digest=entry.meta.get("validation_digest"),
        folder=entry.folder,
        summary=tuple(ColumnSummary(**row) for row in entry.meta["summary"]),
    )
