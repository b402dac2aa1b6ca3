"""`mlpcli train`: one network, from options to a results folder."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlpcli.cli.console import message, print_json, table, warning
from mlpcli.cli.flags import Config, DataHome, Json, Name, Quiet, ResultsRoot, switch
from mlpcli.cli.memory import limit_memory
from mlpcli.cli.option_flags import with_options
from mlpcli.cli.views.data_summary import summary_lines, warn_of_columns
from mlpcli.cli.views.epoch_view import epoch_view, short
from mlpcli.config import RunOptions, Source, as_dict, build, read_options
from mlpcli.errors import BadResult

if TYPE_CHECKING:
    from mlpcli.data import Prepared

__all__ = ["train"]

_RUN = "This run"


@with_options()
def train(
    given: Source,
    *,
    resume: Annotated[bool, switch("--resume", help="continue from the last checkpoint", panel=_RUN)] = False,
    force: Annotated[
        bool, switch("--force", help="replace a run of the same name that has other options", panel=_RUN)
    ] = False,
    memory: Annotated[
        str | None,
        typer.Option(help="limit of the process's memory, such as 1GB; mapped data excluded", rich_help_panel=_RUN),
    ] = None,
    config: Config = None,
    name: Name = None,
    results: ResultsRoot = Path("results"),
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train one network and write its options, metrics per epoch, scores, model and provenance to results/<name>/.

    Example: mlpcli train --width 64 --depth 3
    """
    options = build(*([read_options(config)] if config else []), given)

    if memory is not None:
        limit_memory(memory)

    from mlpcli.atomic import shown
    from mlpcli.config.metrics import epoch_columns
    from mlpcli.data import prepare
    from mlpcli.results.naming import default_name
    from mlpcli.results.run_folder import RunFolder
    from mlpcli.training.diagnostics import DIAGNOSTIC_COLUMNS
    from mlpcli.training.session import plan_run, train_run

    data = prepare(options.data, data_home)
    run = plan_run(options, data)
    columns = epoch_columns(data.task)
    folder_name = default_name(options.dataset, run.run_id) if name is None else name
    with RunFolder(
        results,
        folder_name,
        as_dict(run.options),
        columns=columns,
        diagnostics=DIAGNOSTIC_COLUMNS if options.record else (),
        run_id=run.run_id,
        force=force,
        resume=resume,
    ) as folder:
        place = shown(folder.path)
        if folder.warning:
            warning(folder.warning)
        if folder.result is not None:
            message(f"{place} is finished: nothing to do", quiet=quiet)
            _report(folder.result, place, as_json)
            if folder.result["state"] == "diverged":
                raise BadResult(f"training of {place} diverged. Try a lower --lr, or --clip-norm 1")
            return
        message(_introduction(run.options, data), quiet=quiet)
        for text in () if quiet else summary_lines(data.summary):
            message(text)
        warn_of_columns(data.summary)
        if folder.state == "resumed":
            message(f"continuing from the checkpoint in {place}", quiet=quiet)
        try:
            with epoch_view(columns, run.options, quiet) as view:
                train_run(run, folder, sys.argv, view.show)
        finally:
            if folder.result is not None:  # a diverged run has results too
                _report(folder.result, place, as_json)


def _introduction(options: RunOptions, data: "Prepared") -> str:
    """The data and the network to be trained, in two lines."""
    parts = ", ".join(f"{len(part)} {name}" for name, part in data.parts.items())
    ends = f"{len(data.classes)} classes" if data.classes else f"target {', '.join(data.targets)}"
    layers = " -> ".join(map(str, (len(data.features), *options.sizes, ends)))
    return (
        f"{data.name}: {parts} rows, {len(data.features)} features, {ends}\n"
        f"  {layers}, {options.activation}, {options.optimizer} at lr {options.lr:g}, "
        f"batches of {options.batch_size}, seed {options.seed}"
    )


def _report(result: dict[str, Any], place: str, as_json: bool) -> None:
    """Print the scores of the kept weights and the folder that holds them."""
    if as_json:
        print_json(result)
        return
    parts = {name: values for name, values in result["metrics"].items() if values}
    names = list(next(iter(parts.values())))
    rows = [[part, *(short(values[name]) for name in names)] for part, values in parts.items()]
    epochs = f"weights of epoch {result['best_epoch']} of {result['epochs_run']}"
    print(f"{result['parameters']:,} parameters, {epochs}, {result['time_s']:.1f} s")
    table(["", *names], rows)
    print(f"{place}\nNext: mlpcli eval {place}")
