"""What trains runs: `Trainer` single networks, `EnsembleTrainer` ensembles; both have the same methods."""

from collections.abc import Sequence

from mlpcli.config import RunOptions
from mlpcli.data import Prepared
from mlpcli.training.ensembles.ensemble_trainer import EnsembleTrainer
from mlpcli.training.loop.trainer import Trainer

__all__ = ["RunsTrainer", "trainer_of"]

RunsTrainer = Trainer | EnsembleTrainer


def trainer_of(runs: Sequence[RunOptions], data: Prepared, measure: str | None = None) -> RunsTrainer:
    """The trainer of these runs; arguments as for `Trainer`."""
    kind = EnsembleTrainer if runs[0].ensemble > 1 else Trainer
    return kind(runs, data, measure)
