"""`mlpcli sweep`: runs every missing trial of a sweep file, then summarizes all of them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli.console import message, warning
from mlpcli.cli.flags import DataHome, Json, Name, Quiet, ResultsRoot, switch
from mlpcli.errors import BadResult, DataError, FileError, Interrupted, MlpcliError, UsageError
from mlpcli.signals import Interruption

if TYPE_CHECKING:
    from mlpcli.results.sweep_folder import SweepFolder
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
    from mlpcli.sweeps.plan.sweep_plan import Plan
    from mlpcli.workers.executor import Executor

__all__ = ["sweep"]

_PLAN, _RUN = "What runs", "How it runs"

PRELOAD = ("mlpcli.sweeps.run.train_stack",)
"""Modules that workers import while the parent prepares the data."""


class KeepModels(StrEnum):
    """Trials whose model files are kept."""

    NONE = "none"
    BEST = "best"
    ALL = "all"


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="sweep file, such as experiments/dropout.toml")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="override an option of [base]", rich_help_panel=_PLAN),
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
            show_default="5 minutes, or 30 times the estimate",
            rich_help_panel=_RUN,
        ),
    ] = None,
    fail_fast: Annotated[bool, switch("--fail-fast", help="stop at the first trial that fails", panel=_RUN)] = False,
    keep_models: Annotated[
        KeepModels, typer.Option(help="trials whose model files are kept", rich_help_panel=_RUN)
    ] = KeepModels.BEST,
    name: Name = None,
    results: ResultsRoot = Path("results"),
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run every trial of a sweep file; a second run does only what is missing.

    Example: mlpcli sweep experiments/dropout.toml
    """
    from mlpcli.sweeps.plan.plan_file import plan_sweep

    plan = plan_sweep(file, settings=settings or (), seeds=seeds, name=name, max_trials=max_trials)

    from mlpcli.threads import cores
    from mlpcli.workers.registry import open_executor

    jobs = jobs or cores()
    if dry_run:
        from mlpcli.cli.views.sweep_report import show_plan
        from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep

        show_plan(PreparedSweep(plan, data_home), jobs, as_json)
        return
    with open_executor(executor, jobs, PRELOAD, allow_insecure=allow_insecure_dask) as workers, _killing(workers):
        if not (results / plan.file.name / "summary.csv").exists():  # otherwise there may be nothing to train
            workers.warm(min(jobs, len(plan)))

        from mlpcli.atomic import shown
        from mlpcli.cli.views.sweep_report import show_results
        from mlpcli.cli.views.sweep_view import sweep_view
        from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
        from mlpcli.sweeps.run.engine import Engine

        prepared = PreparedSweep(plan, data_home)
        states = {"complete"} if retry_failed else {"complete", "failed", "diverged"}
        with _open_folder(prepared, results, states, restart) as folder:
            if folder.warning:
                warning(folder.warning)
            if not plan.coming:  # later batches may still ask for trials that this plan lacks
                _check_leaving(folder, force, quiet)
            message(_introduction(prepared, len(folder.known), workers.jobs), quiet=quiet)
            view = sweep_view(plan, prepared.metric, quiet)
            engine = Engine(prepared, folder, workers, view, keep_models.value, fail_fast, worker_timeout)
            with _saying_what_is_kept(folder, plan, restart), view:
                engine.run()
            show_results(prepared, engine.summary, folder.known, folder.path, engine.models.best, as_json)
    if lacking := [trial.lack for trial in folder.known.values() if trial.lack]:
        raise (DataError if "memory" in lacking else FileError)(
            f"{len(lacking)} of {len(plan)} trials failed for lack of {lacking[0]}: see the column error of "
            f"{shown(folder.path / 'trials.csv')}. The others are kept. The same command trains these again"
        )
    if troubled := sum(trial.is_troubled for trial in folder.known.values()):
        raise BadResult(
            f"{troubled} of {len(plan)} trials failed or diverged: see the column error of "
            f"{shown(folder.path / 'trials.csv')}. The others are kept. Try again with --retry-failed"
        )


@contextmanager
def _killing(workers: "Executor") -> Iterator[None]:
    """Kill the workers if the sweep ends early; they have nothing to save."""
    try:
        yield
    except BaseException:
        workers.shutdown(wait=False, cancel_futures=True)
        raise


def _open_folder(prepared: "PreparedSweep", results: Path, states: set[str], restart: bool) -> "SweepFolder":
    """The sweep's folder; trials recorded in these states are not run again, nor are pruned ones under halving."""
    from mlpcli.results.provenance import provenance
    from mlpcli.results.sweep_folder import SweepFolder

    plan = prepared.plan
    reused = states | ({"pruned"} if plan.rungs else set())
    digests = sorted({data.digest for data in prepared.data})
    return SweepFolder(
        results,
        plan.file.name,
        sweep=plan.file.text(),
        trials=prepared.trials,
        varied=plan.varied,
        scores=prepared.scores,
        columns=prepared.columns,
        diagnostics=prepared.diagnostics,
        reuse=lambda trial: trial.state in reused and not trial.lack,
        provenance=provenance(sys.argv, ", ".join(digests)),
        restart=restart,
    )


def _check_leaving(folder: "SweepFolder", force: bool, quiet: bool) -> None:
    """Say which trials the plan lacks; those that are complete leave with --force only."""
    from mlpcli.atomic import shown
    from mlpcli.results.sweep_ownership import UNUSED

    if not (leaving := folder.leaving):
        return
    unused = shown(folder.path / UNUSED)
    complete = sum(trial.state == "complete" for trial in leaving)
    if complete and not force:
        raise UsageError(
            f"{shown(folder.path)} has {complete} finished trials that this plan lacks. It is unchanged. Use --force "
            f"to move them to {unused}, from where the old plan takes them back, or choose another --name"
        )
    message(f"{len(leaving)} trials that this plan lacks move to {unused}", quiet=quiet)


@contextmanager
def _saying_what_is_kept(folder: "SweepFolder", plan: "Plan", restarted: bool) -> Iterator[None]:
    """Add to an error that ends the sweep early how much is kept, and the command that continues."""
    from mlpcli.atomic import shown

    try:
        yield
    except (KeyboardInterrupt, MlpcliError) as error:
        how = "the same command" + ", but without --restart" * restarted
        done = f"{len(folder.known)} of {len(plan) + plan.coming} trials"
        if os.path.isfile(folder.path / "trials.csv") or not folder.known:
            kept = f"{done} are kept in {shown(folder.path)}. Go on with {how}"
        else:
            kept = (
                f"{done} are kept, but {shown(folder.path)} was renamed or removed. Put it back, and go on with {how}"
            )
        if isinstance(error, Interruption):
            raise Interrupted(f"{error.word}. {kept}", error.code) from None
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted(f"interrupted. {kept}") from None
        raise type(error)(f"{error}. {kept}") from error


def _introduction(prepared: "PreparedSweep", known: int, jobs: int) -> str:
    plan = prepared.plan
    datasets = ", ".join(dict.fromkeys(data.name for data in prepared.data))
    there = f" ({known} known)" if known else ""
    return (
        f"{plan.file.name}: {plan.configurations} configurations, {len(plan)} trials{there} on {datasets}, {jobs} jobs"
    )
