"""From options to objects: the one place where names become layers, losses and weights."""

from collections.abc import Sequence

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.nn import (
    ACTIVATIONS,
    INITIALIZERS,
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
    interpolate,
    lifted_features,
    sawtooth,
    stream,
    xor,
)
from mlpcli.optim import Optimizer, Schedule

__all__ = [
    "build_layers",
    "build_loss",
    "build_optimizer",
    "build_schedule",
    "check_data",
    "class_weights",
    "column_bounds",
    "initialize",
    "output_units",
    "per_layer",
    "per_run",
    "smallest_batch",
]

LIFT_LIMIT = 20_000


def output_units(task: str, classes: int, targets: int) -> int:
    """How many scores a network gives: one a class, one for two classes, one a target in regression."""
    if task == "regression":
        return targets
    return 1 if classes == 2 else classes


def smallest_batch(options: RunOptions) -> int:
    """The rows that a training batch must have."""
    return 2 if options.norm == "batch" and options.sizes else 1


def per_run(runs: Sequence[RunOptions], name: str) -> Array:
    """One option of every run of a stack, float64 `(runs,)`."""
    return np.array([getattr(run, name) for run in runs], np.float64)


def per_layer(runs: Sequence[RunOptions], name: str, layers: int) -> Array:
    """An option that may have one value a linear layer, output included, of every run: float64 `(runs, layers)`."""
    return np.array([np.broadcast_to(np.asarray(getattr(run, name), np.float64), layers) for run in runs])


def build_layers(
    runs: Sequence[RunOptions], features: int, outputs: int, lead: Shape, bits: BitStreams
) -> list[tuple[str, Layer]]:
    """[linear, norm, activation, dropout] x depth, linear, after what is done to the inputs: for runs that differ in
    hyperparameters only.

    `features` are the inputs before the lift, UsageError if too many for it; `bits` feeds the dropout masks.
    """
    run = runs[0]
    layers: list[tuple[str, Layer]] = []
    if run.input_dropout > 0:
        layers.append(("input.dropout", Dropout(per_run(runs, "input_dropout").reshape(lead), bits, lead)))
    if run.input_gain > 0:
        layers.append(("input", Gain(features)))
    if run.lift != "none":
        _check_lift(features)
        layers.append(("lift", LIFTS[run.lift](features)))
        features = lifted_features(features)
    norm_first = run.norm != "none" and run.norm_position == "before"
    for index, width in enumerate(run.sizes):
        name = f"hidden.{index}"
        norm: list[tuple[str, Layer]] = []
        if run.norm != "none":
            norm.append((f"{name}.norm", NORMALIZATIONS[run.norm](width)))
        activation = (f"{name}.activation", ACTIVATIONS[run.activation]())
        layers.append((name, Linear(features, width, has_bias=not (norm_first and run.norm == "batch"))))
        layers.extend([*norm, activation] if norm_first else [activation, *norm])
        if run.dropout > 0:
            layers.append((f"{name}.dropout", Dropout(per_run(runs, "dropout").reshape(lead), bits, lead)))
        features = width
    layers.append(("output", Linear(features, outputs)))
    return layers


def build_loss(runs: Sequence[RunOptions], outputs: int, lead: Shape, class_weights: Array | None = None) -> Loss:
    """The loss of a stack of runs, with its smoothing; `class_weights` one a class."""
    run = runs[0]
    kind = LogisticLoss if run.loss == "cross-entropy" and outputs == 1 else LOSSES[run.loss]
    return kind(lead, run.dtype, per_run(runs, "label_smoothing").reshape(lead), class_weights)


def class_weights(options: RunOptions, data: Prepared) -> Array | None:
    """n / (classes * count) for `class_weight = "balanced"`, None for none: the mean weight of a row is 1."""
    if options.class_weight == "none" or data.classes is None:
        return None
    counts = np.bincount(data.train.y, minlength=len(data.classes))
    weights: Array = len(data.train.y) / (len(counts) * np.maximum(counts, 1))
    return weights


