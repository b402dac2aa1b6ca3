"""The check that a sweep may work in a folder, and how --restart sets the old results aside without losing any file."""

import os
from pathlib import Path

import mlpcli
from mlpcli.atomic import make_folder, move, shown, sync_folder
from mlpcli.errors import UsageError
from mlpcli.results.files.read_file import read_json, read_toml
from mlpcli.results.folders.sweep_tables import DIAGNOSTICS, METRICS, RESTART, TRIALS
from mlpcli.results.schema.json_schema import Provenance, SweepHeader

__all__ = ["MODELS", "PROVENANCE", "SEARCH", "SUMMARY", "SWEEP", "UNUSED", "check_folder", "set_aside"]

SWEEP, SUMMARY, PROVENANCE, SEARCH = "sweep.toml", "summary.csv", "provenance.json", "search.jsonl"
UNUSED, MODELS = "unused", "models"


def check_folder(folder: Path, restart: bool) -> None:
    """Check that a sweep of this version may work in a folder; with `restart` it may be of any version.

    Raises:
        UsageError: the folder holds something else, or a sweep of another version.
        DataError, FileError: its sweep.toml is damaged, or its provenance.json damaged or missing.
    """
    names = set(os.listdir(folder)) - {".lock"}
    if names and SWEEP not in names and TRIALS not in names:
        found = ", ".join(sorted(names))[:100]
        raise UsageError(f"{shown(folder)} is not a sweep's folder: it holds {found!a}. Choose another --name")
    if restart:
        return
    if SWEEP in names:  # about to be replaced
        read_toml(folder / SWEEP, SweepHeader, RESTART)
    if TRIALS not in names:
        return
    made = read_json(folder / PROVENANCE, Provenance, RESTART)["version"]
    if made != mlpcli.__version__:
        raise UsageError(
            f"{shown(folder)} was made by mlpcli {made[:20]}, this is {mlpcli.__version__}: its numbers "
            "may differ. It is unchanged. Start over with --restart, or choose another --name"
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
