"""What is said when a sweep starts: what it is about to run, and how to go on with it."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from mlpcli.atomic import shown
from mlpcli.cli import interruption
from mlpcli.cli.console import message, warning
from mlpcli.cli.views.sweep_view import sweep_view
from mlpcli.wording import counted

if TYPE_CHECKING:
    from mlpcli.results.folders.sweep_folder import SweepFolder
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
    from mlpcli.sweeps.run.sweep_watcher import Watcher

__all__ = ["watch_sweep"]


def watch_sweep(
    prepared: "PreparedSweep", folder: "SweepFolder", jobs: int, quiet: bool
) -> "AbstractContextManager[Watcher]":
    """Say what is about to run; the view of its trials."""
    interruption.promise(f"{shown(folder.path)} keeps what was finished. Go on with {folder.again}")
    if folder.warning:
        warning(folder.warning)
    if prepared.caution:
        warning(prepared.caution)
    message(_introduction(prepared, len(folder.known), jobs), quiet=quiet)
    return sweep_view(prepared.plan, prepared.metric, quiet)


def _introduction(prepared: "PreparedSweep", known: int, jobs: int) -> str:
    plan = prepared.plan
    datasets = ", ".join(dict.fromkeys(data.name for data in prepared.data))
    there = f" ({known} known)" if known else ""
    size = f"{counted(plan.configurations, 'configuration')}, {counted(len(plan), 'trial')}"
    more = f", up to {plan.coming} more," if plan.coming else ""
    return f"{plan.file.name}: {size}{there}{more} on {datasets}, {counted(jobs, 'job')}"
