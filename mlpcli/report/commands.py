"""The commands on the page: how the results were made, how a trial is made again, and what to type next."""

import shlex
from collections.abc import Sequence

from mlpcli.config.origins import plugin_flags
from mlpcli.errors import DataError, FileError, UsageError
from mlpcli.results.folders.find import Named
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.reading.recorded import command_of
from mlpcli.results.trial import Trial

__all__ = ["commands_of", "train_command"]


def train_command(folder: ResultsFolder, trial: Trial) -> str | None:
    """The command that trains it again; None where the folder does not say enough, such as a copy of its tables."""
    try:
        return command_of(Named(folder.path, folder.is_sweep, trials=(trial,) if folder.is_sweep else None))
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
