"""The work of a worker: train one stack of trials, score it, and return everything. It writes no results itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlpcli.config import RunOptions
from mlpcli.config.metrics import Measure
from mlpcli.data import open_prepared
from mlpcli.nn import Array
from mlpcli.plugins.files import Plugin, blamed, use
from mlpcli.sweeps.run.kept_models import KeepModels
from mlpcli.threads import claim_blas_memory
from mlpcli.training.ensembles.trainers import trainer_of
from mlpcli.training.loop.diagnostics import DiagnosticsRow
from mlpcli.training.loop.epoch_rows import EpochRow
from mlpcli.training.model import Model
from mlpcli.training.session import result_of
from mlpcli.workers.executor import Handle
from mlpcli.workers.reports import report

__all__ = ["Job", "JobResult", "Outcome", "Progress", "run_job"]


@dataclass(frozen=True)
class Progress:
    """The progress of a stack: a trainer's checkpoint, which holds the stack's runs in their original order."""

    arrays: dict[str, Array]
    counters: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A stack of trials, by number, to train up to epoch `until`, on data shared as `data` under `name` and `scale`.

    `keep_models` says which models to return: of all trials that end, of the best of them by `metric`, or of none. The
    whole stack should take `seconds` to its last epoch. With `progress` the stack continues from there, without the
    positions `pruned`; with `again` its new progress is returned. `plugins` are files of parts that the runs may use.
    """

    trials: Sequence[int]
    runs: Sequence[RunOptions]
    run_ids: Sequence[str]
    data: Handle
    name: str
    scale: str
    until: int
    metric: str
    keep_models: KeepModels
    seconds: float
    progress: Progress | None = None
    pruned: Sequence[int] = ()
    again: bool = False
    plugins: Sequence[Plugin] = ()


@dataclass
class Outcome:
    """The outcome of one trial: its result, its new rows of metrics.csv and, with `record`, of diagnostics.csv.

    `ended` says that it will train no further, whatever the sweep decides.
    """

    result: dict[str, Any]
    ended: bool
    error: str | None
    rows: list[EpochRow] = field(default_factory=list)
    diagnostics: list[DiagnosticsRow] = field(default_factory=list)
    model: bytes | None = None


@dataclass(frozen=True)
class JobResult:
    """The outcome of each run of a job, in its order, and the progress from which the stack can continue."""

    outcomes: list[Outcome]
    progress: Progress | None


def run_job(job: Job) -> JobResult:
    """Train the stack of a job; the same numbers as `mlpcli train --threads 1` gives for each of its runs."""
    use(job.plugins)
    with blamed():
        return _train(job)


def _train(job: Job) -> JobResult:
    claim_blas_memory()
    data = open_prepared(job.data.open(), job.name, job.scale)
    trainer = trainer_of(job.runs, data, job.metric)
    if job.progress is not None:
        trainer.restore(job.progress.arrays, job.progress.counters)
        if job.pruned:
            trainer.prune(job.pruned)
    rows: list[list[EpochRow]] = [[] for _ in job.runs]
    diagnostics: list[list[DiagnosticsRow]] = [[] for _ in job.runs]
    for epoch in trainer.epochs(until=job.until):
        for position, row in epoch:
            rows[position].append(row)
        for position, measured in trainer.diagnostics:
            diagnostics[position].append(measured)
        report(job.trials[0], trainer.epoch)
    progress = Progress(*trainer.checkpoint()) if job.again and len(trainer.members) else None
    left = set(range(len(job.runs))) - set(trainer.members.tolist())
    finished = trainer.epoch >= trainer.options.epochs
    scores = trainer.results()
    outcomes = [
        Outcome(
            result=result_of(trainer, position, scores[position], job.run_ids[position]),
            ended=finished or position in left,
            error=str(trainer.diverged[position]) if position in trainer.diverged else None,
            rows=rows[position],
            diagnostics=diagnostics[position],
        )
        for position in range(len(job.runs))
    ]
    for position in _kept(job, outcomes):
        outcomes[position].model = Model.of(job.runs[position], data, trainer.tensors(position)).to_bytes()
    return JobResult(outcomes, progress)


def _kept(job: Job, outcomes: Sequence[Outcome]) -> Sequence[int]:
    """The runs whose models to send: only the best of a stack can be the best of the sweep."""
    trained = [index for index in range(len(outcomes)) if index not in job.pruned]
    complete = [index for index in trained if outcomes[index].ended and outcomes[index].error is None]
    if job.keep_models is KeepModels.ALL:
        return complete
    ranked = [(value, index) for index in complete if (value := _rank(job, outcomes[index])) is not None]
    return [min(ranked)[1]] if ranked and job.keep_models is KeepModels.BEST else []


def _rank(job: Job, outcome: Outcome) -> float | None:
    """Sort key with the best run first; None where the ranking metric is not finite."""
    ranked = Measure.parse(job.metric)
    value: float = outcome.result["metrics"][ranked.part][ranked.metric.name]
    return ranked.metric.key(value) if math.isfinite(value) else None