def build_optimizer(runs: Sequence[RunOptions], network: Network, steps_per_epoch: int = 1) -> Optimizer:
    """The optimizer of a stack of runs over the network's flat parameters, `lead = (len(runs),)`."""
    names = ("momentum", "momentum_final", "beta1", "beta2", "eps", "weight_decay", "clip_norm")
    return Optimizer(
        runs[0].optimizer,
        network.params.shape,
        network.dtype,
        **{name: _number(per_run(runs, name)) for name in names},
        momentum_steps=_number(per_run(runs, "momentum_epochs") * steps_per_epoch),
        decayed=network.decayed,
        factors=_rate_factors(runs, network),
        threads=int(runs[0].threads),
    )


def _rate_factors(runs: Sequence[RunOptions], network: Network) -> Array | None:
    """What multiplies the learning rate of each parameter, `(runs, size)` or, where runs agree, `(size,)`.

    lr_multiplier for weights, input_gain for the factors of the inputs, 1 for biases and norms: what maps the published
    recipes of dropout, which scale at test time, to inverted dropout. None where all are 1, which costs nothing.
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
    """The learning rate at every step: a number where the runs of a stack agree, else `(runs, 1)`."""
    numbers = {name: _number(per_run(runs, name)) for name in ("lr", "lr_decay", "lr_every", "warmup")}
    return Schedule(runs[0].schedule, steps_per_epoch=steps_per_epoch, epochs=runs[0].epochs, **numbers)


def column_bounds(runs: Sequence[RunOptions], network: Network) -> list[Array]:
    """The max-norm bound of each linear layer, `(runs, 1, 1)`; empty where no run has one."""
    if not np.any(runs[0].max_norm):
        return []
    bounds = per_layer(runs, "max_norm", len(network.linears))
    return [bound[:, None, None] for bound in bounds.T]


def _number(values: Array) -> float | Array:
    """One number where all runs share it, which costs less arithmetic, else a column `(runs, 1)`."""
    return float(values[0]) if (values == values[0]).all() else values[:, None]


def initialize(network: Network, runs: Sequence[RunOptions], data: Prepared) -> None:
    """Set the weights of every replica, `lead = (len(runs),)`: drawn from its seed, or constructed."""
    run, linears = runs[0], network.linears
    if run.init in CONSTRUCTIONS:
        _construct(run.init, linears, data)
        return
    sizes, spreads = (per_layer(runs, name, len(linears)) for name in ("init_scale", "init_bias"))
    for index, one in enumerate(runs):
        rng = stream(one.seed, Purpose.INIT)
        for linear, scale in zip(linears, sizes[index], strict=True):
            linear.weight[index] = INITIALIZERS[one.init](rng, linear.in_features, linear.out_features)
            linear.weight[index] *= float(scale)
        for linear, spread in zip(linears, spreads[index], strict=True):  # after all weights, which they do not move
            if linear.has_bias and spread > 0:
                linear.bias[index] = rng.normal(0.0, spread, linear.out_features)


CONSTRUCTIONS = {
    "xor": (2, "two inputs and two classes"),
    "interpolate": (1, "one input and a numeric target"),
    "sawtooth": (1, "one input and two classes"),
}


def check_data(options: RunOptions, data: Prepared) -> None:
    """Whether the options, resolved, and the data go together: asked before anything is written.

    Raises:
        UsageError: they do not, and why.
    """
    if options.lift != "none":
        _check_lift(len(data.features))
    if len(data.train) < smallest_batch(options):
        raise UsageError(f"norm batch on dataset {data.name!r}: it needs two training rows or more. Use norm layer")
    if options.init in CONSTRUCTIONS:
        inputs, needs = CONSTRUCTIONS[options.init]
        fits = data.classes is None if options.init == "interpolate" else len(data.classes or ()) == 2
        if len(data.features) != inputs or not fits:
            raise UsageError(f"init {options.init} on dataset {data.name!r}: the construction needs {needs}")


def _check_lift(features: int) -> None:
    if lifted_features(features) > LIFT_LIMIT:
        raise UsageError(
            f"lift quadratic: {features} inputs become {lifted_features(features):,} features, "
            f"the limit is {LIFT_LIMIT:,}. Use lift none or fewer inputs"
        )


def _construct(name: str, linears: Sequence[Linear], data: Prepared) -> None:
    if name == "xor":
        xor(linears)
    elif name == "sawtooth":
        sawtooth(linears)
    else:
        interpolate(linears, data.train.x, data.train.y)
