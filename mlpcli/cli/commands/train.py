"""`mlpcli train`: one network, from options to a results folder."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

import mlpcli
from mlpcli.cli import interruption
from mlpcli.cli.console import message, print_json, warning
from mlpcli.cli.flags import Config, DataHome, Json, Name, Note, Quiet, ResultsRoot, Tags, switch
from mlpcli.cli.memory import limit_memory
from mlpcli.cli.option_flags import with_options
from mlpcli.cli.text_table import table
from mlpcli.cli.views.cells import gathered
from mlpcli.cli.views.data_summary import summary_lines, warn_of_columns
from mlpcli.cli.views.epoch_view import EpochView, epoch_view
from mlpcli.cli.views.training_report import keeps_weights, kept_weights, remarks, score_table
from mlpcli.config import RunOptions, Source, build, read_options, unread
from mlpcli.errors import UsageError
from mlpcli.plugins.files import loaded_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlpcli.api.run import Run
    from mlpcli.data import Prepared
    from mlpcli.results.folders.run_folder import RunFolder
    from mlpcli.results.folders.run_in_memory import RunInMemory
    from mlpcli.training.planned_run import PlannedRun

__all__ = ["train"]

_RUN = "This run"


@with_options()
def train(
    given: Source,
    *,
    resume: Annotated[bool, switch("--resume", help="continue from the last checkpoint", panel=_RUN)] = False,
    force: Annotated[
        bool,
        switch("--force", help="replace a run of the same name that is unfinished or has other options", panel=_RUN),
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="take the options of this run or trial; flags override them",
            show_default=False,
            rich_help_panel=_RUN,
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            help="train with several seeds, a number or a list such as 0,1,2, and show mean and interval",
            rich_help_panel=_RUN,
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="limit of the process's memory, such as 1GB; mapped data excluded", rich_help_panel=_RUN),
    ] = None,
    config: Config = None,
    name: Name = None,
    results: ResultsRoot = Path("results"),
    note: Note = None,
    tags: Tags = None,
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train one network and write its options, metrics per epoch, scores, model and provenance to results/<name>/.

    The options of a run may also stand in a TOML file (--config), under their names with _ for -.

    Examples: mlpcli train --width 64 --depth 3
              mlpcli train --dataset houses.csv --target price --seeds 5
    """
    interruption.promise(interruption.NOTHING)
    recorded = _recorded(source, results) if source else []
    options = build(*recorded, *([read_options(config)] if config else []), given)

    if "val_size" in given.values and "val_size" in unread(options):
        warning("--val-size has no effect beside --folds, --val-dataset or an ensemble, which decide what validates")

    if memory is not None:
        limit_memory(memory)

    from mlpcli.api.train import train_options
    from mlpcli.errors import Diverged
    from mlpcli.results.provenance import labels

    said = labels(note, tags or ())
    if seeds is not None:
        for flag, typed in (("--seed", "seed" in given.values), ("--resume", resume)):
            if typed:
                raise UsageError(f"--seeds, {flag}: only one of them is possible. Leave one out")
        _train_seeds(options, seeds, results, name, force, data_home, said, as_json, quiet)
        return

    try:
        run = train_options(
            options,
            results=results,
            name=name,
            resume=resume,
            force=force,
            data_home=data_home,
            said=said,
            watch=lambda planned, folder: _watched(planned, folder, quiet),
        )
    except Diverged as error:  # what was learned before is reported too
        _report(cast("Run", error.outcome), as_json, quiet)
        raise
    _report(run, as_json, quiet)


def _recorded(name: str, results: Path) -> list[Source]:
    """The options of the run or the trial that --from names."""
    from mlpcli.results.folders.find import find_named
    from mlpcli.results.reading.recorded import changed_plugins, other_version, recorded_options

    named = find_named(name, results)
    if (version := other_version(named.path)) is not None:
        warning(f"{name} was made by mlpcli {version!a}, this is {mlpcli.__version__}: numbers may differ")
    for file in changed_plugins(named.path):
        warning(f"{file} is not what {name} was trained with, so that the numbers may differ")
    return recorded_options(named)


