"""From what a user types to the model file: a run's folder, a model file, or a name under results/."""

import os
from difflib import get_close_matches
from pathlib import Path

from mlpcli.errors import UsageError
from mlpcli.results.atomic import shown

__all__ = ["MODEL", "find_run"]

MODEL = "model.safetensors"


def find_run(text: str, root: Path) -> Path:
    """The model file of the run that `text` means, absolute.

    Raises:
        UsageError: there is none; the message says what is there instead, or the nearest names.
    """
    places = [Path(os.path.abspath(place)) for place in (text, root / text)] if text and "\0" not in text else []
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
    near = get_close_matches(text, _runs(root), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Give a run's folder, a model file or a run's name"
    raise UsageError(f"there is no run {text[:200]!a}, here or in {shown(root)}. {hint}")


def _runs(root: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(root) if os.path.isfile(root / name / MODEL))
    except OSError:
        return []
