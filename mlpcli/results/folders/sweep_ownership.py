"""The check that a sweep may work in a folder, and how --restart sets the old results aside without losing any file."""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any

import mlpcli
from mlpcli.atomic import make_folder, move, shown, sync_folder
from mlpcli.errors import DataError, UsageError
from mlpcli.results.files.read_file import read_json, read_toml
from mlpcli.results.folders.sweep_tables import DIAGNOSTICS, METRICS, RESTART, TRIALS
from mlpcli.results.schema.json_schema import Provenance, SweepHeader
from mlpcli.wording import quote

__all__ = ["MODELS", "PROVENANCE", "SEARCH", "SUMMARY", "SWEEP", "UNUSED", "check_folder", "set_aside", "text_digest"]

SWEEP, SUMMARY, PROVENANCE, SEARCH = "sweep.toml", "summary.csv", "provenance.json", "search.jsonl"
UNUSED, MODELS = "unused", "models"


def text_digest(text: str) -> str:
    r"""The digest by which provenance.json knows the sweep.toml beside it, whatever ends its lines.

    >>> text_digest("seeds = 3\r\n") == text_digest("seeds = 3\n")
    True
    """
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def check_folder(folder: Path, restart: bool, sweep: str) -> None:
    """Check that a sweep of this version may work in a folder; with `restart` it may be of any version.

    `sweep` is the text that its sweep.toml will have.

    Raises:
        UsageError: the folder holds something else, or a sweep of another version.
        DataError, FileError: its sweep.toml is damaged or was edited, or its provenance.json damaged or missing.
    """
    names = set(os.listdir(folder)) - {".lock"}
    if names and SWEEP not in names and TRIALS not in names:
        found = ", ".join(sorted(names))[:100]
        raise UsageError(f"{shown(folder)} is not a sweep's folder: it holds {quote(found)}. Choose another --name")
    if restart:
        return
    stated = read_toml(folder / SWEEP, SweepHeader, RESTART) if SWEEP in names else {}
    if TRIALS not in names:
        return
    if PROVENANCE not in names:
        raise DataError(
            f"{shown(folder)} has trials and no {PROVENANCE}, which says what version made them. "
            f"It is unchanged. {RESTART}"
        )
    origin = read_json(folder / PROVENANCE, Provenance, RESTART)
    made = origin["version"]
    if made != mlpcli.__version__:
        raise UsageError(
            f"{shown(folder)} was made by mlpcli {made[:20]}, this is {mlpcli.__version__}: its numbers "
            f"may differ. It is unchanged. {RESTART}"
        )
    if SWEEP in names:
        _check_edits(folder / SWEEP, stated, origin.get("sweep_digest"), sweep)


def _check_edits(path: Path, stated: dict[str, Any], written: str | None, sweep: str) -> None:
    """Refuse a sweep.toml that somebody edited and that does not say what is about to be written over it."""
    edited = written is not None and text_digest(path.read_text(encoding="utf-8")) != written
    if edited and stated != tomllib.loads(sweep):
        raise DataError(
            f"{shown(path)} was edited after the sweep wrote it, and would be replaced. It is unchanged. Make the same "
            "edits in the file that you pass, or remove this one, or choose another --name"
        )


def set_aside(folder: Path) -> None:
    """Move all recorded files to a folder from which nothing is taken back: --restart loses no file."""
    if not any(os.path.lexists(folder / name) for name in (SWEEP, TRIALS)):
        return
    number = 1
    while os.path.lexists(aside := folder / UNUSED / f"replaced-{number}"):
        number += 1
    make_folder(aside)
    for place in (folder / UNUSED, folder):
        for name in (SWEEP, METRICS, DIAGNOSTICS, SUMMARY, SEARCH, PROVENANCE, TRIALS):
            if os.path.lexists(place / name):
                target = aside if place == folder else aside / UNUSED
                make_folder(target)
                move(place / name, target / name)
        sync_folder(place)
