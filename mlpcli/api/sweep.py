"""Sweeps from Python: `mlpcli.sweep`.

>>> found = sweep({"seeds": 2, "base": {"dataset": "xor", "epochs": 5}, "grid": {"width": [2, 8]}}, executor="serial")
>>> found.trials[["width", "seed", "state"]].values.tolist()
[[2, 0, 'complete'], [2, 1, 'complete'], [8, 0, 'complete'], [8, 1, 'complete']]
"""

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlpcli.api.arguments import COUNT, FLAG, PATH, PATHS, TEXT, TEXTS, checked
from mlpcli.api.keyword_options import plain
from mlpcli.api.run_plan import run_plan
from mlpcli.api.sweep_results import Sweep
from mlpcli.api.sweep_workers import opened_workers
from mlpcli.api.train import interruptions_of_python, is_interactive
from mlpcli.api.views.progress import sweep_progress
from mlpcli.atomic import shown
from mlpcli.config import DataOptions, Source, build, read_toml
from mlpcli.data.in_memory import cache_in_memory
from mlpcli.errors import UsageError
from mlpcli.notices import warn_caller
from mlpcli.plugins.files import Files, load
from mlpcli.results.files.csv_text import word
from mlpcli.results.provenance import labels
from mlpcli.sweeps.plan.plan_file import MAX_TRIALS, plan_sweep
from mlpcli.sweeps.run.kept_models import KeepModels
from mlpcli.sweeps.run.time_limit import TimeLimit
from mlpcli.sweeps.spec.sweep_file import find_sweep
from mlpcli.threads import cores
from mlpcli.wording import quote

__all__ = ["sweep"]


