"""From options to objects: the one place where names become layers, losses, optimizers and schedules.

>>> from mlpcli.nn import Purpose
>>> runs = [RunOptions(width=8, depth=1, norm="layer")]
>>> layers = build_layers(runs, features=4, outputs=3, lead=(), bits=BitStreams([0], (), Purpose.DROPOUT))
>>> [name for name, _ in layers]
['hidden.0', 'hidden.0.norm', 'hidden.0.activation', 'output']
"""

from collections.abc import Sequence

import numpy as np

from mlpcli.config import RunOptions, choices
from mlpcli.config.class_weights import weights_by_class
from mlpcli.data import Prepared, Preprocessing
from mlpcli.errors import UsageError
from mlpcli.nn import (
    ACTIVATIONS,
    LIFTS,
    LOSSES,
    NORMALIZATIONS,
    Array,
    BitStreams,
    Dropout,
    Gain,
    Layer,
    Linear,
    LogisticLoss,
    Loss,
    Network,
    Purpose,
    Shape,
    lifted_features,
)
from mlpcli.optim import Optimizer, Plateau, Schedule

__all__ = [
    "build_layers",
    "build_loss",
    "build_optimizer",
    "build_plateau",
    "build_schedule",
    "check_lift",
    "class_weights",
    "column_bounds",
    "per_layer",
    "per_run",
    "single_layers",
]

LIFT_LIMIT = 20_000
"""The most features that the quadratic lift may make."""


def per_run(runs: Sequence[RunOptions], name: str) -> Array:
    """One option of every run of a stack, float64 `(runs,)`."""
    return np.array([getattr(run, name) for run in runs], np.float64)


def per_layer(runs: Sequence[RunOptions], name: str, layers: int) -> Array:
    """An option with one value, or one per linear layer, output included, of every run: float64 `(runs, layers)`."""
    return np.array([np.broadcast_to(np.asarray(getattr(run, name), np.float64), layers) for run in runs])


def build_layers(
    runs: Sequence[RunOptions], features: int, outputs: int, lead: Shape, bits: BitStreams
) -> list[tuple[str, Layer]]:
    """Input layers, [linear, norm, activation, dropout] x depth, linear: pairs (name, layer) in forward order.

    Args:
        runs: resolved options of a stack, which differ in hyperparameters only.
        features: inputs, before the lift.
        outputs: scores.
        lead: the leading axes of the stack; () for a single network.
        bits: the random numbers of the dropout masks.

    Raises:
        UsageError: the lift would make too many features.
    """
    run = runs[0]
    layers: list[tuple[str, Layer]] = []
    if run.input_dropout > 0:
        layers.append(("input.dropout", Dropout(per_run(runs, "input_dropout").reshape(lead), bits, lead)))
    if run.input_gain > 0:
        layers.append(("input", Gain(features)))
    if run.lift != "none":
        check_lift(features)
        layers.append(("lift", LIFTS[run.lift](features)))
        features = lifted_features(features)
    norm_first = run.norm != "none" and run.norm_position == "before"
    for index, width in enumerate(run.sizes):
        name = f"hidden.{index}"
        norm: list[tuple[str, Layer]] = []
        if run.norm != "none":
            norm.append((f"{name}.norm", NORMALIZATIONS[run.norm](width)))
        activation = (f"{name}.activation", ACTIVATIONS[run.activation]())
        layers.append((name, Linear(features, width, has_bias=not (norm_first and choices.NORMS[run.norm].over_rows))))
        layers.extend([*norm, activation] if norm_first else [activation, *norm])
        if run.dropout > 0:
            layers.append((f"{name}.dropout", Dropout(per_run(runs, "dropout").reshape(lead), bits, lead)))
        features = width
    layers.append(("output", Linear(features, outputs)))
    return layers


def single_layers(options: RunOptions, preprocessing: Preprocessing) -> list[tuple[str, Layer]]:
    """The layers of the network of one run, as `build_layers` gives them; nothing is allocated."""
    bits = BitStreams([options.seed], (), Purpose.DROPOUT)
    return build_layers([options], len(preprocessing.features), preprocessing.outputs, (), bits)


def build_loss(runs: Sequence[RunOptions], outputs: int, lead: Shape, class_weights: Array | None = None) -> Loss:
    """The loss of a stack of runs, with their smoothing and one weight per class, `(classes,)`."""
    run = runs[0]
    logistic = LOSSES[run.loss].log_odds and (outputs == 1 or run.task == "multilabel")
    kind = LogisticLoss if logistic else LOSSES[run.loss]
    return kind(lead, run.dtype, per_run(runs, "label_smoothing").reshape(lead), class_weights)


