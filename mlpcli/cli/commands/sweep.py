"""`mlpcli sweep`: runs every missing trial of a sweep file, then summarizes all of them."""

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import interruption
from mlpcli.cli.console import is_terminal, warning
from mlpcli.cli.flags import DataHome, Json, Name, Note, Quiet, ResultsRoot, Tags, switch
from mlpcli.errors import UsageError
from mlpcli.sweeps.run.kept_models import KeepModels

__all__ = ["sweep"]

_PLAN, _RUN, _TABLE = "Plan", "Execution", "Table at the end"


def _print_file_page(wanted: bool) -> None:
    if wanted:
        from mlpcli.sweeps.spec.file_page import file_page

        print(file_page(), end="")
        raise typer.Exit


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="sweep file, such as experiments/dropout.toml")],
    help_file: Annotated[
        bool,
        typer.Option(
            "--help-file", callback=_print_file_page, is_eager=True, metavar="", help="explain the sweep file and exit"
        ),
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="override an option of the table base, or any key: grid.width=[8,16]",
            rich_help_panel=_PLAN,
        ),
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="number of seeds, or a list: 0,1,2", rich_help_panel=_PLAN)] = None,
    max_trials: Annotated[
        int, typer.Option(min=1, help="refuse a plan with more trials", rich_help_panel=_PLAN)
    ] = 10_000,
    dry_run: Annotated[
        bool, switch("--dry-run", help="show the trials, their stacks and the time, and run nothing", panel=_PLAN)
    ] = False,
    retry_failed: Annotated[
        bool, switch("--retry-failed", help="run failed and diverged trials again", panel=_PLAN)
    ] = False,
    force: Annotated[
        bool, switch("--force", help="let finished trials that the plan lacks move to unused/", panel=_PLAN)
    ] = False,
    restart: Annotated[
        bool, switch("--restart", help="run everything again; old tables move to unused/", panel=_PLAN)
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="worker processes", show_default="all cores", rich_help_panel=_RUN),
    ] = None,
    executor: Annotated[
        str, typer.Option(metavar="NAME", help="serial, local, dask or dask://HOST:PORT", rich_help_panel=_RUN)
    ] = "local",
    allow_insecure_dask: Annotated[
        bool, switch("--allow-insecure-dask", help="join a cluster on another machine without TLS", panel=_RUN)
    ] = False,
    worker_timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=1,
            help="give a job that takes longer to another worker",
            show_default="5 minutes, or 30 times the estimate if that is longer",
            rich_help_panel=_RUN,
        ),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="start no trial that should end later: 90s, 10m, 1.5h", rich_help_panel=_RUN),
    ] = None,
    fail_fast: Annotated[bool, switch("--fail-fast", help="stop at the first trial that fails", panel=_RUN)] = False,
    keep_models: Annotated[
        KeepModels, typer.Option(help="trials whose model files are kept", rich_help_panel=_RUN)
    ] = KeepModels.BEST,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="configurations shown at the end, the best first",
            show_default="20 on a terminal, else all",
            rich_help_panel=_TABLE,
        ),
    ] = None,
    all_: Annotated[bool, switch("--all", help="show all configurations at the end", panel=_TABLE)] = False,
    name: Name = None,
    results: ResultsRoot = Path("results"),
    note: Note = None,
    tags: Tags = None,
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run every trial of a sweep file; a second run does only what is missing.

    Example: mlpcli sweep experiments/dropout.toml
    """
    interruption.promise(interruption.NOTHING)

    from mlpcli.sweeps.plan.plan_file import plan_sweep
    from mlpcli.sweeps.run.time_limit import TimeLimit

    if all_ and top is not None:
        raise UsageError("--top, --all: only one of them is possible. Leave one out")

    limit = TimeLimit.of(time_limit)
    plan = plan_sweep(file, settings=settings or (), seeds=seeds, name=name, max_trials=max_trials)

    from mlpcli.threads import cores

    jobs = jobs or cores()
    if dry_run:
        from mlpcli.cli.views.sweep_report import show_plan
        from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep

        prepared = PreparedSweep(plan, data_home)
        if prepared.caution:
            warning(prepared.caution)
        show_plan(prepared, jobs, as_json)
        return

    from mlpcli.api.sweep_workers import opened_workers

    with opened_workers(
        plan, results, jobs=jobs, executor=executor, allow_insecure_dask=allow_insecure_dask
    ) as workers:
        from mlpcli.api.run_plan import run_plan
        from mlpcli.atomic import shown
        from mlpcli.cli.views.sweep_report import TOP, show_results
        from mlpcli.cli.views.sweep_start import watch_sweep
        from mlpcli.results.provenance import labels

        swept = run_plan(
            plan,
            workers,
            worker_timeout=worker_timeout,
            limit=limit,
            results=results,
            data_home=data_home,
            keep_models=keep_models,
            retry_failed=retry_failed,
            restart=restart,
            force=force,
            fail_fast=fail_fast,
            said=labels(note, tags or ()),
            watch=lambda prepared, folder, jobs: watch_sweep(prepared, folder, jobs, quiet),
        )
    show_results(swept, None if all_ else top or (TOP if is_terminal() else None), as_json)
    if problem := swept.problem(shown(swept.path / "trials.csv"), failed="Try again with --retry-failed"):
        raise problem
