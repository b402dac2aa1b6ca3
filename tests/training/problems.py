"""Small problems that the tests of training share, and trainings of them whose numbers can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from mlpcli.config import DataOptions, RunOptions
from mlpcli.data import Prepared, prepare
from mlpcli.training.ensembles.ensemble_trainer import EnsembleTrainer
from mlpcli.training.ensembles.trainers import RunsTrainer, trainer_of
from mlpcli.training.loop.epoch_rows import EpochRow
from mlpcli.training.planned_run import plan_run

CLASSES = "blobs:n=131,k=3,d=5"
TWO_CLASSES = "moons:n=131"
NUMBERS = "friedman1:n=131"


@cache
def dataset(name: str, dtype: str = "float32", **options: Any) -> Prepared:
    return prepare(DataOptions(dataset=name, dtype=dtype, **options))


def resolved(data: Prepared, **options: Any) -> RunOptions:
    """The options of a run on `data`, as used, with one BLAS thread."""
    return plan_run(RunOptions(**{"width": 7, "epochs": 3, **options}), data, threads=1).options


@dataclass
class Trained:
    """All that is left of one run of a training, without its seconds."""

    rows: list[EpochRow]
    params: bytes
    state: bytes
    results: dict[str, Any]
    best_epoch: int
    epochs_run: int
    diverged: str
    stopped: str

    def __eq__(self, other: object) -> bool:
        """Exactly, where nan equals nan."""
        return isinstance(other, Trained) and repr(self) == repr(other)


def finish(trainer: RunsTrainer) -> list[Trained]:
    """Train to the end; what became of each run."""
    rows: list[list[EpochRow]] = [[] for _ in trainer.runs]
    for epoch in trainer.epochs():
        for run, row in epoch:
            rows[run].append(without_seconds(row))
    trainers = trainer.trainers if isinstance(trainer, EnsembleTrainer) else [trainer]
    kept = [(one.kept_params.copy(), one.kept_state.copy()) for one in trainers]
    results = trainer.results()
    return [
        Trained(
            rows[run],
            b"".join(params[run].tobytes() for params, _ in kept),
            b"".join(state[run].tobytes() for _, state in kept),
            results[run],
            int(trainer.best_epoch[run]),
            int(trainer.epochs_run[run]),
            str(trainer.diverged.get(run, "")),
            trainer.stopped.get(run, ""),
        )
        for run in range(len(trainer.runs))
    ]


def train(runs: Sequence[RunOptions], data: Prepared) -> list[Trained]:
    return finish(trainer_of(runs, data))


def without_seconds(row: EpochRow) -> EpochRow:
    return {name: value for name, value in row.items() if not name.endswith("_s")}


def read_only(data: Prepared) -> bool:
    return not any(array.flags.writeable for part in data.parts.values() for array in (part.x, part.y))


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
