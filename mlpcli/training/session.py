"""The training of one planned run, in an open results folder or in memory, to its end.

Checkpoints, answers to Ctrl-C and SIGTERM, scores of the kept weights, files.

>>> from mlpcli.config import DataOptions, RunOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.planned_run import plan_run
>>> run = plan_run(RunOptions(width=8, depth=1, epochs=5), prepare(DataOptions(dataset="xor")))
>>> rows = []
>>> trained = train_run(run, RunInMemory(["epoch"]), lambda row, best: rows.append(row))
>>> trained.result["state"], trained.result["epochs_run"], len(rows)
('complete', 5, 5)
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlpcli.atomic import shown
from mlpcli.config import as_dict
from mlpcli.data import ColumnSummary
from mlpcli.errors import DataError, Diverged, Interrupted
from mlpcli.results.files.csv_text import encode, line
from mlpcli.results.folders.run_folder import RunFolder
from mlpcli.results.folders.run_in_memory import RunInMemory
from mlpcli.results.provenance import provenance
from mlpcli.signals import Interruption, answered_by, check
from mlpcli.threads import blas_threads
from mlpcli.training.baselines import baseline_scores
from mlpcli.training.ensembles.trainers import RunsTrainer, trainer_of
from mlpcli.training.loop.divergence import diverged
from mlpcli.training.loop.epoch_rows import EpochRow
from mlpcli.training.loop.trainer import Metrics
from mlpcli.training.model import Model
from mlpcli.training.planned_run import PlannedRun
from mlpcli.training.signal_flow import ROWS, signal_flow
from mlpcli.training.weight_history import WeightHistory

__all__ = ["Trained", "result_of", "train_run"]

CHECKPOINT_EVERY = 2.0
"""Seconds between two checkpoints, the most that a crash may cost."""

WEIGHTS_PREFIX = "weights."
"""Prefix of the names of earlier weights in a checkpoint."""


@dataclass(frozen=True)
class Trained:
    """A run after its training: what result.json holds, and the network with the weights that are kept."""

    result: dict[str, Any]
    model: Model


def train_run(
    run: PlannedRun,
    folder: RunFolder | RunInMemory,
    on_epoch: Callable[[EpochRow, int], None],
    *,
    stop_early: bool = False,
    said: Mapping[str, Any] | None = None,
) -> Trained:
    """Train in an open results folder, from its checkpoint if it has one, and finish the folder; or in memory.

    Args:
        run: what to train.
        folder: the results folder, open for writing, or the place of a run in memory.
        on_epoch: called with each row of metrics.csv and the best epoch so far.
        stop_early: return what was learned, in the state `interrupted`, where Interrupted would be raised.
        said: note and tags of the user, for provenance.json.

    Raises:
        DataError: the checkpoint is damaged, or one of another training.
        Diverged: training diverged; the results until then have been written, and `outcome` of the error has them.
        Interrupted: Ctrl-C or SIGTERM; the last checkpoint is kept.
    """
    started = time.monotonic()
    with blas_threads(int(run.options.threads)):
        more = {"validation_digest": run.data.validation_digest} if run.data.validation_digest else {}
        made_by = provenance(run.data.digest, {**more, **(said or {})}) if folder.path else {}
        trainer = trainer_of([run.options], run.data)
        history = WeightHistory() if run.options.record_weights else None
        try:
            with _interruptible(trainer, folder.path):
                if (saved := folder.load_checkpoint()) is not None:
                    arrays, counters = saved
                    try:
                        if history is not None:
                            history.load(_taken(arrays, WEIGHTS_PREFIX))
                        trainer.restore(arrays, counters)
                        if history is not None and len(history) != trainer.epoch + 1:
                            raise ValueError("it lacks the weights of earlier epochs")
                    except ValueError as error:
                        raise _unusable(folder.path, error) from error
                    started -= counters.get("elapsed", 0.0)
                _train_epochs(trainer, folder, started, on_epoch, history)
                trained = _scored(trainer, run, started)
                if folder.path:
                    trained.result.update(_comparisons(trainer, run))
                model, weights = _kept_files(trainer, trained, history) if folder.path else (None, None)
                folder.finish(model, trained.result, made_by, _columns_csv(run), weights)
        except Interrupted:
            if not stop_early:
                raise
            trained = _scored(trainer, run, started)
            trained.result["state"] = "interrupted"
    if 0 in trainer.diverged:
        found = trainer.diverged[0]
        kept_epoch = None if found.at_start else trained.result["best_epoch"]
        raise Diverged(diverged(_place(folder.path), run.options, found, kept_epoch), trained)
    return trained


def _train_epochs(
    trainer: RunsTrainer,
    folder: RunFolder | RunInMemory,
    started: float,
    on_epoch: Callable[[EpochRow, int], None],
    history: WeightHistory | None,
) -> None:
    """Train to the last epoch; rows go to the folder as they come, checkpoints and answers to signals in between."""

    def tick() -> None:
        arrays, counters = trainer.checkpoint()
        if history is not None:
            arrays |= {f"{WEIGHTS_PREFIX}{name}": array for name, array in history.arrays.items()}
        folder.save_checkpoint(arrays, {**counters, "elapsed": time.monotonic() - started})
        check()

    if history is not None and trainer.epoch == trainer.batch == 0:
        history.add(trainer.network)
    for rows in trainer.epochs(tick=tick, every=CHECKPOINT_EVERY):
        if trainer.options.record:
            folder.append_diagnostics(row for _, row in trainer.diagnostics)
        for _, row in rows:
            if history is not None:
                history.add(trainer.network)
            folder.append([row])
            on_epoch(row, int(trainer.best_epoch[0]))


def _scored(trainer: RunsTrainer, run: PlannedRun, started: float) -> Trained:
    """The outcome with the weights that are kept so far; `started` is on the monotonic clock."""
    result = result_of(trainer, 0, trainer.results()[0], run.run_id)
    result["time_s"] = time.monotonic() - started
    return Trained(result, Model.of(run.options, run.data, trainer.tensors(0)))


def _kept_files(
    trainer: RunsTrainer, trained: Trained, history: WeightHistory | None
) -> tuple[bytes | None, bytes | None]:
    """The content of the model file and of weights.safetensors; None for one that the run does not keep."""
    if 0 in trainer.diverged and trainer.diverged[0].at_start:
        return None, None  # no weights are worth keeping
    return trained.model.to_bytes(), None if history is None else history.to_bytes(trained.result["run_id"])


def _comparisons(trainer: RunsTrainer, run: PlannedRun) -> dict[str, Any]:
    """Content of result.json beside the scores: scores of simpler models, and how signals pass through the network."""
    part = run.data.train
    x, y = part.x[:ROWS], part.y[:ROWS]
    weights = part.weights_as(run.options.dtype)
    flow = signal_flow(trainer.network, trainer.loss, x, y, None if weights is None else weights[:ROWS])
    return {**baseline_scores(run.options, run.data), "signal_flow": flow}


def _taken(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The arrays whose names begin with the prefix, without it; they are taken out of `arrays`."""
    return {name.removeprefix(prefix): arrays.pop(name) for name in [*arrays] if name.startswith(prefix)}


