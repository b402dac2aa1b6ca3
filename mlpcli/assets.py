"""Where the files that ship beside the code are: in a wheel inside the package, in a checkout at its top."""

from pathlib import Path

__all__ = ["asset_folder"]


def asset_folder(kind: str) -> Path:
    """The folder of shipped files of one kind, `datasets` (cards) or `experiments` (sweep files)."""
    package = Path(__file__).parent
    shipped = package / "share" / kind
    return shipped if shipped.is_dir() else package.parent / kind
