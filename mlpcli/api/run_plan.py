"""From the plan of a sweep to its results: the steps that `mlpcli.sweep`, the command and `train --seeds` share."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.atomic import shown
from mlpcli.errors import BadResult, DataError, FileError, Interrupted, MlpcliError, UsageError
from mlpcli.results.files.csv_text import cell
from mlpcli.results.folders.sweep_folder import SweepFolder
from mlpcli.results.folders.sweep_ownership import UNUSED
from mlpcli.results.provenance import provenance
from mlpcli.results.summary import Rival
from mlpcli.results.trial import Trial
from mlpcli.signals import Interruption
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.sweeps.run.engine import Engine
from mlpcli.sweeps.run.kept_models import KeepModels
from mlpcli.sweeps.run.sweep_watcher import Watcher
from mlpcli.sweeps.run.time_limit import TimeLimit
from mlpcli.workers.executor import Executor

__all__ = ["Swept", "Watch", "run_plan"]

Watch = Callable[[PreparedSweep, SweepFolder, int], AbstractContextManager[Watcher]]
"""Entered around the training of a sweep; given its opened folder and the number of jobs."""


@dataclass(frozen=True)
class Swept:
    """A sweep that was run: its trials by number, the rows of summary.csv, its folder and the best model's file.

    `rivals` is the best configuration beside others where none has a baseline. `is_out_of_time` says that the time
    limit came before the end, so that there is no summary; `waiting` is then the number of trials that are recorded
    only as far as a rung of [halving]. `again` is that of `SweepFolder`.
    """

    prepared: PreparedSweep
    trials: Mapping[int, Trial]
    summary: Sequence[Mapping[str, Any]]
    rivals: Sequence[Rival]
    path: Path
    best: Path | None
    again: str
    is_out_of_time: bool = False
    waiting: int = 0

    @property
    def done(self) -> str:
        """How many trials are there, in words."""
        return _done(len(self.trials), self.waiting, self.prepared.plan)

    def problem(self, table: str, *, failed: str, diverged: str | None = None) -> MlpcliError | None:
        """Error that ends the command if trials failed or diverged.

        Args:
            table: the place of the trials.
            failed: what to do about trials that failed.
            diverged: what to do where all of them diverged; by default the same.
        """
        total = len(self.prepared.plan)
        if lacking := [trial.lack for trial in self.trials.values() if trial.lack]:
            return (DataError if "memory" in lacking else FileError)(
                f"{len(lacking)} of {total} trials failed for lack of {lacking[0]}: see the column error of {table}. "
                f"{'The others are kept. ' if len(lacking) < total else ''}Train these again with {self.again}"
            )
        if troubled := [trial.state for trial in self.trials.values() if trial.is_troubled]:
            return BadResult(
                f"{len(troubled)} of {total} trials failed or diverged: see the column error of {table}. "
                f"{'The others are kept. ' if len(troubled) < total else ''}"
                f"{failed if 'failed' in troubled else diverged or failed}"
            )
        return None


def run_plan(
    plan: Plan,
    workers: Executor,
    *,
    worker_timeout: float | None = None,
    limit: TimeLimit | None = None,
    results: Path,
    results_last: bool = True,
    data_home: Path | None,
    keep_models: KeepModels,
    retry_failed: bool,
    restart: bool,
    force: bool,
    fail_fast: bool,
    said: Mapping[str, Any] | None = None,
    watch: Watch,
    stop_early: bool = False,
) -> Swept:
    """Prepare the data, open the folder, run what is missing: what `sweep` and the command have in common.

    The arguments are those of `sweep`, with the workers that `opened_workers` gives and a `Watch`. With
    `stop_early` an interrupted sweep returns what it has, without a summary. `results_last` is False for a folder of
    the caller's that will be removed.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, unless `stop_early`. Others as for `sweep`.
    """
    prepared = PreparedSweep(plan, data_home)
    states = {"complete"} if retry_failed else {"complete", "failed", "diverged"}
    with _open_folder(prepared, results, states, restart, said) as folder:
        if not force:
            _check_leaving(folder, plan)
        with watch(prepared, folder, workers.jobs) as view:
            engine = Engine(prepared, folder, workers, view, keep_models, fail_fast, worker_timeout, limit)
            try:
                with _saying_what_is_kept(folder, engine, results_last):
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
            folder.again,
            is_out_of_time=limit is not None and limit.is_over,
            waiting=engine.waiting,
        )


def _open_folder(
    prepared: PreparedSweep,
    results: Path,
    states: set[str],
    restart: bool,
    said: Mapping[str, Any] | None,
) -> SweepFolder:
    """The sweep's folder; trials recorded in these states are not run again, nor are pruned ones under halving."""
    plan = prepared.plan
    reused = states | ({"pruned"} if plan.file.halving else set())
    digests = sorted({data.digest for data in prepared.data})
    return SweepFolder(
        results,
        plan.file.name,
        sweep=plan.file.text(),
        searches=plan.file.search is not None,
        trials=prepared.trials,
        varied=plan.varied,
        scores=prepared.scores,
        columns=prepared.columns,
        diagnostics=prepared.diagnostics,
        folds=plan.file.folds > 0,
        metric=prepared.metric,
        reuse=lambda trial: trial.state in reused and not trial.lack,
        provenance=provenance(", ".join(digests), said)
        | {"trials": len(plan) + plan.coming, "metric": prepared.metric},
        restart=restart,
    )


