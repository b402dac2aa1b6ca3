"""The data that a network was trained on, prepared again for commands that score it, and the folder for its tables."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from mlpcli.data import Prepared
    from mlpcli.training.model import Model

__all__ = ["Split", "folder_for_tables", "own_data"]


class Split(StrEnum):
    """The parts of a dataset."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def own_data(model: "Model", path: Path, split: Split | None, data_home: Path | None) -> "tuple[Prepared, str]":
    """The dataset of a model, and the name of the part that is asked for: by default test, else val, else train.

    Raises:
        DataError: its content has changed since the training.
        UsageError: it has no such part.
    """
    from mlpcli.atomic import shown
    from mlpcli.data import prepare

    data = prepare(model.options.data, data_home)
    if data.digest != model.digest:
        raise DataError(
            f"cannot score {shown(path)} on {model.options.dataset}: its content has changed since. Train again on it"
        )
    name = split.value if split else list(data.parts)[-1]
    if name not in data.parts:
        raise UsageError(f"--split {name}: {data.name} has no such rows. It has {', '.join(data.parts)}")
    return data, name


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
