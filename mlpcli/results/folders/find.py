"""Finds the model file, or the folder of a run or a sweep, that a user names by a path or a name under results/."""

import os
from pathlib import Path

from mlpcli.atomic import shown
from mlpcli.errors import UsageError
from mlpcli.results.files.snapshot import current
from mlpcli.wording import nearest, sentence

__all__ = ["MODEL", "find_results", "find_run"]

MODEL = "model.safetensors"
TABLES = ("metrics.csv", "trials.csv")


def find_run(text: str, root: Path) -> Path:
    """The model file of the run that `text` means, absolute.

    Raises:
        UsageError: there is none; the message says what is there instead, or the nearest names.
    """
    places = _places(text, root)
    for place in places:
        if os.path.isfile(place):
            return place
        if os.path.isfile(model := current(place, MODEL)):
            return model
    for place in places:
        if os.path.isfile(place / "sweep.toml"):
            models = shown(place / "models")
            raise UsageError(f"{shown(place)} is a sweep, not a run: name one of the files in {models}")
        if os.path.isfile(place / "config.toml"):
            raise UsageError(
                f"{shown(place)} has no {MODEL}: its training was not finished, or diverged. "
                "Go on with the same mlpcli train command and --resume"
            )
    problem = f"there is no run {text[:200]!a}, here or in {shown(root)}{nearest(text, _names(root, MODEL))}"
    raise UsageError(f"{sentence(problem)} Give a run's folder, a model file or a run's name")


def find_results(text: str, root: Path) -> Path:
    """The folder of the run or the sweep that `text` means, absolute.

    Raises:
        UsageError: there is none; the message has the nearest names.
    """
    for place in _places(text, root):
        if os.path.isfile(place / "sweep.toml") and not os.path.isfile(place / "trials.csv"):
            raise UsageError(f"the sweep in {shown(place)} has only begun: nothing is recorded yet. Try again later")
        if any(os.path.isfile(place / table) for table in TABLES):
            return place
        if os.path.isfile(place / "config.toml"):
            raise UsageError(f"the run in {shown(place)} has only begun: nothing is recorded yet. Try again later")
    problem = f"there are no results {text[:200]!a}, here or in {shown(root)}{nearest(text, _names(root, *TABLES))}"
    raise UsageError(f"{sentence(problem)} Give the folder or the name of a run or a sweep")


def _places(text: str, root: Path) -> list[Path]:
    return [Path(os.path.abspath(place)) for place in (text, root / text)] if text and "\0" not in text else []


def _names(root: Path, *files: str) -> list[str]:
    """The folders below `root` that hold one of these files."""
    try:
        return sorted(name for name in os.listdir(root) if any(os.path.isfile(root / name / file) for file in files))
    except OSError:
        return []
