"""Whole trainings of many option combinations, and a hash of all that each leaves behind.

    python -m tests.kernels.trainings

prints them as JSON, so that a process with compiled kernels and one without can be compared.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from mlpcli.nn import ACTIVATIONS
from mlpcli.optim import OPTIMIZERS, SCHEDULES
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, resolved, train

STACK = [
    {"seed": 0},
    {"seed": 1, "lr": 0.03, "weight_decay": 0.02, "clip_norm": 0.5, "momentum": 0.7, "beta2": 0.9, "eps": 1e-4},
    {"seed": 2, "lr": 1e30, "label_smoothing": 0.0, "max_norm": 0.5},
]
"""What the three runs of each stack have of their own; the last one diverges."""


def combinations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Datasets and options: every activation and every optimizer with everything else in turn."""
    others = {
        "norm": cycle(["none", "batch", "layer"]),
        "norm_position": cycle(["before", "after"]),
        "dropout": cycle([0.0, 0.3]),
        "input_dropout": cycle([0.0, 0.0, 0.1]),
        "schedule": cycle(sorted(SCHEDULES)),
        "dtype": cycle(["float32", "float32", "float64"]),
        "hidden": cycle([(7,), (16, 9), (33, 5, 5)]),
        "max_norm": cycle([2.0, 0.0, 1.0]),
        "weight_decay": cycle([0.0, 0.01]),
        "clip_norm": cycle([0.0, 0.1, 0.0]),
        "lr_multiplier": cycle([1.0, 0.5]),
        "momentum_epochs": cycle([0.0, 2.0]),
        "batch_size": cycle([32, 20, "full"]),
        "lift": cycle(["none", "none", "none", "quadratic"]),
    }
    for_classes = {"label_smoothing": cycle([0.0, 0.1]), "class_weight": cycle(["none", "balanced"])}
    datasets, optimizers = cycle([CLASSES, TWO_CLASSES, CLASSES, NUMBERS]), cycle(sorted(OPTIMIZERS))
    losses = cycle(["squared", "absolute", "huber"])
    for activation in [*sorted(ACTIVATIONS), *["relu"] * len(OPTIMIZERS)]:
        name = next(datasets)
        options = {key: next(values) for key, values in others.items()}
        if name == NUMBERS:
            options["loss"] = next(losses)
        else:
            options |= {key: next(values) for key, values in for_classes.items()}
        yield name, {"activation": activation, "optimizer": next(optimizers), **options}


def fingerprints() -> dict[str, str]:
    """A hash of the rows, weights and results of each run of each combination, by its options."""
    found = {}
    for name, options in combinations():
        data = dataset(name, options["dtype"])
        shared = {**options, "epochs": 4}
        own = [{key: value for key, value in run.items() if options.get(key, 1) != 0.0} for run in STACK]
        runs = [resolved(data, **{**shared, **run}) for run in own]
        found[f"{name} {options}"] = hashlib.sha256(repr(train(runs, data)).encode()).hexdigest()
    return found


if __name__ == "__main__":
    print(json.dumps(fingerprints()))