def _train_seeds(
    options: RunOptions,
    seeds: str,
    results: Path,
    name: str | None,
    force: bool,
    data_home: Path | None,
    said: "Mapping[str, Any]",
    as_json: bool,
    quiet: bool,
) -> None:
    """Train with each seed, as a sweep does, and show mean and interval of every score."""
    from mlpcli.api.seeds import train_seeds
    from mlpcli.atomic import shown
    from mlpcli.cli.views.seeds_report import show_seeds
    from mlpcli.cli.views.sweep_start import watch_sweep
    from mlpcli.training.loop.divergence import Divergence, remedy

    swept = train_seeds(
        options,
        seeds,
        results=results,
        name=name,
        force=force,
        data_home=data_home,
        said=said,
        watch=lambda prepared, folder, jobs: watch_sweep(prepared, folder, jobs, quiet),
    )
    show_seeds(swept, as_json)
    table, failed = shown(swept.path / "trials.csv"), f"Train these again with {swept.again}"
    ended = (trial for trial in swept.trials.values() if trial.state == "diverged")
    found = [one for trial in ended if trial.error and (one := Divergence.parse(trial.error))]
    if problem := swept.problem(table, failed=failed, diverged=remedy(options, found)):
        raise problem


@contextmanager
def _watched(
    run: "PlannedRun", folder: "RunFolder | RunInMemory", quiet: bool
) -> "Iterator[Callable[[Mapping[str, Any], int], None]]":
    """Say what is about to be trained, and show the epochs."""
    from mlpcli.atomic import shown
    from mlpcli.config.metrics import epoch_columns

    assert folder.path is not None
    interruption.promise(f"{shown(folder.path)} keeps what was finished. Go on with the same command and --resume")
    if folder.warning:
        warning(folder.warning)
    if folder.state == "finished":
        message(f"{shown(folder.path)} is finished: nothing to do", quiet=quiet)
        yield EpochView().show
        return
    message(_introduction(run.options, run.data), quiet=quiet)
    for text in () if quiet else summary_lines(run.data.summary):
        message(text)
    warn_of_columns(run.data.summary)
    if folder.state == "resumed":
        message(f"continuing from the checkpoint in {shown(folder.path)}", quiet=quiet)
    with epoch_view(epoch_columns(run.data.task, run.options.monitor), run.options, quiet) as view:
        yield view.show


def _introduction(options: RunOptions, data: "Prepared") -> str:
    """The data and the network to be trained, in two lines."""
    parts = ", ".join(f"{len(part)} {name}" for name, part in data.parts.items())
    ends = f"{len(data.classes)} classes" if data.classes else f"target {', '.join(data.targets)}"
    scores = "1 score for 2 classes" if data.classes and len(data.classes) == 2 else ends
    layers = " -> ".join((str(len(data.features)), *gathered(map(str, options.sizes)), scores))
    several = "" if options.ensemble == 1 else f"{options.ensemble} networks: "
    if data.folds is not None:
        several = f"{options.ensemble} networks, each validated on a fold of the train rows:\n  "
    batches = "full batches" if options.batch_size == "full" else f"batches of {options.batch_size}"
    return (
        f"{data.name}: {parts} rows, {len(data.features)} features, {ends}\n"
        f"  {several}{layers}, {options.activation}, {options.optimizer} at lr {options.lr:g}, "
        f"{batches}, seed {options.seed}"
    )


def _report(run: "Run", as_json: bool, quiet: bool) -> None:
    """Print the scores of the kept weights and the folder that holds them, and remark on what looks wrong."""
    result = run.result
    if as_json:
        print_json(result)
    else:
        words = kept_weights(result["best_epoch"], result["epochs_run"], result["config"].get("ensemble", 1))
        kept = f"{words}, " if keeps_weights(result) else ""
        print(f"{result['parameters']:,} parameters, {kept}{result['time_s']:.1f} s")
        table(*score_table(result))
        following = "" if run.state == "diverged" else f"\nNext: mlpcli eval {run.place}{loaded_flags()}"
        print(f"{run.place}{following}", flush=True)  # the remarks stand below
    for remark in remarks(result):
        message(f"Note: {remark}", quiet=quiet)
