"""A training that goes on from a checkpoint of any batch ends in the very bits of one that was never stopped."""

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from mlpcli.data import Prepared
from mlpcli.optim import OPTIMIZERS
from mlpcli.training.ensembles.trainers import RunsTrainer, trainer_of
from mlpcli.training.loop.trainer import Trainer
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, Trained, dataset, finish, resolved, train

EVERYTHING = {
    "depth": 2,
    "norm": "batch",
    "dropout": 0.3,
    "input_dropout": 0.1,
    "max_norm": 1.0,
    "weight_decay": 0.01,
    "input_gain": 6.0,
    "clip_norm": 1.0,
    "schedule": "cosine",
    "warmup": 0.5,
    "patience": 3,
    "epochs": 4,
    "batch_size": 10,
}

CASES: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    "everything": (CLASSES, EVERYTHING, [{}]),
    "odd numbers of draws": (CLASSES, {"width": 3, "dropout": 0.5, "batch_size": 7}, [{}]),
    "numbers, full batch": (NUMBERS, {"optimizer": "rmsprop", "batch_size": "full", "epochs": 6}, [{}]),
    "momentum that climbs": (
        CLASSES,
        {"optimizer": "momentum", "momentum": 0.5, "momentum_epochs": 2.5, "lr_multiplier": (0.5, 1.0, 2.0)},
        [{}, {"momentum_epochs": 0.5}],
    ),
    "a rate that follows the monitor": (
        CLASSES,
        {"schedule": "plateau", "epochs": 6, "lr": 0.3, "warmup": 1.0, "monitor": "val_loss"},
        [{"lr_every": 1.0}, {"lr_every": 2.0, "lr_decay": 0.1, "min_delta": 0.01, "seed": 1}],
    ),
    "no validation rows": (NUMBERS, {"val_size": 0, "dropout": 0.1}, [{}]),
    "a stack that shrinks": (
        TWO_CLASSES,
        {"optimizer": "sgd", "epochs": 7, "dropout": 0.1},
        [{"lr": 0.1, "patience": 6}, {"lr": 1e20, "patience": 1}, {"lr": 1e-9, "patience": 1}, {"patience": 2}],
    ),
    "ensembles": (
        CLASSES,
        {
            "ensemble": 3,
            "norm": "batch",
            "dropout": 0.2,
            "schedule": "plateau",
            "lr_every": 1.0,
            "epochs": 6,
            "lr": 0.03,
        },
        [{"patience": 1}, {"patience": 2, "seed": 1}, {"lr": 1e20, "seed": 2}],
    ),
    "an ensemble of which each network ends at its own time": (
        CLASSES,
        {"ensemble": 3, "optimizer": "lbfgs", "width": 3, "depth": 1, "epochs": 400},
        [{"seed": 2}],
    ),
    **{f"optimizer {name}": (CLASSES, {"optimizer": name}, [{}, {"seed": 1}]) for name in OPTIMIZERS},
}

Saved = tuple[bytes, str]


def through_files(trainer: RunsTrainer) -> Saved:
    arrays, counters = trainer.checkpoint()
    return save(arrays), json.dumps(counters, allow_nan=False)


def go_on(runs: Sequence[Any], data: Prepared, saved: Saved) -> list[Trained]:
    trainer = trainer_of(runs, data)
    trainer.restore(load(saved[0]), json.loads(saved[1]))
    return finish(trainer)


