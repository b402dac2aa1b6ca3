"""Training one network from Python: `mlpcli.train`, and the steps that it shares with the command.

>>> run = train("xor", width=8, depth=1, epochs=200, lr=0.05, progress=False)
>>> run.model.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
array(['-1', '+1', '+1', '-1'], dtype='<U2')
"""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.api.arguments import FLAG, FUNCTION, PATH, PATHS, SOURCE, TEXT, TEXTS, checked
from mlpcli.api.keyword_options import Config, options_from
from mlpcli.api.run import Run
from mlpcli.config import RunOptions, as_dict
from mlpcli.config.metrics import epoch_columns
from mlpcli.data import prepare
from mlpcli.errors import Diverged, ExitCode, Interrupted, UsageError
from mlpcli.plugins.files import Files, load
from mlpcli.results.folders.naming import default_name
from mlpcli.results.folders.promotion import MODEL
from mlpcli.results.folders.run_folder import RunFolder
from mlpcli.results.folders.run_in_memory import RunInMemory
from mlpcli.results.provenance import labels
from mlpcli.training.loop.diagnostics import DIAGNOSTIC_COLUMNS
from mlpcli.training.loop.divergence import Divergence, diverged
from mlpcli.training.planned_run import PlannedRun, plan_run
from mlpcli.training.session import Trained, train_run

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OnEpoch", "Watch", "interruptions_of_python", "is_interactive", "train", "train_options"]

OnEpoch = Callable[[Mapping[str, Any]], None]
"""Called with each row of metrics.csv."""

Watch = Callable[
    [PlannedRun, RunFolder | RunInMemory], AbstractContextManager[Callable[[Mapping[str, Any], int], None]]
]
"""Entered around the training of an opened run; gives a function that is called with each row and the best epoch."""