def _place(path: Path | None) -> str:
    return "the network" if path is None else shown(path)


def _columns_csv(run: PlannedRun) -> bytes:
    return encode("".join(map(line, (ColumnSummary._fields, *run.data.summary))))


def _unusable(path: Path | None, error: ValueError) -> DataError:
    reason = " ".join(str(error).split())[:200]
    return DataError(
        f"cannot go on from the checkpoint in {_place(path)}: {reason}. It is unchanged. "
        "Start again with --force instead of --resume"
    )


def result_of(trainer: RunsTrainer, index: int, metrics: Metrics, identity: str) -> dict[str, Any]:
    """The content of result.json for the run at `index` of a trainer, with its `metrics` from `results()`."""
    ended: dict[str, Any] = {"stopped": trainer.stopped[index]} if index in trainer.stopped else {}
    if index in trainer.diverged:
        ended["diverged"] = asdict(trainer.diverged[index])
    return {
        "run_id": identity,
        "state": "diverged" if index in trainer.diverged else "complete",
        "metrics": metrics,
        "best_epoch": int(trainer.best_epoch[index]),
        "epochs_run": int(trainer.epochs_run[index]),
        **ended,
        "parameters": trainer.parameters,
        "config": as_dict(trainer.runs[index]),
        "time_s": float(trainer.times[index]),
    }


@contextmanager
def _interruptible(trainer: RunsTrainer, path: Path | None) -> Iterator[None]:
    """Answer the first signal between two batches, when the progress is saved, and a second Ctrl-C at once."""

    def answer(number: int, again: bool) -> None:
        if again and number == signal.SIGINT:
            raise Interruption(number)
        trainer.hurry()

    try:
        with answered_by(answer):
            yield
    except Interruption as stop:
        epoch = min(trainer.epoch + 1, trainer.options.epochs)
        kept = f": {shown(path)} keeps what was finished. Go on with the same command and --resume" if path else ""
        raise Interrupted(f"{stop.word} in epoch {epoch}{kept}", stop.code) from None
