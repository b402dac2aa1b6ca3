"""One configuration trained with several seeds: a sweep that varies nothing, behind `mlpcli train --seeds 5`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlpcli.api.keyword_options import plain
from mlpcli.api.run_plan import Swept, Watch, run_plan
from mlpcli.api.sweep_workers import opened_workers
from mlpcli.config import RunOptions, as_dict, waits_for_data
from mlpcli.config.identity import run_id
from mlpcli.errors import UsageError
from mlpcli.results.folders.naming import default_name
from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.sweeps.run.kept_models import KeepModels
from mlpcli.threads import cores

__all__ = ["plan_seeds", "train_seeds"]


def plan_seeds(options: RunOptions, seeds: str, name: str | None = None) -> Plan:
    """The plan of these options with each seed, their own aside; equal options have one folder whatever the seeds.

    >>> plan = plan_seeds(RunOptions(width=8), "3")
    >>> len(plan), plan.configurations, plan.file.name.endswith("-seeds")
    (3, 1, True)

    Raises:
        UsageError: `seeds` is no number of seeds and no list of them, or the options are those of one fold.
    """
    if options.folds:
        raise UsageError(
            "--seeds, --folds: a sweep file with folds = N and seeds = M trains every fold with every seed"
        )
    values = {name: plain(value) for name, value in as_dict(options).items()}
    waiting = {name for name in values if waits_for_data(options, name)}  # which the preset fills in for each training
    own = {"seed", "fold", "folds", *waiting, *([] if waiting else ["preset"])}
    base = {name: value for name, value in values.items() if name not in own}
    seedless = options.model_copy(update={"seed": 0})
    chosen = name or default_name(options.dataset, f"{run_id(seedless, '')}-seeds")
    return plan_sweep(Path("--seeds"), {"base": base}, seeds=seeds, name=chosen)


def train_seeds(
    options: RunOptions,
    seeds: str,
    *,
    results: Path,
    name: str | None,
    force: bool,
    data_home: Path | None,
    said: Mapping[str, Any],
    watch: Watch,
) -> Swept:
    """Train what is missing of these seeds, on all cores; the folder is a sweep's, and the best model is kept.

    Each training equals `mlpcli train --threads 1` with its seed; one that failed or diverged is done again, as there.
    """
    plan = plan_seeds(options, seeds, name)
    with opened_workers(plan, results, jobs=cores(), executor="local") as workers:
        return run_plan(
            plan,
            workers,
            results=results,
            data_home=data_home,
            keep_models=KeepModels.BEST,
            retry_failed=True,
            restart=False,
            force=force,
            fail_fast=False,
            said=said,
            watch=watch,
        )
