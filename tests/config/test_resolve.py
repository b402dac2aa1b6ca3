"""Options in effect: what nothing reads is reset, so runs with equal numbers have one identity, and no others."""

from typing import Any

import numpy as np
import pytest

from mlpcli.config import RunOptions, resolve, run_id, unread
from mlpcli.config.choices import ACTIVATIONS, OPTIMIZERS, SCHEDULES
from mlpcli.data import prepare
from mlpcli.training.loop.trainer import Trainer

OTHER: dict[str, Any] = {
    "activation": "tanh",
    "norm": "layer",
    "norm_position": "after",
    "dropout": 0.3,
    "momentum": 0.5,
    "momentum_final": 0.1,
    "momentum_epochs": 1.0,
    "beta1": 0.5,
    "beta2": 0.5,
    "eps": 0.1,
    "lr_decay": 0.3,
    "lr_every": 1.0,
    "min_delta": 10.0,
    "batch_size": 5,
}
"""For every option that a run may ignore a value other than its default, which shows within three epochs."""

RUNS: list[dict[str, Any]] = [
    *({"optimizer": name, "momentum_final": 0.2} for name in OPTIMIZERS),
    *({"optimizer": name, "momentum_final": 0.2, "momentum_epochs": 2.0} for name in ("momentum", "nesterov")),
    *({"schedule": name} for name in SCHEDULES if name != "plateau"),
    {"schedule": "plateau", "lr_every": 0.5, "lr": 0.3, "epochs": 9},
    {"norm": "batch"},
    {"patience": 1},
    {"depth": 0, "init": "glorot"},
    {"depth": 0, "norm": "layer", "dropout": 0.5},
]


def in_effect(options: RunOptions) -> RunOptions:
    return resolve(options, task="classification", scale="standard", has_validation=True, threads=1)


def weights(options: RunOptions) -> np.ndarray:
    trainer = Trainer([options], prepare(options.data))
    for _ in trainer.epochs():
        pass
    return trainer.network.params.copy()


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_a_run_ignores_exactly_what_it_does_not_read(run: dict[str, Any]) -> None:
    base = {"dataset": "iris", "width": 4, "depth": 1, "epochs": 3, "lr_every": 2.0, "val_size": 30} | run
    options = RunOptions(**base)
    as_given = in_effect(options).model_copy(update=run)  # what resolve reset is there again
    reference = weights(in_effect(options))
    for name, value in OTHER.items():
        changed = in_effect(RunOptions(**base | {name: value}))
        assert (run_id(changed, "") == run_id(in_effect(options), "")) == (name in unread(options)), name
        trained = weights(as_given.model_copy(update={name: value}))
        assert np.array_equal(trained, reference) == (name in unread(as_given)), name


def test_momentum_that_moves_to_the_same_value_is_constant() -> None:
    moving = RunOptions(optimizer="momentum", momentum=0.5, momentum_final=0.5, momentum_epochs=3.0)
    assert in_effect(moving) == in_effect(RunOptions(optimizer="momentum", momentum=0.5))


def test_everything_that_may_be_ignored_is_tried() -> None:
    optional = {name for run in RUNS for name in unread(RunOptions(**run))}
    assert optional <= OTHER.keys()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_activation_of_a_linear_model_chooses_its_initial_weights(activation: str) -> None:
    options = RunOptions(depth=0, activation=activation)
    assert "activation" not in unread(options)
    assert in_effect(options).init == ACTIVATIONS[activation].init
    assert in_effect(options).activation == "relu"


def test_resolving_twice_changes_nothing() -> None:
    for run in RUNS:
        once = in_effect(RunOptions(**run))
        assert in_effect(once) == once
