"""What a sweep's folder holds beside its tables, whose it is, and how --restart begins without losing any of it."""

import json
import os
from pathlib import Path

import mlpcli
from mlpcli.atomic import make_folder, move, shown, sync_folder
from mlpcli.errors import UsageError
from mlpcli.results.sweep_tables import DIAGNOSTICS, METRICS, TRIALS

__all__ = ["MODELS", "PROVENANCE", "SUMMARY", "SWEEP", "UNUSED", "check_folder", "set_aside"]

SWEEP, SUMMARY, PROVENANCE = "sweep.toml", "summary.csv", "provenance.json"
UNUSED, MODELS = "unused", "models"


def check_folder(folder: Path, restart: bool) -> None:
    """Whether a sweep of this version may work here; `restart` says that its numbers will not be used.

    Raises:
        UsageError: something else stands here, or a sweep of another version.
    """
    names = set(os.listdir(folder)) - {".lock"}
    if names and SWEEP not in names and TRIALS not in names:
        found = ", ".join(sorted(names))[:100]
        raise UsageError(f"{shown(folder)} is not a sweep's folder: it holds {found!a}. Choose another --name")
    if TRIALS not in names or restart:
        return
    try:
        made = json.loads((folder / PROVENANCE).read_bytes())["version"]
    except (OSError, ValueError, KeyError, TypeError):
        made = None
    if made != mlpcli.__version__:
        raise UsageError(
            f"{shown(folder)} was made by mlpcli {str(made)[:20]}, this is {mlpcli.__version__}: its numbers "
            "may differ. It is unchanged. Start it anew with --restart, or choose another --name"
        )


def set_aside(folder: Path) -> None:
    """Put everything that was recorded where nothing is taken back from: --restart loses no file."""
    if not os.path.lexists(folder / TRIALS):
        return
    number = 1
    while os.path.lexists(aside := folder / UNUSED / f"replaced-{number}"):
        number += 1
    make_folder(aside)
    for place in (folder / UNUSED, folder):
        for name in (METRICS, DIAGNOSTICS, SUMMARY, PROVENANCE, TRIALS):
            if os.path.lexists(place / name):
                target = aside if place == folder else aside / UNUSED
                make_folder(target)
                move(place / name, target / name)
        sync_folder(place)
