"""From what a user types to the model file, or to the folder of a run or a sweep: a path, or a name under results/."""

import os
from difflib import get_close_matches
from pathlib import Path

from mlpcli.atomic import shown
from mlpcli.errors import UsageError

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
        if os.path.isfile(place / MODEL):
            return place / MODEL
    for place in places:
        if os.path.isfile(place / "sweep.toml"):
            models = shown(place / "models")
            raise UsageError(f"{shown(place)} is a sweep, not a run: name one of the files in {models}")
        if os.path.isfile(place / "config.toml"):
            raise UsageError(
                f"{shown(place)} has no {MODEL}: its training was not finished, or diverged. "
                "Go on with the same mlpcli train command and --resume"
            )
    hint = _guess(text, root, MODEL) or "Give a run's folder, a model file or a run's name"
    raise UsageError(f"there is no run {text[:200]!a}, here or in {shown(root)}. {hint}")


def find_results(text: str, root: Path) -> Path:
    """The folder of the run or the sweep that `text` means, absolute.

    Raises:
        UsageError: there is none; the message has the nearest names.
    """
    for place in _places(text, root):
        if any(os.path.isfile(place / table) for table in TABLES):
            return place
    hint = _guess(text, root, *TABLES) or "Give the folder or the name of a run or a sweep"
    raise UsageError(f"there are no results {text[:200]!a}, here or in {shown(root)}. {hint}")


def _places(text: str, root: Path) -> list[Path]:
    return [Path(os.path.abspath(place)) for place in (text, root / text)] if text and "\0" not in text else []


def _guess(text: str, root: Path, *files: str) -> str:
    """The nearest names of folders below `root` that hold one of these files, as a question."""
    try:
        names = sorted(n for n in os.listdir(root) if any(os.path.isfile(root / n / file) for file in files))
    except OSError:
        return ""
    near = get_close_matches(text, names, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else ""