def _check_leaving(folder: SweepFolder, plan: Plan) -> None:
    """Refuse complete trials that the plan lacks and that no later round of it can ask for: they would leave."""
    complete = [trial for trial in folder.leaving if trial.state == "complete"]
    if plan.is_searched or not complete:
        return
    planned = set(map(_place, folder.planned))
    configurations = {options for _, options in planned}

    def may_join(trial: Trial) -> bool:
        """Whether it has a further seed of a planned configuration."""
        place = _place(trial)
        return plan.coming > 0 and place not in planned and place[1] in configurations

    if leaving := [trial for trial in complete if not may_join(trial)]:
        same = set(map(_place, leaving)) <= planned
        reason = (
            ": their data, their plugins, their version of mlpcli or options that do not vary differ" if same else ""
        )
        raise UsageError(
            f"{shown(folder.path)} has {len(leaving)} finished trials that this plan lacks{reason}. It is unchanged. "
            f"Use --force to move them to {shown(folder.path / UNUSED)}, from where the old plan takes them back, or "
            "choose another --name"
        )


def _place(trial: Trial) -> tuple[int, tuple[str, ...]]:
    """The seed of a trial, and its varied options as in trials.csv."""
    return trial.seed, tuple(cell(value) for value in trial.options.values())


def _done(known: int, waiting: int, plan: Plan) -> str:
    """How many of the trials are recorded, and how many of these only as far as a rung of [halving]."""
    at_a_rung = f" ({waiting} of them as far as a rung)" if waiting else ""
    return f"{known} of {len(plan) + plan.coming} trials{at_a_rung}"


@contextmanager
def _saying_what_is_kept(folder: SweepFolder, engine: Engine, lasting: bool) -> Iterator[None]:
    """Add to an error that ends the sweep early how much is kept, and the command that continues."""
    try:
        yield
    except (KeyboardInterrupt, MlpcliError) as error:
        done = _done(len(folder.known), engine.waiting, engine.sweep.plan)
        if not lasting:
            kept = f'{done} had ended, and were in memory alone. With results="results" they are kept'
        elif os.path.isfile(folder.path / "trials.csv") or not folder.known:
            kept = f"{done} are kept in {shown(folder.path)}. Go on with {folder.again}"
        else:
            kept = (
                f"{done} are kept, but {shown(folder.path)} was renamed or removed. Put it back, and go on with "
                f"{folder.again}"
            )
        if isinstance(error, Interruption):
            raise Interrupted(f"{error.word}. {kept}", error.code) from None
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted(f"interrupted. {kept}") from None
        raise type(error)(f"{error}. {kept}") from error
