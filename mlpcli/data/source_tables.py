"""The tables of sources in the cache, and the folders of what is made of them."""

from collections.abc import Mapping
from pathlib import Path

from mlpcli.data.cache.entries import NewEntry, digest_of, open_entry
from mlpcli.data.cache.table import Table, TableWriter
from mlpcli.data.names.sources import Source

__all__ = ["entry_folder", "is_here", "open_table", "table_folder"]

KEY = 20  # hex digits of the digest at the end of a cache folder's name
PARTS_FORMAT = 2  # raised when other arrays are made of the same table, which needs no reading again


def entry_folder(home: Path, source: Source, options: Mapping[str, object]) -> Path:
    """The folder of the cache entry that is made from the source with these options."""
    return home / "prepared" / f"{source.slug}-{digest_of([PARTS_FORMAT, source.identity, options])[:KEY]}"


def open_table(source: Source, home: Path) -> Table:
    """The source's table, from the cache; read into the cache first if it is not there.

    Raises:
        DataError: the table is not what the source promises.
    """
    folder = table_folder(source, home)
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
    return source.offline or open_entry(table_folder(source, home)) is not None


def table_folder(source: Source, home: Path) -> Path:
    """The folder of the cache entry that holds the source's table."""
    return home / "tables" / f"{source.slug}-{digest_of(source.identity)[:KEY]}"
