"""What `eval` and `explain` share: the split to score, the folder of their tables, a run that changes meanwhile."""

import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from mlpcli.errors import FileError

__all__ = ["Split", "folder_for_tables", "of_one_model"]

ATTEMPTS = 10
"""Times that a model is scored while its run is trained again each time, before the command gives up."""

Loaded = TypeVar("Loaded")
Scored = TypeVar("Scored")


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


def of_one_model(
    run: str, results: Path, load: Callable[[Path], Loaded], score: Callable[[Loaded], Scored]
) -> tuple[Loaded, Scored]:
    """What `load` makes of the model file of `run`, and its score; both again if the run was trained again meanwhile.

    So the tables that are written afterwards belong to the model that stands beside them.

    Raises:
        FileError: the run is trained again all the time. Others as `find_run`, `load` and `score`.
    """
    from mlpcli.atomic import io_errors, shown
    from mlpcli.results.files.snapshot import folder_of, snapshot
    from mlpcli.results.folders.find_models import find_run
    from mlpcli.results.folders.promotion import MODEL

    def stat() -> os.stat_result:
        path = find_run(run, results)
        with io_errors("read", path):
            return path.stat()

    def read() -> tuple[Path, os.stat_result, Loaded]:
        path = find_run(run, results)
        return path, stat(), load(path)

    for _ in range(ATTEMPTS):
        path, before, loaded = snapshot(find_run(run, results).parent, read)
        scored = score(loaded)
        if path.name != MODEL or os.path.samestat(before, snapshot(path.parent, stat)):
            return loaded, scored
    raise FileError(f"{shown(folder_of(path))} is trained again all the time. Nothing was written. Try again later")
