"""The law of results over options drawn at random: alone, stacked, or resumed, the same bits."""

import json
import random
from typing import Any

import pytest
from safetensors.numpy import load, save

from mlpcli.config import RunOptions, stack_key
from mlpcli.config.rules import conflicts, task_conflicts
from mlpcli.nn import ACTIVATIONS
from mlpcli.optim import OPTIMIZERS, SCHEDULES
from mlpcli.training.loop.trainer import Trainer
from tests.training.problems import dataset, finish, resolved, train

SOURCES = {
    "blobs:n=131,k=3,d=5": "classification",
    "blobs:n=300,k=7,d=33": "classification",
    "moons:n=97": "classification",
    "friedman1:n=131": "regression",
}


def draw_shared(draw: random.Random, source: str) -> dict[str, Any]:
    """Options that all runs of a stack have in common."""
    choice = draw.choice
    options: dict[str, Any] = {
        "hidden": tuple(choice([1, 2, 5, 16, 33, 64, 100]) for _ in range(choice([0, 1, 2, 3]))),
        "activation": choice(list(ACTIVATIONS)),
        "norm": choice(["none", "batch", "layer"]),
        "norm_position": choice(["before", "after"]),
        "lift": "none" if "d=33" in source else choice(["none", "none", "quadratic"]),
        "dtype": choice(["float32", "float64"]),
        "loss": choice(["auto", "squared", "absolute", "huber"]),
        "optimizer": choice(list(OPTIMIZERS)),
        "schedule": choice(list(SCHEDULES)),
        "batch_size": choice([1, 2, 5, 32, 64, "full"]),
        "epochs": choice([1, 2, 3, 5]),
        "keep": choice(["best", "last"]),
        "init": choice(["auto", "glorot", "normal", "lecun", "he"]),
        "class_weight": choice(["none", "balanced"]),
    }
    if SOURCES[source] == "regression":
        del options["class_weight"]
    return options


def draw_own(draw: random.Random, switched_on: set[str], layers: int) -> dict[str, Any]:
    """Options that a run has for itself; what can be off is so in all runs or in none."""
    choice = draw.choice
    per_layer = tuple(choice([0.3, 1.0, 2.0]) for _ in range(layers))
    switched = {
        "weight_decay": choice([0.1, 0.01]),
        "dropout": choice([0.1, 0.5]),
        "input_dropout": choice([0.2, 0.3]),
        "input_gain": choice([1.0, 6.0]),
        "clip_norm": choice([0.1, 1.0]),
        "max_norm": choice([0.5, per_layer]),
        "warmup": choice([0.5, 2.2]),
        "patience": choice([1, 2]),
        "label_smoothing": choice([0.1, 0.2]),
    }
    return {
        "seed": draw.randrange(5),
        "lr": choice([1e-3, 1e-2, 0.1, 1.0, 1e8]),
        "momentum": choice([0.5, 0.9]),
        "momentum_final": choice([0.9, 0.99]),
        "momentum_epochs": choice([0.0, 1.5]),
        "beta1": choice([0.9, 0.5]),
        "beta2": choice([0.999, 0.9]),
        "eps": choice([1e-8, 1e-3]),
        "lr_decay": choice([0.5, 0.9]),
        "lr_every": choice([1.0, 2.5]),
        "lr_multiplier": choice([1.0, per_layer]),
        "init_scale": choice([1.0, 0.5]),
        "init_bias": choice([0.0, 1.0, per_layer]),
        **{name: value for name, value in switched.items() if name in switched_on},
    }


def draw_stack(draw: random.Random) -> tuple[str, list[dict[str, Any]]]:
    """A dataset and the options of two to five runs that go together."""
    while True:
        source = draw.choice(list(SOURCES))
        shared = draw_shared(draw, source)
        names = [
            "weight_decay",
            "dropout",
            "input_dropout",
            "input_gain",
            "clip_norm",
            "max_norm",
            "warmup",
            "patience",
        ]
        if SOURCES[source] == "classification":
            names.append("label_smoothing")
        switched_on = {name for name in names if draw.random() < 0.5}
        layers = len(shared["hidden"]) + 1
        runs = [{**shared, **draw_own(draw, switched_on, layers)} for _ in range(draw.choice([2, 3, 5]))]
        options = RunOptions(**runs[0])
        if not [*conflicts(options), *task_conflicts(options, SOURCES[source])]:
            return source, runs


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_alone_stacked_or_resumed(seed: int) -> None:
    draw = random.Random(seed)
    source, options = draw_stack(draw)
    data = dataset(source, options[0]["dtype"])
    runs = [resolved(data, **one) for one in options]
    assert len({stack_key(run, data.digest) for run in runs}) == 1

    stacked = train(runs, data)
    for run, found in zip(runs, stacked, strict=True):
        assert train([run], data)[0] == found

    saved: list[tuple[bytes, str]] = []
    trainer = Trainer(runs, data)

    def tick() -> None:
        if draw.random() < 0.3:
            arrays, counters = trainer.checkpoint()
            saved.append((save(arrays), json.dumps(counters, allow_nan=False)))

    for _ in trainer.epochs(tick=tick, every=0.0):
        pass
    for tensors, text in draw.sample(saved, min(2, len(saved))):
        again, counters = Trainer(runs, data), json.loads(text)
        again.restore(load(tensors), counters)
        for found, expected in zip(finish(again), stacked, strict=True):
            found.rows = expected.rows[: counters["epoch"]] + found.rows
            assert found == expected