def test_a_checkpoint_that_is_not_of_this_training_is_refused_before_it_is_used() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, seed=seed) for seed in (0, 1)]
    trainer = Trainer(runs, data)
    next(trainer.epochs())
    arrays, counters = trainer.checkpoint()

    def refuses(match: str, changed: dict[str, np.ndarray] | None = None, **counted: object) -> None:
        with pytest.raises(ValueError, match=match):
            Trainer(runs, data).restore({**arrays, **(changed or {})}, {**counters, **counted})

    refuses("epoch\n  Input should be a valid integer", epoch="1")
    refuses("epoch_time", epoch_time=[0.5])
    refuses("drawn", drawn=-1)
    refuses("diverged", diverged=[])
    refuses("diverged", diverged={"0": {"epoch": 1}})
    refuses("stands at batch 0 after epoch 99", epoch=99)
    refuses("stands at batch 99 after epoch 1", batch=99)
    refuses("which runs are still training", {"members": np.array([0, 2])})
    refuses("which runs are still training", {"members": np.array([], np.int64)})
    refuses("'params' is float32 .* this training needs float32", {"params": arrays["params"][:1]})
    refuses("'params' is float64", {"params": arrays["params"].astype(np.float64)})
    refuses("its arrays differ from those of this training: 'extra'", {"extra": arrays["params"]})
    for name in counters:
        with pytest.raises(ValueError, match=f"(?s){name}.*Field required"):
            Trainer(runs, data).restore(arrays, {key: value for key, value in counters.items() if key != name})
    Trainer(runs, data).restore(arrays, {**counters, "elapsed": 1.5})


@pytest.mark.parametrize("name", CASES)
def test_going_on_from_any_batch_equals_the_uninterrupted_training(name: str) -> None:
    source, shared, varied = CASES[name]
    data = dataset(source, val_size=shared.get("val_size", 0.1), ensemble=shared.get("ensemble", 1))
    runs = [resolved(data, **{**shared, **options}) for options in varied]
    whole = train(runs, data)

    saved: list[Saved] = []
    trainer = trainer_of(runs, data)
    for _ in trainer.epochs(tick=lambda: saved.append(through_files(trainer)), every=0.0):
        if len(trainer.members):
            saved.append(through_files(trainer))  # between two epochs, as a sweep does
    assert len(saved) > 5

    chosen = {0, 1, len(saved) - 1, *random.Random(name).sample(range(len(saved)), 5)}
    for index in chosen:
        done = json.loads(saved[index][1])["epoch"]
        for found, expected in zip(go_on(runs, data, saved[index]), whole, strict=True):
            found.rows = expected.rows[:done] + found.rows
            assert found == expected, f"checkpoint {index} of {len(saved)}"


def test_going_on_twice_equals_going_on_once() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, **EVERYTHING)]
    whole = train(runs, data)

    def after(ticks: int, saved: Saved | None) -> Saved:
        trainer = Trainer(runs, data)
        if saved:
            trainer.restore(load(saved[0]), json.loads(saved[1]))
        left = iter(range(ticks - 1))

        def tick() -> None:
            if next(left, None) is None:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            for _ in trainer.epochs(tick=tick, every=0.0):
                pass
        return through_files(trainer)

    saved: Saved | None = None
    for _ in range(4):
        saved = after(5, saved)
    assert saved is not None
    (found,) = go_on(runs, data, saved)
    assert (found.params, found.results) == (whole[0].params, whole[0].results)


def test_a_checkpoint_leaves_the_training_alone() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, **EVERYTHING)]
    trainer = Trainer(runs, data)
    rows = []
    for epoch in trainer.epochs(tick=lambda: trainer.checkpoint() and None, every=0.0):
        rows += epoch
    (expected,) = train(runs, data)
    assert trainer.kept_params.tobytes() == expected.params
    assert len(rows) == len(expected.rows)


def test_the_seconds_of_an_interrupted_epoch_are_counted() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, epochs=1)]
    trainer = Trainer(runs, data)
    saved: list[Saved] = []
    for _ in trainer.epochs(tick=lambda: saved.append(through_files(trainer)), every=0.0):
        pass
    before = json.loads(saved[-1][1])["epoch_time"]
    assert before > 0
    again = Trainer(runs, data)
    again.restore(load(saved[-1][0]), json.loads(saved[-1][1]))
    ((_, row),) = next(again.epochs())
    assert row["epoch_time_s"] > before
    assert row["total_time_s"] == pytest.approx(row["epoch_time_s"])
    np.testing.assert_array_equal(again.times, [row["total_time_s"]])
