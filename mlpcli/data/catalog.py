"""Catalog of datasets: names that can be loaded, sizes after splitting, and what the cache holds of them."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.config import DataOptions
from mlpcli.data.cache.entries import home_folder
from mlpcli.data.names.card_sources import check_origin
from mlpcli.data.names.cards import Card, all_cards, find_card
from mlpcli.data.names.sources import find_source
from mlpcli.data.prepare import prepare
from mlpcli.data.prepared.dataset import Prepared
from mlpcli.data.source_tables import is_here
from mlpcli.errors import FileError, MlpcliError, UsageError, why
from mlpcli.wording import quote

__all__ = ["catalog", "clear", "details"]

ENTRY = re.compile(r"(?P<slug>.+)-[0-9a-f]{20}")


def catalog(data_home: Path | str | None = None) -> tuple[list[dict[str, Any]], list[MlpcliError]]:
    """One row per card, sorted by name, and the errors of the cards that cannot be used."""
    home, (cards, errors) = home_folder(data_home), all_cards()
    rows = []
    for card in cards:
        try:
            check_origin(card)
            source = find_source(DataOptions(dataset=card.name), home)
        except MlpcliError as error:  # what it names does not exist, is gone or damaged
            errors.append(error)
            continue
        facts = ("name", "title", "task", "rows", "features", "classes", "source", "licence")
        rows.append(
            {name: getattr(card, name) for name in facts}
            | {"here": is_here(source, home), "bytes": sum(_size(folder) for folder in _entries(home, card.name))}
        )
    return rows, errors


def details(options: DataOptions, *, fetch: bool = False, data_home: Path | str | None = None) -> dict[str, Any]:
    """One dataset: what its card says and, where it is here, its columns, classes and split sizes.

    Args:
        options: the dataset's name and what is asked of it.
        fetch: download the dataset where it is not here.
        data_home: folder of the cache.

    Raises:
        UsageError: a dataset that is not here and has no card.
    """
    dataset, home = options.dataset, home_folder(data_home)
    described: dict[str, Any] = {"name": dataset}
    try:
        card = find_card(dataset)
    except UsageError:
        card = None
    if card:
        described |= {key: getattr(card, key) for key in ("title", "source", "licence", "citation", "task")}
    source = find_source(options, home)
    described["here"] = is_here(source, home)
    if fetch or described["here"]:
        prepared = prepare(options, home)
        if card and card.source == "generated":
            described["parameters"] = list(_parameters(card))
        return described | {"here": True} | _description(prepared)
    if not card:
        raise UsageError(f"dataset {quote(dataset)}: it is not on this machine. Type mlpcli datasets {dataset} --fetch")
    return described | {"targets": list(card.target), "rows": card.rows, "features": card.features}


def clear(dataset: DataOptions | None = None, *, data_home: Path | str | None = None) -> tuple[int, int]:
    """Remove one dataset from the cache, or all of them; returns the number of entries and of bytes removed.

    Raises:
        FileError: an entry that cannot be removed.
    """
    home = home_folder(data_home)
    slug = find_source(dataset, home).slug if dataset else None
    folders = list(_entries(home, slug))
    size = sum(_size(folder) for folder in folders)
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue  # another process was quicker
        except OSError as error:
            raise FileError(f"cannot remove {folder}: {why(error)}") from error
    return len(folders), size


def _entries(home: Path, slug: str | None) -> Iterator[Path]:
    for kind in ("tables", "prepared"):
        for folder in home.joinpath(kind).glob("*"):
            match = ENTRY.fullmatch(folder.name)
            if match and slug in (None, match["slug"]):
                yield folder


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*"))


def _description(prepared: Prepared) -> dict[str, Any]:
    return {
        "task": prepared.task,
        "targets": list(prepared.targets),
        "scale": prepared.scale,
        "splits": {name: len(part) for name, part in prepared.parts.items()},
        "columns": [column._asdict() for column in prepared.summary],
        "classes": _class_counts(prepared),
        "digest": prepared.digest,
    }


def _parameters(card: Card) -> Iterator[dict[str, Any]]:
    """The parameters of a generated dataset: value, range and meaning; the value is the default if not given."""
    from mlpcli.data.readers.generated.generators import GENERATORS
    from mlpcli.data.readers.generated.parameters import declared_parameters

    for name, declared in declared_parameters(GENERATORS[card.origin["generator"]]).items():
        value = card.parameters[name]
        yield {"name": name, "value": value, "range": declared.range, "meaning": declared.meaning}


def _class_counts(prepared: Prepared) -> list[dict[str, Any]] | None:
    """Number of rows per class, in each part."""
    if prepared.classes is None:
        return None
    counts = {name: np.bincount(part.y, minlength=len(prepared.classes)) for name, part in prepared.parts.items()}
    return [
        {"name": label} | {name: int(count[code]) for name, count in counts.items()}
        for code, label in enumerate(prepared.classes)
    ]
