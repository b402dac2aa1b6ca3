"""The state of a stack of runs in training: a few arrays and counters, so that a checkpoint is a copy of them.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> from mlpcli.training.planned_run import plan_run
>>> data = prepare(DataOptions(dataset="xor"))
>>> run = plan_run(RunOptions(width=8, depth=1), data).options
>>> state = TrainingState([run, run.model_copy(update={"seed": 1})], data)
>>> arrays, counters = state.checkpoint()
>>> arrays["members"].tolist(), counters["epoch"], arrays["params"].shape == (2, state.network.size)
([0, 1], 0, True)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.rules import smallest_batch
from mlpcli.data import Prepared
from mlpcli.nn import Array, Loss, Network
from mlpcli.training.build import build_plateau, per_run
from mlpcli.training.initial_weights import initialize
from mlpcli.training.loop.batches import batch_bounds
from mlpcli.training.loop.checkpoint_checks import Counters, check_arrays, check_members
from mlpcli.training.loop.divergence import Divergence, finite
from mlpcli.training.loop.epoch_steps import EpochSteps
from mlpcli.training.loop.monitor import Monitor
from mlpcli.training.loop.replicas import Replicas

__all__ = ["TrainingState"]


class TrainingState:
    """Resolved runs with one stack_key, the network that trains them as replicas, and what each of them has come to.

    Attributes:
        members: indices of the runs still training; a run that stops early or diverges leaves the stack.
        epoch, batch: epochs that are done, and batches of the next one.
        epochs_run, times: epochs of each run and the seconds that they took, `(runs,)`.
        kept_params, kept_state: the weights and running statistics that each run keeps, `(runs, size)`.
        diverged: where each run that diverged did so, by index.
        stopped: why runs ended before their last epoch, by index, where it was not for patience.
    """

    def __init__(self, runs: Sequence[RunOptions], data: Prepared) -> None:
        self.runs, self.data = list(runs), data
        self.options = runs[0]
        if self.options.ensemble > 1:
            raise ValueError(f"{self.options.ensemble} networks per run: an ensemble is trained by EnsembleTrainer")
        self.bounds = batch_bounds(len(data.train), self.options.used("batch_size"), smallest_batch(self.options))
        self.monitor = Monitor(
            self.options.monitor if data.val is not None else None,
            self.options.keep == "last",
            per_run(self.runs, "patience"),
            per_run(self.runs, "min_delta"),
        )
        self.plateau = build_plateau(self.runs)
        self.members = np.arange(len(self.runs))
        self.epoch, self.batch = 0, 0
        self.epochs_run = np.zeros(len(self.runs), np.int64)
        self.diverged: dict[int, Divergence] = {}
        self.stopped: dict[int, str] = {}
        self.times = np.zeros(len(self.runs))
        self._epoch_time = 0.0
        self._assemble()
        with np.errstate(all="ignore"):  # weights that are not finite are noted below
            initialize(self.network, self.runs, data)
        self.kept_params, self.kept_state = self.network.params.copy(), self.network.state.copy()
        self._leave_out_unusable()

    @property
    def replicas(self) -> Replicas:
        """The runs still training; after `results()`, all runs."""
        return self._steps.replicas

    @property
    def network(self) -> Network:
        """The network of the runs still training; after `results()`, of all runs with their kept weights."""
        return self.replicas.network

    @property
    def loss(self) -> Loss:
        """The loss of the runs still training; after `results()`, of all runs."""
        return self.replicas.loss

    @property
    def parameters(self) -> int:
        """Number of parameters of a run."""
        return self.network.size

    @property
    def best_epoch(self) -> Array:
        """The epoch whose weights each run keeps, `(runs,)`; 0 before the first."""
        return self.monitor.best_epoch

    def checkpoint(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """The state after the last batch, from which `restore` goes on bit for bit: live arrays, counters for JSON."""
        arrays = {
            "kept_params": self.kept_params,
            "kept_state": self.kept_state,
            "members": self.members,
            "epochs_run": self.epochs_run,
            "times": self.times,
            **{f"monitor.{name}": array for name, array in self.monitor.arrays().items()},
            **{f"plateau.{name}": array for name, array in (self.plateau.arrays() if self.plateau else {}).items()},
        }
        if len(self.members):
            arrays |= {
                "params": self.network.params,
                "state": self.network.state,
                **{f"sums.{name}": sums for name, sums in self._steps.sums.arrays.items()},
                **{f"optimizer.{name}": array for name, array in self._steps.optimizer.state.items()},
            }
        counters: dict[str, Any] = {"epoch": self.epoch, "batch": self.batch, "epoch_time": self._epoch_time}
        counters["diverged"] = {str(run): vars(found) for run, found in self.diverged.items()}
        if self.stopped:  # of an ensemble, whose other networks go on
            counters["stopped"] = {str(run): reason for run, reason in self.stopped.items()}
        return arrays, {**counters, "drawn": self.replicas.bits.drawn}

    def restore(self, arrays: dict[str, Array], counters: dict[str, Any], *, may_have_ended: bool = False) -> None:
        """Go on from a checkpoint of the same runs on the same data.

        Args:
            arrays: the arrays of the checkpoint.
            counters: its counters.
            may_have_ended: whether it may be one of which every run has left, as a network of an ensemble may.

        Raises:
            ValueError: it is the checkpoint of another training, or damaged.
        """
        counted = Counters.model_validate(counters)
        check_members(arrays.get("members"), len(self.runs), may_be_none=may_have_ended)
        self.members = arrays["members"]
        if len(self.members):
            self._assemble()
        own = self.checkpoint()[0]
        check_arrays(arrays, own)
        if counted.epoch + bool(counted.batch) > self.options.epochs or counted.batch > len(self.bounds):
            raise ValueError(f"it stands at batch {counted.batch} after epoch {counted.epoch}")
        for name, array in own.items():
            array[...] = arrays[name]
        self.epoch, self.batch = counted.epoch, counted.batch
        self._epoch_time = counted.epoch_time
        if len(self.members):
            self._steps.optimizer.load(_with_prefix(arrays, "optimizer."))  # its count of steps is no array
            self._follow_plateau()
            self.replicas.bits.restart(self.epoch + 1, counted.drawn)
        self.diverged = {int(run): found for run, found in counted.diverged.items()}
        self.stopped = {int(run): reason for run, reason in counted.stopped.items()}

    def _assemble(self) -> None:
        """Build the replicas of the members."""
        self._steps = EpochSteps([self.runs[member] for member in self.members], self.data, self.bounds)

    def _leave_out_unusable(self) -> None:
        """Note the runs whose initial weights are not finite, and train the others."""
        well = np.isfinite(self.network.params).all(axis=-1)
        rates = self._steps.rates(epoch=1, index=0)
        for run in np.flatnonzero(~well).tolist():
            self.diverged[run] = Divergence.of_initial_weights(float(rates[run]))
        if not well.all():
            self._keep_only(np.flatnonzero(well))

    def _follow_plateau(self) -> None:
        """Give the replicas the factors of their learning rates."""
        if self.plateau is not None:
            self.replicas.lr_factor = self.plateau.factor[self.members]

    def _keep_only(self, staying: Array) -> None:
        """Go on with only the replicas at the positions `staying`."""
        self.members = self.members[staying]
        if len(staying):
            self._steps.select(staying)

    def _find_divergence(self, epoch: int) -> Array:
        """Note the runs whose loss or weights are not finite; return which runs are well, `(members,)`."""
        losses = self._steps.sums.losses
        well = finite(losses, self.network)
        for position in np.flatnonzero(~well):
            bad = np.flatnonzero(~np.isfinite(losses[position]))
            batch = int(bad[0]) if len(bad) else self.batch - 1
            what = f"loss became {losses[position, batch]}" if len(bad) else "weights became infinite or nan"
            lr = float(self._steps.rates(epoch, batch)[position])
            self.diverged[int(self.members[position])] = Divergence(epoch, batch + 1, lr, what)
        return well


def _with_prefix(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
