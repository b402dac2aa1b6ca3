"""The trackers of experiments that histories are written to, by the word of `--to`."""

from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from typing import Protocol

from mlpcli.errors import UsageError
from mlpcli.export.histories import History, ended_trials
from mlpcli.export.mlflow_store import MlflowStore
from mlpcli.export.tensorboard_log import TensorBoardLog
from mlpcli.installation import install_command
from mlpcli.results.folders.read_folder import ResultsFolder

__all__ = ["TRACKERS", "check_tracker", "write_histories"]


class Tracker(Protocol):
    """Where histories go; a trial that was written once is not written again."""

    def has(self, history: History) -> bool:
        """Whether the trial is there already."""

    def write(self, history: History) -> None:
        """Write the trial."""

    def close(self) -> None:
        """Release what is held; safe to call twice."""


TRACKERS: dict[str, Callable[[str], Tracker]] = {"mlflow": MlflowStore, "tensorboard": TensorBoardLog}
"""Class of each tracker, by the name of its package, which its extra has too."""


def check_tracker(name: str) -> None:
    """Check that the tracker's package is installed.

    Raises:
        UsageError: it is not; the message says what to type.
    """
    if find_spec(name) is None:
        raise UsageError(f"--to {name}: {name} is not installed. Nothing was written. Type: {install_command(name)}")


def write_histories(folder: ResultsFolder, name: str, place: str) -> Iterator[bool]:
    """Write every trial that has ended and is not there yet; one value per trial, whether it was written.

    Raises:
        DataError: a file of the results is not one that mlpcli writes.
        FileError, Unavailable: the place cannot be written or reached.
        Busy: another export writes there.
    """
    with closing(TRACKERS[name](place)) as tracker:
        for history in ended_trials(folder):
            new = not tracker.has(history)
            if new:
                tracker.write(history)
            yield new
