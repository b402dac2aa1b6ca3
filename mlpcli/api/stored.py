"""Results on disk: `mlpcli.open` gives a run or a sweep, `mlpcli.load` a trained network.

>>> import tempfile
>>> import mlpcli
>>> with tempfile.TemporaryDirectory() as folder:
...     run = mlpcli.train("xor", width=8, depth=1, epochs=3, results=folder, name="one")
...     again, model = open_results("one", results=folder), load("one", results=folder)
>>> again.id == run.id, model
(True, <Model of xor: 2 -> 8 -> 1, relu>)
"""

from collections.abc import Sequence
from pathlib import Path

from mlpcli.api.arguments import PATH, PATHS, checked
from mlpcli.api.run import Run
from mlpcli.api.sweep_results import Sweep
from mlpcli.plugins.files import Files
from mlpcli.plugins.files import load as load_plugins
from mlpcli.results.folders.find import find_results
from mlpcli.results.folders.find_models import find_run, find_runs
from mlpcli.training.model import Model

__all__ = ["load", "load_all", "open_results"]


@checked(name=PATH, results=PATH, plugin=PATHS)
def open_results(name: Path | str, *, results: Path | str = "results", plugin: Files = None) -> Run | Sweep:
    """The run or the sweep in a folder; nothing there is changed, and it may still be running.

    Args:
        name: the folder, or its name below `results`.
        results: folder of all results.
        plugin: file or files that register the user-defined parts that its networks need; they are run. Options,
            metrics and tables are there without them.

    Raises:
        UsageError: there is no such run or sweep; the message has the nearest names.
        DataError: a file there is not one that mlpcli writes.
        PluginError: a plugin file cannot be used.
    """
    load_plugins(plugin)
    path = find_results(str(name), Path(results))
    return Sweep.of_folder(path) if (path / "trials.csv").is_file() else Run.of_folder(path)


@checked(name=PATH, results=PATH, plugin=PATHS)
def load(name: Path | str, *, results: Path | str = "results", plugin: Files = None) -> Model:
    """The trained network of a run, or in a model file.

    Args:
        name: the run's folder, a model file, or a name below `results`, as the commands take them.
        results: folder of all results.
        plugin: file or files that register the user-defined parts it was trained with; they are run.

    Raises:
        UsageError: there is no such run; the message has the nearest names.
        DataError: the model file is damaged.
        PluginError: a user-defined part that it was trained with is missing, or is another version.
    """
    load_plugins(plugin)
    return Model.load(find_run(str(name), Path(results)))


def load_all(names: Sequence[Path | str], *, results: Path | str = "results") -> list[Model]:
    """The trained networks of several runs, or of `SWEEP/best:5`; errors as `load`."""
    return [Model.load(path) for name in names for path in find_runs(str(name), Path(results))]
