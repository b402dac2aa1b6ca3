"""The files of a run's folder, and the promotion of a finished run to the place of an older one.

A finished run in `.next` is promoted: the old result.json is removed, the files move up, and result.json moves last.
Every step can be repeated, and the next opening completes what a crash interrupted.
"""

import os
import re
from pathlib import Path

from mlpcli.atomic import move, remove, remove_folder, remove_stale, sync_folder
from mlpcli.results.files.snapshot import NEXT

__all__ = [
    "CHECKPOINT",
    "COLUMNS",
    "CONFIG",
    "DIAGNOSTICS",
    "FILES",
    "METRICS",
    "MODEL",
    "PROVENANCE",
    "RESULT",
    "WEIGHTS",
    "is_there",
    "take_up",
]

CONFIG, METRICS, DIAGNOSTICS, COLUMNS = "config.toml", "metrics.csv", "diagnostics.csv", "columns.csv"
MODEL, WEIGHTS, PROVENANCE = "model.safetensors", "weights.safetensors", "provenance.json"
RESULT, CHECKPOINT = "result.json", "checkpoint.safetensors"

FILES = (METRICS, DIAGNOSTICS, COLUMNS, MODEL, WEIGHTS, PROVENANCE)
MADE_LATER = re.compile(r"(eval|confusion|calibration|thresholds|predictions|explain)-.+\.csv|plot-.+\.(png|svg|gif)")


def take_up(folder: Path) -> None:
    """Complete the steps that a finished run still needs, and remove the files that no run will resume."""
    following = folder / NEXT
    remove_stale(folder)
    if is_there(following / RESULT):
        _promote(following, folder)
    if is_there(folder / RESULT):
        remove(folder / CHECKPOINT)
        for path in (folder / name for name in (MODEL, WEIGHTS, DIAGNOSTICS, COLUMNS)):
            if is_there(path) and not os.path.getsize(path):
                remove(path)
    if following.is_dir():
        remove_stale(following)
        if not (is_there(folder / RESULT) and is_there(following / CONFIG)):
            for name in (CHECKPOINT, *FILES, CONFIG):
                remove(following / name)
            remove_folder(following)


def is_there(path: Path) -> bool:
    """Whether there is a file, a folder or a link of this name, even one that leads nowhere."""
    return os.path.lexists(path)


def _promote(following: Path, folder: Path) -> None:
    """Move a finished run from `.next` up into its place; until its result has moved, all steps can be repeated."""
    if is_there(folder / RESULT):
        for name in os.listdir(folder):
            if MADE_LATER.fullmatch(name):  # scores and pictures of the old run
                remove(folder / name)
        remove(folder / RESULT)
        sync_folder(folder)
    for name in (CONFIG, *FILES):
        if is_there(following / name):
            move(following / name, folder / name)
    sync_folder(folder)
    move(following / RESULT, folder / RESULT)
    sync_folder(folder)
