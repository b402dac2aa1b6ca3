"""The commands on the page: how the results were made, how a trial is made again, and what to type next."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mlpcli.config.origins import plugin_flags
from mlpcli.errors import DataError, FileError, UsageError
from mlpcli.results.folders.find import Named
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.reading.recorded import command_of, read_sweep_toml
from mlpcli.results.trial import Trial

__all__ = ["commands_of", "train_commands"]


def train_commands(folder: ResultsFolder) -> list[str | None]:
    """The command that trains each trial again; None where the folder says too little, as a copy of its tables does."""
    try:
        file = read_sweep_toml(folder.path) if folder.is_sweep else None
    except (DataError, FileError):
        return [None] * len(folder.trials)
    return [_train_command(folder, trial, file) for trial in folder.trials]


def _train_command(folder: ResultsFolder, trial: Trial, file: Mapping[str, Any] | None) -> str | None:
    try:
        return command_of(Named(folder.path, folder.is_sweep, trials=(trial,) if folder.is_sweep else None), file)
    except (DataError, FileError, UsageError):
        return None


def commands_of(
    place: str, typed: Sequence[str] | None, is_sweep: bool, plugins: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Pairs of a command and what it does; `plugins` are the files that its network needs."""
    where = shlex.quote(place)
    known = [(shlex.join(typed), "made these results")] if typed else []
    best, needed = f"{where}/best" if is_sweep else where, plugin_flags(plugins)
    return [
        *known,
        (f"mlpcli plot {where}", "draws the pictures of a paper"),
        (f"mlpcli eval {best}{needed}", "scores the network, on its own data or on other rows with --dataset"),
        (f"mlpcli export {best} model.onnx{needed}", "writes the network for other programs"),
    ]
