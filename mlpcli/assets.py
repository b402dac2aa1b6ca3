"""The files that ship with the code: inside the package in a wheel, at the top level in a checkout."""

from pathlib import Path

__all__ = ["asset_folder"]


def asset_folder(kind: str) -> Path:
    """The folder of shipped files of one kind, `datasets` (cards) or `experiments` (sweep files)."""
    package = Path(__file__).parent
    shipped = package / "share" / kind
    return shipped if shipped.is_dir() else package.parent / kind
