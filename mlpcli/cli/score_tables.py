"""What `eval` and `explain` share: the split that they score, and the folder of the tables that they write."""

from enum import StrEnum
from pathlib import Path

__all__ = ["Split", "folder_for_tables"]


class Split(StrEnum):
    """The parts of a dataset."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def folder_for_tables(path: Path) -> Path:
    """The folder of the tables that are made of a model file: that of its run, or one beside a file of another name.

    Raises:
        FileError: that folder is a link, or the sweep's folder of models above it.
    """
    from mlpcli.atomic import refuse_links
    from mlpcli.results.files.snapshot import folder_of
    from mlpcli.results.folders.promotion import MODEL
    from mlpcli.results.folders.sweep_ownership import MODELS

    if path.name == MODEL:
        return folder_of(path)
    folder = path.with_name(f"{path.stem}-eval")
    refuse_links(path.parent if path.parent.name == MODELS else folder)
    return folder