@checked(
    config=SOURCE,
    results=PATH,
    name=TEXT,
    resume=FLAG,
    force=FLAG,
    data_home=PATH,
    note=TEXT,
    tags=TEXTS,
    plugin=PATHS,
    on_epoch=FUNCTION,
    progress=FLAG,
)
def train(
    data: Any = None,
    *,
    config: Config = None,
    results: Path | str | None = None,
    name: str | None = None,
    resume: bool = False,
    force: bool = False,
    data_home: Path | str | None = None,
    note: str | None = None,
    tags: Sequence[str] = (),
    plugin: Files = None,
    on_epoch: OnEpoch | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Run:
    """Train one network; with equal options the numbers are those of `mlpcli train`.

    Nothing is written unless `results` is given. Ctrl-C in a notebook or at the prompt returns what was learned so far,
    as a run in the state `interrupted`; in a program it is a KeyboardInterrupt.

    Args:
        data: name of a dataset (a card, the path of a table, ...), or data in memory: a pair (X, y) of arrays, lists,
            frames or series, or a data frame of any library, a dict of columns or a list of dicts, with `target`.
        config: options beneath the keywords: a TOML file, a dict, or the options of another run.
        results: folder of all results, in which the run's own folder is written.
        name: name of the run's folder, by default made of the dataset and the run's id.
        resume: continue from the last checkpoint in that folder.
        force: replace a run of that name that is unfinished or has other options.
        data_home: cache of prepared data, by default the user's.
        note: a sentence for provenance.json, shown with the results.
        tags: names for provenance.json, by which `mlpcli list` finds the run.
        plugin: file or files that register parts of your own; they are run.
        on_epoch: called with each row of metrics.csv as a dict.
        progress: show a progress bar; by default in terminals and notebooks.
        **options: any option of a run, as on the command line: width=64, dropout=0.5, target="price".

    Raises:
        UsageError: options that are wrong, or that do not suit the data; nothing was trained.
        DataError: data that cannot be used.
        PluginError: a plugin file cannot be used.
        Diverged: training diverged; `outcome` of the error is the run until then.
        Unavailable, FileError, Busy: as for the command.
    """
    from mlpcli.api.views.progress import epoch_progress

    load(plugin)
    if isinstance(data, str | Path):
        if "dataset" in options:
            raise UsageError("data, dataset: both name the dataset. Give one of them")
        options["dataset"], data = data, None
    chosen = options_from(config, options)

    @contextmanager
    def watch(run: PlannedRun, folder: RunFolder | RunInMemory) -> "Iterator[Callable[[Mapping[str, Any], int], None]]":
        with epoch_progress(run.options, progress) as show:
            yield lambda row, best: (show(row), on_epoch(dict(row)) if on_epoch else None)[0]

    with interruptions_of_python():
        return train_options(
            chosen,
            data,
            results=results,
            name=name,
            resume=resume,
            force=force,
            data_home=data_home,
            said=labels(note, tags),
            watch=watch,
            stop_early=is_interactive(),
        )


def train_options(
    options: RunOptions,
    data: Any = None,
    *,
    results: Path | str | None,
    name: str | None = None,
    resume: bool = False,
    force: bool = False,
    data_home: Path | str | None = None,
    said: Mapping[str, Any] | None = None,
    watch: Watch,
    stop_early: bool = False,
) -> Run:
    """Prepare the data, open the place of the results, train and score: what `train` and the command have in common.

    Args:
        options: the options as given.
        data: data in memory, in place of `options.dataset`.
        results: folder of all results; None writes nothing.
        name: name of the run's folder, by default made of the dataset and the run's id.
        resume: continue from the last checkpoint in that folder.
        force: replace a run of that name that is unfinished or has other options.
        data_home: cache of prepared data, by default the user's.
        said: note and tags of the user, as `labels` gives them.
        watch: see `Watch`.
        stop_early: return what was learned when interrupted.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, unless `stop_early`. Others as for `train`.
    """
    if data is None:
        prepared = prepare(options.data, data_home)
    else:
        from mlpcli.data.in_memory import prepare_in_memory

        prepared = prepare_in_memory(data, options.data, data_home)
        options = options.model_copy(update={"dataset": prepared.name})
    run = plan_run(options, prepared)
    columns = epoch_columns(prepared.task, run.options.monitor)
    diagnostics = DIAGNOSTIC_COLUMNS if options.record else ()
    if results is None:
        if name is not None or resume or force:
            raise UsageError("name, resume, force: they belong to a folder of results. Give results")
        if options.record_weights:
            raise UsageError("record_weights: the weights of epochs are kept in a folder of results. Give results")
        return _trained(run, RunInMemory(columns, diagnostics), said, watch, stop_early)
    with RunFolder(
        Path(results),
        default_name(options.dataset, run.run_id) if name is None else name,
        as_dict(run.options),
        columns=columns,
        diagnostics=diagnostics,
        run_id=run.run_id,
        force=force,
        resume=resume,
    ) as folder:
        return _trained(run, folder, said, watch, stop_early)


def _trained(
    run: PlannedRun,
    folder: RunFolder | RunInMemory,
    said: Mapping[str, Any] | None,
    watch: Watch,
    stop_early: bool,
) -> Run:
    with watch(run, folder) as show:
        if isinstance(folder, RunFolder) and folder.result is not None:
            found = Run.of_folder(folder.path)
            if found.state == "diverged":
                where = Divergence(**found.result["diverged"]) if found.result.get("diverged") else None
                kept_epoch = found.result["best_epoch"] if (folder.path / MODEL).is_file() else None
                raise Diverged(diverged(found.place, run.options, where, kept_epoch), found)
            return found
        try:
            trained = train_run(run, folder, show, stop_early=stop_early, said=said)
        except Diverged as error:
            assert isinstance(error.outcome, Trained)
            error.outcome = Run.of_training(run.options, folder, error.outcome)
            raise
    return Run.of_training(run.options, folder, trained)


@contextmanager
def interruptions_of_python() -> "Iterator[None]":
    """Ctrl-C leaves the block as KeyboardInterrupt, and SIGTERM does what it did before the block."""
    try:
        yield
    except Interrupted as stop:
        if stop.code == ExitCode.TERMINATED:
            signal.raise_signal(signal.SIGTERM)
        raise KeyboardInterrupt(str(stop)) from None


def is_interactive() -> bool:
    """Whether someone is there to look at what an interrupted training returns: a notebook, or the prompt."""
    from mlpcli.api.views.progress import in_notebook

    return hasattr(sys, "ps1") or in_notebook()
