"""From a dataset's name and a few options to arrays ready for training, from the cache where they were made before."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from mlpcli.data.cache.entries import Entry, NewEntry, digest_of, home_folder, open_entry
from mlpcli.data.cache.table import Layout, Table, TableWriter
from mlpcli.data.names.sources import Reading, Source, find_source
from mlpcli.data.prepared.dataset import PARTS, Choices, Part, Prepared
from mlpcli.data.prepared.preprocessing import SCALES, Preprocessing
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import quote

__all__ = ["entry_folder", "is_here", "open_prepared", "open_table", "prepare"]

KEY = 20  # hex digits of the digest that a cache folder's name ends with


def prepare(
    dataset: str,
    *,
    target: str | Sequence[str] | None = None,
    drop: Sequence[str] = (),
    task: str = "auto",
    scale: str = "auto",
    test_size: int | float = 0.2,
    val_size: int | float = 0.1,
    split_seed: int = 0,
    dtype: str = "float32",
    delimiter: str | None = None,
    encoding: str | None = None,
    data_home: Path | str | None = None,
) -> Prepared:
    """The dataset of that name, split and scaled; everything fitted is fitted on the training rows.

    `drop` leaves columns out; `delimiter` and `encoding` are for .csv and .tsv files. Raises UsageError for names and
    options that do not fit, DataError for data that cannot be used, Unavailable where a download fails, FileError where
    a file cannot be read or the cache not be written.
    """
    home = home_folder(data_home)
    targets = (target,) if isinstance(target, str) else tuple(target or ())
    reading = Reading(Layout(targets, tuple(drop)), delimiter, encoding)
    source = find_source(dataset, home, reading)
    targets = targets or source.target
    choices = Choices(
        targets=targets,
        drop=tuple(sorted(drop)),
        task=source.task if task == "auto" and targets == source.target else task,
        scale=source.scale if scale == "auto" else scale,
        test_size=test_size if source.test_rows is None else None,
        val_size=val_size if source.validation_rows is None else None,
        test_rows=source.test_rows,
        validation_rows=source.validation_rows,
        split_seed=split_seed,
        dtype=dtype,
    )
    if choices.scale not in SCALES:
        raise UsageError(f"scale {quote(scale)} must be one of auto, {', '.join(SCALES)}")
    folder = entry_folder(home, source, asdict(choices))
    entry = open_entry(folder)
    if entry is None:
        from mlpcli.data.prepared.parts import build_entry

        table = open_table(source, home)
        with NewEntry(folder) as new:
            entry = build_entry(new, table, choices)
    return _prepared(source.name, choices.scale, entry)


def open_prepared(folder: Path, name: str, scale: str) -> Prepared:
    """What `prepare` returned, from its `folder`: a worker of a sweep needs neither the source nor its options.

    Raises DataError where the folder is gone or damaged.
    """
    entry = open_entry(folder)
    if entry is None:
        raise DataError(f"the prepared data of {name} in {folder} are gone or damaged. Run the same command again")
    return _prepared(name, scale, entry)


def entry_folder(home: Path, source: Source, options: Mapping[str, object]) -> Path:
    """Where what is made of the source with these options is kept, or will be."""
    return home / "prepared" / f"{source.slug}-{digest_of([source.identity, options])[:KEY]}"


def open_table(source: Source, home: Path) -> Table:
    """The source's table from the cache, read into it first where it is not there."""
    folder = _table_folder(source, home)
    entry = open_entry(folder)
    if entry is not None:
        table = Table.from_entry(entry)
    else:
        with NewEntry(folder) as new:
            table = source.read(TableWriter(new))
    source.check(table)
    return table


def is_here(source: Source, home: Path) -> bool:
    """Whether the source can be read without a network."""
    return source.offline or open_entry(_table_folder(source, home)) is not None


def _table_folder(source: Source, home: Path) -> Path:
    return home / "tables" / f"{source.slug}-{digest_of(source.identity)[:KEY]}"


def _prepared(name: str, scale: str, entry: Entry) -> Prepared:
    preprocessing = Preprocessing.from_json(entry.meta["preprocessing"])
    arrays = entry.arrays
    train, val, test = (
        Part(arrays[f"{part}_x"], arrays[f"{part}_y"], arrays[f"{part}_rows"]) if f"{part}_x" in arrays else None
        for part in PARTS
    )
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
