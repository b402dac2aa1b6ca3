"""Components that the gradient check covers, each in a small network; or the network of a run.

The components come from the registries, so a new activation, norm, loss or lift gets its row without further work.
Max-norm and clipping have no row: they act on weights and on finished gradients and have no gradient of their own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from mlpcli.config import RunOptions, resolve, with_preset
from mlpcli.config.rules import smallest_batch, task_conflicts
from mlpcli.data import Prepared
from mlpcli.data.prepared.preprocessing import output_units
from mlpcli.data.sparse.sparse_rows import SparseRows
from mlpcli.gradcheck.check import Row, check, merged
from mlpcli.gradcheck.probe import Subject
from mlpcli.nn import (
    ACTIVATIONS,
    INITIALIZERS,
    LIFTS,
    LOSSES,
    NORMALIZATIONS,
    Array,
    BitStreams,
    Linear,
    Network,
    Purpose,
    stream,
)
from mlpcli.threads import blas_threads
from mlpcli.training.build import build_layers, build_loss

__all__ = ["check_components", "check_run", "draw_subject", "random_batch"]

ROWS, FEATURES, HIDDEN, TARGETS = 13, 4, (8, 6), 2
"""Sizes of the network that checks a component: small, but large enough to keep the variances of norms away from 0."""

TASKS = {
    "regression": ("regression", 0),
    "2 classes": ("classification", 2),
    "3 classes": ("classification", 3),
    "2 labels": ("multilabel", 0),
}
"""The kinds of targets: the task, with the number of classes."""

LAYER_REGULARIZERS: dict[str, dict[str, Any]] = {
    "dropout": {"dropout": 0.3},
    "input dropout": {"input_dropout": 0.3},
    "weight decay": {"weight_decay": 0.1},
}
TARGET_REGULARIZERS: dict[str, dict[str, Any]] = {
    "label smoothing": {"label_smoothing": 0.2},
    "class weights": {"class_weight": "balanced"},
}
"""Regularizers that act within the loss, so each loss is checked with them."""

ROW_WEIGHTS: dict[str, dict[str, Any]] = {"weights of rows": {"weights": "column"}}

RUN_ROWS, RUN_FEATURES, RUN_CLASSES = 32, 64, 10
"""The batch for the network of a run: few rows, as every row adds kinks, and features and classes as in digits."""

NORM_ROWS = 16
"""The fewest rows under batch norm: of two rows it is nearly a step, too steep for differences over 1e-5."""

Networks = list[tuple[dict[str, Any], str]]


def check_components(seed: int = 0) -> Iterator[Row]:
    """The rows of all components.

    One row per activation, per norm and position, per loss and task, per lift, for the input gain and per regularizer;
    one for sparse rows, one for weights of rows, and one per norm for a network with everything.
    """
    for component, subjects in _components(seed):
        with blas_threads(1):
            rows = [row for subject in subjects for row in check(subject)]
        yield merged(component, rows)


def check_run(options: RunOptions, data: Prepared | None = None) -> list[Row]:
    """One row per parameter tensor of the network that a run would train.

    The check uses the first rows of the run's first batch, and under batch norm at least 16 rows of its first epoch;
    without data, uniform random inputs of 64 features and 10 classes, one numeric target or two labels. Weights are
    random even if `init` is a construction, class weights are random numbers, as are weights of rows, and `max_norm`
    and `clip_norm` play no part.
    """
    threads = 1 if options.threads == "auto" else options.threads
    wanted = options.model_copy(update={"init": "auto"})
    rows = RUN_ROWS if options.batch_size == "full" else min(options.batch_size, RUN_ROWS)
    if smallest_batch(options) > 1:
        rows = max(rows, NORM_ROWS)
    if data is None:
        task = "classification" if options.task == "auto" else options.task
        classes, targets = (RUN_CLASSES, 1) if task == "classification" else (0, 1 if task == "regression" else TARGETS)
        wanted = with_preset(wanted, task=task, features=RUN_FEATURES)
        resolved = resolve(wanted, task=task, scale="none", has_validation=True, threads=threads)
        rng = stream(options.seed, Purpose.GRADCHECK, epoch=2)
        x, y = random_batch(rng, rows, RUN_FEATURES, task, classes, targets)
        outputs = output_units(task, classes, targets)
    else:
        wanted = with_preset(wanted, task=data.task, features=len(data.features))
        resolved = resolve(
            wanted, task=data.task, scale=data.scale, has_validation=data.val is not None, threads=threads
        )
        order = stream(options.seed, Purpose.ORDER, epoch=1).permutation(len(data.train))[:rows]
        x, y = data.train.x[order].astype(np.float64), data.train.y[order]
        outputs = data.preprocessing.outputs
    with blas_threads(threads):
        return check(draw_subject(resolved, x, y, outputs))


def draw_subject(options: RunOptions, x: Array, y: Array, outputs: int, *, front: bool = False) -> Subject:
    """The float64 network of resolved options at a random point that their seed decides.

    Weights come from the initializer; biases and gains are moved off their initial values, since at 0 whole rows of
    ReLUs may be at their kink. `front` puts a linear layer before all others, so that the chain rule passes through the
    lift, the gain and the dropout of the inputs: training never needs their input gradients, but they must be right.
    """
    options = options.model_copy(update={"dtype": "float64"})
    rng = stream(options.seed, Purpose.GRADCHECK)
    features = x.shape[-1]
    layers = build_layers([options], features, outputs, (), BitStreams([options.seed], (), Purpose.DROPOUT))
    network = Network([("front", Linear(features, features)), *layers] if front else layers, dtype=np.float64)
    for view in network.parameters.values():
        view += rng.normal(0.0, 0.3, view.shape)
    for linear in network.linears:
        linear.weight[...] = INITIALIZERS[options.init](rng, linear.in_features, linear.out_features)
    weights = None if options.class_weight == "none" else rng.uniform(0.5, 2.0, max(outputs, 2))
    row_weights = None if options.weights is None else rng.uniform(0.0, 2.0, len(x))
    return Subject(options, network, build_loss([options], outputs, (), weights), x, y, weights, row_weights)


def random_batch(
    rng: np.random.Generator, rows: int, features: int, task: str, classes: int, targets: int
) -> tuple[Array, Array]:
    """Inputs `(rows, features)` in [-1, 1] with codes of all classes, or with random labels or normal targets."""
    x = rng.uniform(-1.0, 1.0, (rows, features))
    if task == "classification":
        return x, rng.permutation(np.arange(rows) % classes)
    return x, rng.integers(0, 2, (rows, targets)) if task == "multilabel" else rng.normal(size=(rows, targets))


def _components(seed: int) -> Iterator[tuple[str, Iterable[Subject]]]:
    """The name of every component, with the networks that check it."""
    yield "sparse rows", [_half_sparse(_small_subject({}, "3 classes", seed))]
    for name, networks in _by_options():
        yield name, (_small_subject(given, task, seed) for given, task in networks)


def _half_sparse(subject: Subject) -> Subject:
    """The same network on sparse rows, of every second input."""
    filled = np.arange(subject.x.size).reshape(subject.x.shape) % 2
    return replace(subject, x=SparseRows.of(np.where(filled, subject.x, 0.0)).as_array())


def _by_options() -> Iterator[tuple[str, Networks]]:
    """The components that options switch on, with options and task of each network."""
    for name in ACTIVATIONS:
        yield f"activation {name}", [({"activation": name}, "3 classes")]
    for name in NORMALIZATIONS:
        for position in ("before", "after"):
            placed = {"norm": name, "norm_position": position}
            yield f"norm {name}, {position} the activation", [(placed, "3 classes")]
    for name in LOSSES:
        for given, task in _with_every_task({"loss": name}):
            yield f"loss {name}, {task}", [(given, task)]
    for name in LIFTS:
        yield f"lift {name}", [({"lift": name}, "3 classes")]
    yield "factors of the inputs", [({"input_gain": 1.0}, "3 classes")]
    for name, given in LAYER_REGULARIZERS.items():
        yield f"regularizer {name}", [(given, "3 classes")]
    for name, given in TARGET_REGULARIZERS.items():
        yield f"regularizer {name}", [one for loss in LOSSES for one in _with_every_task({"loss": loss, **given})]
    for name, given in ROW_WEIGHTS.items():
        yield name, [one for loss in LOSSES for one in _with_every_task({"loss": loss, **given})]
    parts = [
        *LAYER_REGULARIZERS.values(),
        *ROW_WEIGHTS.values(),
        *TARGET_REGULARIZERS.values(),
        {"activation": "relu", "input_gain": 1.0},
    ]
    together = {name: value for part in parts for name, value in part.items()}
    for name in NORMALIZATIONS:
        yield (
            f"complete network, {name} norm",
            [({**together, "norm": name, "lift": lift}, "3 classes") for lift in LIFTS],
        )


def _with_every_task(given: dict[str, Any]) -> Networks:
    """The options with each task that the rules allow for them."""
    return [(given, task) for task, (kind, _) in TASKS.items() if not list(task_conflicts(_small_options(given), kind))]


def _small_options(given: dict[str, Any]) -> RunOptions:
    """Options of a small smooth network; not validated, so that a component counts once it is in its registry."""
    return RunOptions(hidden=HIDDEN, activation="tanh").model_copy(update=given)


def _small_subject(given: dict[str, Any], task: str, seed: int) -> Subject:
    kind, classes = TASKS[task]
    options = resolve(_small_options({**given, "seed": seed}), task=kind, scale="none", has_validation=True, threads=1)
    x, y = random_batch(stream(seed, Purpose.GRADCHECK, epoch=2), ROWS, FEATURES, kind, classes, TARGETS)
    front = options.lift != "none" or options.input_dropout > 0 or options.input_gain > 0
    return draw_subject(options, x, y, output_units(kind, classes, TARGETS), front=front)
