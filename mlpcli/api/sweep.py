"""Sweeps from Python: `mlpcli.sweep`, and the steps that it shares with the command.

>>> found = sweep({"seeds": 2, "base": {"dataset": "xor", "epochs": 5}, "grid": {"width": [2, 8]}}, executor="serial")
>>> found.trials[["width", "seed", "state"]].values.tolist()
[[2, 0, 'complete'], [2, 1, 'complete'], [8, 0, 'complete'], [8, 1, 'complete']]
"""

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.api.options import plain
from mlpcli.api.progress import sweep_progress
from mlpcli.api.sweep_results import Sweep
from mlpcli.api.train import interruptions_of_python, is_interactive
from mlpcli.atomic import shown
from mlpcli.config import DataOptions, Source, build, read_toml
from mlpcli.data.in_memory import cache_in_memory
from mlpcli.errors import BadResult, DataError, FileError, Interrupted, MlpcliError, UsageError
from mlpcli.results.files.csv_text import cell
from mlpcli.results.folders.sweep_folder import SweepFolder
from mlpcli.results.folders.sweep_ownership import UNUSED
from mlpcli.results.provenance import labels, provenance
from mlpcli.results.summary import Rival
from mlpcli.results.trial import Trial
from mlpcli.signals import Interruption
from mlpcli.sweeps.plan.plan_file import MAX_TRIALS, plan_sweep
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.sweeps.run.engine import Engine
from mlpcli.sweeps.run.sweep_watcher import Watcher
from mlpcli.sweeps.run.time_limit import TimeLimit
from mlpcli.sweeps.run.train_stack import KeepModels
from mlpcli.sweeps.spec.duration import seconds_of
from mlpcli.sweeps.spec.sweep_file import find_sweep
from mlpcli.threads import cores
from mlpcli.workers.executor import Executor
from mlpcli.workers.registry import open_executor

__all__ = ["Swept", "Watch", "run_plan", "sweep"]

PRELOAD = ("mlpcli.sweeps.run.train_stack",)
"""Modules that workers import while the parent prepares the data."""