def class_weights(options: RunOptions, data: Prepared) -> Array | None:
    """The weight of each class, `(classes,)`, 1 on the mean row; None where classes are not weighted.

    Balanced classes have rows / (classes * rows of the class). Rows count by their weights.
    """
    if options.class_weight == "none" or data.classes is None:
        return None
    counts = np.bincount(data.train.y, data.train.relative_weights, minlength=len(data.classes))
    if options.class_weight == "balanced":
        weights: Array = len(data.train.y) / (len(counts) * np.where(counts > 0, counts, 1))
        return weights
    given = weights_by_class(options.class_weight)
    asked = np.array([given.get(name, 1.0) for name in data.classes])
    scaled: Array = asked * (len(data.train.y) / (asked @ counts))
    return scaled


def build_optimizer(
    runs: Sequence[RunOptions], network: Network, steps_per_epoch: int = 1, *, eps_hat: bool = False
) -> Optimizer:
    """The optimizer of a stack of runs for the parameters of their network, `lead = (len(runs),)`, or () for one run.

    `eps_hat` is scikit-learn's form of Adam; see `scale_by_adam`.
    """
    name = runs[0].optimizer
    numbers = {read: per_run(runs, read) for read in (*choices.OPTIMIZERS[name].reads, "weight_decay", "clip_norm")}
    if "momentum_epochs" in numbers:
        numbers["momentum_steps"] = numbers.pop("momentum_epochs") * steps_per_epoch
    return Optimizer(
        name,
        network.params.shape,
        network.dtype,
        **{key: _number(values) for key, values in numbers.items()},
        eps_hat=float(eps_hat),
        decayed=network.decayed,
        factors=_rate_factors(runs, network),
        threads=int(runs[0].threads),
    )


def _rate_factors(runs: Sequence[RunOptions], network: Network) -> Array | None:
    """The multiple of the learning rate for each parameter, `(runs, size)`, or `(size,)` where all runs agree.

    It is lr_multiplier for weights, input_gain for the factors of the inputs, and 1 for biases and norms; None where
    all are 1, which costs nothing. This maps published recipes of dropout, which scale at test time, to inverted
    dropout.
    """
    multipliers = per_layer(runs, "lr_multiplier", len(network.linears))
    spans = network.decayed
    if "input.gain" in network.spans:
        multipliers = np.concatenate([multipliers, per_run(runs, "input_gain")[:, None]], axis=1)
        spans.append(network.spans["input.gain"])
    if (multipliers == 1).all():
        return None
    agreed = (multipliers == multipliers[0]).all()
    factors = np.ones(network.size if agreed else network.params.shape, network.dtype)
    for index, span in enumerate(spans):
        factors[..., span] = multipliers[0, index] if agreed else multipliers[:, index, None]
    return factors


def build_schedule(runs: Sequence[RunOptions], steps_per_epoch: int) -> Schedule:
    """The learning rate at every step: a number where all runs of the stack agree, else `(runs, 1)`."""
    numbers = {name: _number(per_run(runs, name)) for name in ("lr", "lr_decay", "lr_every", "warmup")}
    return Schedule(runs[0].schedule, steps_per_epoch=steps_per_epoch, epochs=runs[0].epochs, **numbers)


def build_plateau(runs: Sequence[RunOptions]) -> Plateau | None:
    """The part of the learning rate that follows the monitor; None for the schedules that are functions of the step."""
    if runs[0].schedule != "plateau":
        return None
    return Plateau(*(per_run(runs, name) for name in ("lr_decay", "lr_every")))


def column_bounds(runs: Sequence[RunOptions], network: Network) -> list[Array]:
    """The max-norm bound of each linear layer, `(runs, 1, 1)`; an empty list where no run has one."""
    if not np.any(runs[0].max_norm):
        return []
    bounds = per_layer(runs, "max_norm", len(network.linears))
    return [bound[:, None, None] for bound in bounds.T]


def _number(values: Array) -> float | Array:
    """One number where all runs agree, which costs less arithmetic, else a column `(runs, 1)`."""
    return float(values[0]) if (values == values[0]).all() else values[:, None]


def check_lift(features: int) -> None:
    """Check that the quadratic lift of this number of inputs is not too wide.

    Raises:
        UsageError: it would make more than 20,000 features.
    """
    if lifted_features(features) > LIFT_LIMIT:
        raise UsageError(
            f"lift quadratic: {features} inputs become {lifted_features(features):,} features, "
            f"the limit is {LIFT_LIMIT:,}. Use lift none or fewer inputs"
        )