@checked(
    executor=TEXT,
    name=TEXT,
    max_trials=COUNT,
    results=PATH,
    data_home=PATH,
    keep_models=TEXT,
    retry_failed=FLAG,
    restart=FLAG,
    force=FLAG,
    fail_fast=FLAG,
    note=TEXT,
    tags=TEXTS,
    plugin=PATHS,
    progress=FLAG,
)
def sweep(
    spec: Path | str | Mapping[str, Any],
    *,
    data: Any = None,
    jobs: int | None = None,
    executor: str = "local",
    seeds: int | Sequence[int] | None = None,
    name: str | None = None,
    max_trials: int = MAX_TRIALS,
    results: Path | str | None = None,
    data_home: Path | str | None = None,
    keep_models: str = "best",
    retry_failed: bool = False,
    restart: bool = False,
    force: bool = False,
    fail_fast: bool = False,
    time_limit: float | str | None = None,
    note: str | None = None,
    tags: Sequence[str] = (),
    plugin: Files = None,
    progress: bool | None = None,
    **base: Any,
) -> Sweep:
    """Run every trial of a sweep; with equal content the numbers are those of `mlpcli sweep`.

    Nothing is written unless `results` is given. Ctrl-C in a notebook or at the prompt returns the trials that have
    ended. Trials that failed or diverged are in the table, and said in a warning.

    Args:
        spec: a sweep file, or a dict of the same shape.
        data: data in memory in place of a dataset, as for `train`; workers read them from the cache.
        jobs: worker processes, by default as many as there are cores.
        executor: serial, local, dask or dask://HOST:PORT.
        seeds: number of seeds or a list of them, over those of the file.
        name: name of the sweep and of its folder.
        max_trials: refuse a plan with more trials.
        results: folder of all results, in which the sweep's own is written; trials that it has are not run again.
        data_home: cache of prepared data, by default the user's.
        keep_models: trials whose models are kept: none, best or all.
        retry_failed: run failed and diverged trials again.
        restart: run everything again.
        force: let finished trials that the plan lacks leave the folder's tables.
        fail_fast: stop at the first trial that fails.
        time_limit: seconds, or a text such as 10m: no trial starts that should end later.
        note: a sentence for provenance.json, shown with the results.
        tags: names for provenance.json, by which `mlpcli list` finds the sweep.
        plugin: file or files that register parts of your own; they are run, in worker processes too.
        progress: show a progress bar; by default in terminals and notebooks.
        **base: options over those of [base]: epochs=10.

    Raises:
        UsageError: a sweep or options that are wrong; nothing was run.
        DataError: data that cannot be used.
        PluginError: a plugin file cannot be used.
        BadResult: with `fail_fast`, a trial failed.
        Unavailable, FileError, Busy: as for the command.
    """
    if keep_models not in list(KeepModels):
        raise UsageError(f"keep_models: got {quote(str(keep_models))}, expected one of {', '.join(KeepModels)}")
    processes: Any = cores() if jobs is None else plain(jobs)
    if type(processes) is not int or processes < 1:
        raise UsageError(f"jobs: got {quote(jobs)}, expected an integer of at least 1")
    if not isinstance(spec, Mapping | os.PathLike | str):
        raise UsageError(f"spec: got {quote(spec)}, expected a sweep file or a dict of the same shape")
    load(plugin)
    over = {option: plain(value) for option, value in base.items() if value is not None}
    path = Path("sweep") if isinstance(spec, Mapping) else Path(spec)
    document: Any = _told(plain(spec), "sweep") if isinstance(spec, Mapping) else None
    if data is not None:
        document = _with_data(read_toml(find_sweep(path)) if document is None else document, over, data, data_home)
    listed: Any = plain(seeds)
    if isinstance(listed, Iterable) and not isinstance(listed, str | list):
        raise UsageError(f"seeds: got {quote(seeds)}, expected their number, or a list of them")
    if isinstance(listed, list):
        listed = ",".join(map(str, [*listed, ""]))
    chosen = None if listed is None else str(listed)
    settings = [f"{option}={word(value)}" for option, value in over.items()]
    plan = plan_sweep(path, document, settings=settings, seeds=chosen, name=name, max_trials=max_trials)
    limit = TimeLimit.of(time_limit)
    with tempfile.TemporaryDirectory(prefix="mlpcli-") as scratch, interruptions_of_python():
        root = Path(scratch if results is None else results)
        with opened_workers(plan, root, jobs=processes, executor=executor) as workers:
            swept = run_plan(
                plan,
                workers,
                results=root,
                results_last=results is not None,
                data_home=None if data_home is None else Path(data_home),
                keep_models=KeepModels(keep_models),
                retry_failed=retry_failed,
                restart=restart,
                force=force,
                fail_fast=fail_fast,
                limit=limit,
                said=labels(note, tags),
                watch=lambda prepared, folder, jobs: sweep_progress(prepared.plan, progress),
                stop_early=is_interactive(),
            )
        found = Sweep.of_folder(swept.path)
        if results is None:
            found = found.in_memory()
    if results is None:
        problem = swept.problem("trials", failed="Try again")
    else:
        problem = swept.problem(shown(swept.path / "trials.csv"), failed="Try again with retry_failed=True")
    if problem:
        warn_caller(str(problem))
    if swept.prepared.caution:
        warn_caller(swept.prepared.caution)
    if swept.is_out_of_time:
        rest = "Allow more time" if results is None else "The same call goes on"
        warn_caller(f"time limit: {swept.done} have ended, and there is no summary. {rest}")
    return found


def _told(value: object, place: str) -> object:
    """The value without keys that are None: they say as little as keywords that are None.

    Raises:
        UsageError: a list has a None, or a set or a generator stands for one.
    """
    if isinstance(value, Mapping):
        return {key: _told(member, f"{place}: {key}") for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_told(member, place) for member in value]
    if value is None or (isinstance(value, Iterable) and not isinstance(value, str | bytes)):
        raise UsageError(f"{place}: got {quote(value)}, expected a list of values, none of which is None")
    return value


def _with_data(
    document: Mapping[str, Any], over: Mapping[str, object], data: Any, data_home: Path | str | None
) -> dict[str, Any]:
    """The sweep with the name in [base] under which the cache has the data, read as its options and `over` ask."""
    base = dict(document.get("base", {}))
    asked = {name: value for name, value in {**base, **over}.items() if name in DataOptions.model_fields}
    options = cache_in_memory(data, build(Source(asked, "[base] ")).data, data_home)
    scale = {} if options.scale == "standard" else {"scale": options.scale}
    return {**document, "base": {**base, **scale, "dataset": options.dataset}}