Watch = Callable[[PreparedSweep, SweepFolder, int], AbstractContextManager[Watcher]]
"""Entered around the training of a sweep; given its opened folder and the number of jobs."""


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
    keep_models: KeepModels = "best",
    retry_failed: bool = False,
    restart: bool = False,
    force: bool = False,
    fail_fast: bool = False,
    time_limit: float | str | None = None,
    note: str | None = None,
    tags: Sequence[str] = (),
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
        progress: show a progress bar; by default in terminals and notebooks.
        **base: options over those of [base]: epochs=10.

    Raises:
        UsageError: a sweep or options that are wrong; nothing was run.
        DataError: data that cannot be used.
        BadResult: with `fail_fast`, a trial failed.
        Unavailable, FileError, Busy: as for the command.
    """
    path = Path("sweep") if isinstance(spec, Mapping) else Path(spec)
    document: Any = plain(spec) if isinstance(spec, Mapping) else None
    if data is not None:
        document = _with_data(read_toml(find_sweep(path)) if document is None else document, data, data_home)
    chosen = None if seeds is None else str(seeds) if isinstance(seeds, int) else ",".join(map(str, [*seeds, ""]))
    settings = [f"{option}={cell(plain(value))}" for option, value in base.items() if value is not None]
    plan = plan_sweep(path, document, settings=settings, seeds=chosen, name=name, max_trials=max_trials)
    with tempfile.TemporaryDirectory(prefix="mlpcli-") as scratch, interruptions_of_python():
        swept = run_plan(
            plan,
            jobs=jobs or cores(),
            executor=executor,
            results=Path(scratch if results is None else results),
            data_home=None if data_home is None else Path(data_home),
            keep_models=keep_models,
            retry_failed=retry_failed,
            restart=restart,
            force=force,
            fail_fast=fail_fast,
            time_limit=None if time_limit is None else seconds_of(str(time_limit)),
            command=sys.argv,
            said=labels(note, tags),
            watch=lambda prepared, folder, jobs: sweep_progress(prepared.plan, progress),
            stop_early=is_interactive(),
        )
        found = Sweep.of_folder(swept.path)
        if results is None:
            found = found.in_memory()
    if problem := swept.problem("trials" if results is None else shown(swept.path / "trials.csv")):
        warnings.warn(str(problem), stacklevel=2)
    return found


@dataclass(frozen=True)
class Swept:
    """A sweep that was run: its trials by number, the rows of summary.csv, its folder and the best model's file.

    `rivals` is the best configuration beside others where none has a baseline. `is_out_of_time` says that the time
    limit came before the end, so that there is no summary.
    """

    prepared: PreparedSweep
    trials: Mapping[int, Trial]
    summary: Sequence[Mapping[str, Any]]
    rivals: Sequence[Rival]
    path: Path
    best: Path | None
    is_out_of_time: bool = False

    def problem(self, table: str) -> MlpcliError | None:
        """Error that ends the command if trials failed or diverged; `table` names the place of the trials."""
        total = len(self.prepared.plan)
        if lacking := [trial.lack for trial in self.trials.values() if trial.lack]:
            return (DataError if "memory" in lacking else FileError)(
                f"{len(lacking)} of {total} trials failed for lack of {lacking[0]}: see the column error of {table}. "
                "The others are kept. The same command trains these again"
            )
        if troubled := sum(trial.is_troubled for trial in self.trials.values()):
            return BadResult(
                f"{troubled} of {total} trials failed or diverged: see the column error of {table}. The others are "
                "kept. Try again with --retry-failed"
            )
        return None


def run_plan(
    plan: Plan,
    *,
    jobs: int,
    executor: str,
    allow_insecure_dask: bool = False,
    worker_timeout: float | None = None,
    time_limit: float | None = None,
    results: Path,
    data_home: Path | None,
    keep_models: KeepModels,
    retry_failed: bool,
    restart: bool,
    force: bool,
    fail_fast: bool,
    command: Sequence[str],
    said: Mapping[str, Any] | None = None,
    watch: Watch,
    stop_early: bool = False,
) -> Swept:
    """Prepare the data, open the folder, run what is missing: what `sweep` and the command have in common.

    The arguments are those of `sweep`, with `command` for provenance.json and a `Watch`. With `stop_early` an
    interrupted sweep returns what it has, without a summary.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, unless `stop_early`. Others as for `sweep`.
    """
    limit = TimeLimit(time_limit)
    with open_executor(executor, jobs, PRELOAD, allow_insecure=allow_insecure_dask) as workers, _killing(workers):
        if not (results / plan.file.name / "summary.csv").exists():  # otherwise there may be nothing to train
            workers.warm(min(jobs, len(plan)))
        prepared = PreparedSweep(plan, data_home)
        states = {"complete"} if retry_failed else {"complete", "failed", "diverged"}
        with _open_folder(prepared, results, states, restart, command, said) as folder:
            if not plan.coming:  # later batches may still ask for trials that this plan lacks
                _check_leaving(folder, force)
            with watch(prepared, folder, workers.jobs) as view:
                engine = Engine(prepared, folder, workers, view, keep_models, fail_fast, worker_timeout, limit)
                try:
                    with _saying_what_is_kept(folder, plan, restart):
                        engine.run()
                except Interrupted:
                    if not (stop_early and folder.known):
                        raise
                    workers.shutdown(wait=False, cancel_futures=True)
            return Swept(
                prepared,
                folder.known,
                engine.summary,
                engine.rivals,
                folder.path,
                engine.models.best,
                is_out_of_time=limit.is_over,
            )


def _with_data(document: Mapping[str, Any], data: Any, data_home: Path | str | None) -> dict[str, Any]:
    """The sweep with the name in [base] under which the cache has the data."""
    base = dict(document.get("base", {}))
    asked = {name: value for name, value in base.items() if name in DataOptions.model_fields}
    options = cache_in_memory(data, build(Source(asked, "[base] ")).data, data_home)
    scale = {} if options.scale == "standard" else {"scale": options.scale}
    return {**document, "base": {**base, **scale, "dataset": options.dataset}}


@contextmanager
def _killing(workers: Executor) -> Iterator[None]:
    """Kill the workers if the sweep ends early; they have nothing to save."""
    try:
        yield
    except BaseException:
        workers.shutdown(wait=False, cancel_futures=True)
        raise


def _open_folder(
    prepared: PreparedSweep,
    results: Path,
    states: set[str],
    restart: bool,
    command: Sequence[str],
    said: Mapping[str, Any] | None,
) -> SweepFolder:
    """The sweep's folder; trials recorded in these states are not run again, nor are pruned ones under halving."""
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
        folds=plan.file.folds > 0,
        reuse=lambda trial: trial.state in reused and not trial.lack,
        provenance=provenance(command, ", ".join(digests), said) | {"trials": len(plan) + plan.coming},
        restart=restart,
    )


def _check_leaving(folder: SweepFolder, force: bool) -> None:
    """Trials that the plan lacks leave the tables; those that are complete with `force` only."""
    leaving = [trial for trial in folder.leaving if trial.state == "complete"]
    if leaving and not force:
        same = set(map(_place, leaving)) <= set(map(_place, folder.planned))
        reason = ": their data, their version of mlpcli or options that do not vary differ" if same else ""
        raise UsageError(
            f"{shown(folder.path)} has {len(leaving)} finished trials that this plan lacks{reason}. It is unchanged. "
            f"Use --force to move them to {shown(folder.path / UNUSED)}, from where the old plan takes them back, or "
            "choose another --name"
        )


def _place(trial: Trial) -> tuple[int, tuple[str, ...]]:
    """The seed of a trial, and its varied options as in trials.csv."""
    return trial.seed, tuple(cell(value) for value in trial.options.values())


@contextmanager
def _saying_what_is_kept(folder: SweepFolder, plan: Plan, restarted: bool) -> Iterator[None]:
    """Add to an error that ends the sweep early how much is kept, and the command that continues."""
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
