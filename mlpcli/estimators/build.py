"""From an estimator's options to a network with initial weights: scikit-learn's, with the same draws, or a run's.

>>> model = build_model(RunOptions(hidden=(5,)), ["x1", "x2"], ["y"], ["no", "yes"], "classification", np.zeros((4, 2)))
>>> draw_as_scikit_learn(model.network, "relu", np.random.RandomState(0))
>>> model, model.options.init, round(float(abs(model.network.params).max()), 2)
(<Model of digits: 2 -> 5 -> 1, relu>, 'glorot', 0.96)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend

from mlpcli.config import RunOptions, resolve
from mlpcli.data import Column, Part, Prepared, Preprocessing
from mlpcli.data.prepared.preprocessing import Task, output_units
from mlpcli.errors import UsageError
from mlpcli.estimators.faults import ParameterError
from mlpcli.nn import Array, BitStreams, Network, Purpose
from mlpcli.threads import fastest_threads
from mlpcli.training.build import build_layers
from mlpcli.training.initial_weights import initialize
from mlpcli.training.model import Model

__all__ = ["build_model", "draw_as_scikit_learn", "draw_by_options", "draws_as_scikit_learn"]


def build_model(
    options: RunOptions,
    features: Sequence[str],
    targets: Sequence[str],
    classes: Sequence[str] | None,
    task: Task,
    x: Any,
) -> Model:
    """A model that takes its inputs and targets as they are; its weights are 0.

    Args:
        options: options of a run; `threads` auto is one inside a parallel call of joblib, else the fastest number.
        features: names of the inputs.
        targets: names of the targets.
        classes: names of the classes by code, or None for other tasks.
        task: what the network predicts.
        x: the inputs `(rows, features)`, an array or a sparse matrix, in whose dtype the network computes.

    Raises:
        ParameterError: the options do not suit the task.
    """
    outputs = output_units(task, len(classes or ()), len(targets))
    threads = options.threads
    if threads == "auto":
        batch = x.shape[0] if options.batch_size == "full" else min(options.batch_size, x.shape[0])
        inside = get_active_backend()[0].nesting_level > 0
        threads = 1 if inside else fastest_threads((len(features), *options.sizes, outputs), batch)
    try:
        resolved = resolve(
            options.model_copy(
                update={"dtype": str(x.dtype), "init": "glorot" if options.init == "auto" else options.init}
            ),
            task=task,
            scale="none",
            has_validation=False,
            threads=threads,
        )
    except UsageError as error:
        raise ParameterError(str(error)) from None
    numbers = len(targets) if task == "regression" else 0
    preprocessing = Preprocessing(
        tuple(Column(name) for name in features),
        tuple(targets),
        None if classes is None else tuple(classes),
        (0.0,) * numbers,
        (1.0,) * numbers,
        resolved.dtype,
    )
    bits = BitStreams([resolved.seed], (), Purpose.DROPOUT)
    network = Network(build_layers([resolved], len(features), outputs, (), bits), dtype=resolved.dtype)
    return Model(resolved, preprocessing, "", network)


def draws_as_scikit_learn(options: RunOptions) -> bool:
    """Whether the options leave the initial weights to scikit-learn's rule."""
    return options.init == "auto" and options.init_scale == 1.0 and options.init_bias == 0.0


def draw_as_scikit_learn(network: Network, activation: str, random: np.random.RandomState) -> None:
    """Draw weights and biases from U(-a, a), layer by layer, as scikit-learn does from the same `random`.

    a = sqrt(6 / (fan_in + fan_out)), and sqrt(2 / (fan_in + fan_out)) for sigmoid (Glorot and Bengio 2010).
    """
    for linear in network.linears:
        bound = np.sqrt((2.0 if activation == "sigmoid" else 6.0) / (linear.in_features + linear.out_features))
        linear.weight[...] = random.uniform(-bound, bound, linear.weight.shape)
        bias = random.uniform(-bound, bound, linear.out_features)
        if linear.has_bias:
            linear.bias[...] = bias


def draw_by_options(model: Model, x: Array, y: Array) -> None:
    """Give a new model the weights that a run of its options begins with; an interpolant goes through the rows."""
    options, network = model.options, model.network
    features, outputs = len(model.preprocessing.features), network.linears[-1].out_features
    bits = BitStreams([options.seed], (1,), Purpose.DROPOUT)
    stack = Network(build_layers([options], features, outputs, (1,), bits), (1,), options.dtype)
    rows = Part(x, y, np.arange(len(y)))
    data = Prepared("", model.preprocessing.task, rows, None, None, model.preprocessing, "none", model.digest, None)
    initialize(stack, [options], data)
    network.params[...] = stack.params[0]
