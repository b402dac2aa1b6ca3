"""What can be loaded, what a dataset looks like once split, and what of it the cache holds."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.data.cache import home_folder
from mlpcli.data.cards import all_cards
from mlpcli.data.dataset import Prepared
from mlpcli.data.prepare import is_here, prepare
from mlpcli.data.sources import Reading, find_source
from mlpcli.data.table import Layout
from mlpcli.errors import FileError, UsageError

__all__ = ["catalog", "clear", "details"]

ENTRY = re.compile(r"(?P<slug>.+)-[0-9a-f]{20}")


def catalog(data_home: Path | str | None = None) -> tuple[list[dict[str, Any]], list[UsageError]]:
    """One row a card, by name, and what is wrong with the cards that cannot be read."""
    home, (cards, errors) = home_folder(data_home), all_cards()
    rows = [
        {
            "name": card.name,
            "title": card.title,
            "task": card.task,
            "rows": card.rows,
            "features": card.features,
            "classes": card.classes,
            "source": card.source,
            "licence": card.licence,
            "here": is_here(find_source(card.name, home, Reading(Layout(()))), home),
            "bytes": sum(_size(folder) for folder in _entries(home, card.name)),
        }
        for card in cards
    ]
    return rows, errors


def details(dataset: str, *, data_home: Path | str | None = None, **reading: Any) -> dict[str, Any]:
    """Columns, classes and split sizes of one dataset with the default options, prepared first where it has to be.

    `reading` are `prepare`'s options target, drop, delimiter and encoding.
    """
    card = next((card for card in all_cards()[0] if card.name == dataset.partition(":")[0]), None)
    prepared = prepare(dataset, data_home=data_home, **reading)
    described = {
        "name": dataset,
        "task": prepared.task,
        "targets": list(prepared.targets),
        "scale": prepared.scale,
        "splits": {name: len(part) for name, part in prepared.parts.items()},
        "columns": [
            {"name": column.name, "kind": column.kind, "inputs": len(column.features)}
            for column in prepared.preprocessing.columns
        ],
        "classes": _class_counts(prepared),
        "digest": prepared.digest,
    }
    about = ("title", "source", "licence", "citation")
    return ({key: getattr(card, key) for key in about} if card else {}) | described


def clear(dataset: str | None = None, *, data_home: Path | str | None = None) -> tuple[int, int]:
    """Remove what the cache holds of one dataset, or of all; returns how many entries and bytes that was."""
    home = home_folder(data_home)
    slug = find_source(dataset, home, Reading(Layout(()))).slug if dataset else None
    folders = list(_entries(home, slug))
    size = sum(_size(folder) for folder in folders)
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue  # another process was quicker
        except OSError as error:
            raise FileError(f"cannot remove {folder}: {error.strerror}") from error
    return len(folders), size


def _entries(home: Path, slug: str | None) -> Iterator[Path]:
    for kind in ("tables", "prepared"):
        for folder in home.joinpath(kind).glob("*"):
            match = ENTRY.fullmatch(folder.name)
            if match and slug in (None, match["slug"]):
                yield folder


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*"))


def _class_counts(prepared: Prepared) -> list[dict[str, Any]] | None:
    """Rows of each class in each part."""
    if prepared.classes is None:
        return None
    counts = {name: np.bincount(part.y, minlength=len(prepared.classes)) for name, part in prepared.parts.items()}
    return [
        {"name": label} | {name: int(count[code]) for name, count in counts.items()}
        for code, label in enumerate(prepared.classes)
    ]
