"""The network again, in formulas of the tape: a second opinion that shares no code with the layers.

The architecture is built from a run's options; only numbers are taken from the network itself, its parameters by name
and its dropout masks. A component without a formula here is checked by differences alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mlpcli import nn
from mlpcli.autodiff import Variable, ops
from mlpcli.autodiff.parser import parse
from mlpcli.config import RunOptions, choices
from mlpcli.nn import Array

__all__ = ["knows", "objective", "target_rows"]

Formula = Callable[[Any], Any]

EPS = 1e-5  # of both norms, inside the root
ACTIVATIONS: dict[str, Formula] = {
    name: parse(row.formula).apply for name, row in choices.ACTIVATIONS.items() if row.formula
}


def _normalized(x: Any, axis: int) -> Any:
    centred = x - ops.mean(x, axis=axis, keepdims=True)
    return centred / ops.sqrt(ops.mean(centred**2, axis=axis, keepdims=True) + EPS)


NORMALIZATIONS: dict[str, Formula] = {
    "batch": lambda x: _normalized(x, axis=-2),
    "layer": lambda x: _normalized(x, axis=-1),
}


def _quadratic(x: Any) -> Any:
    first, second = np.triu_indices(x.value.shape[-1])
    return ops.concatenate(x, x[..., first] * x[..., second])


LIFTS: dict[str, Formula] = {"quadratic": _quadratic}


def _logistic(scores: Any, targets: Array) -> Any:
    """The cross-entropies of single scores, added up over the labels."""
    return ops.sum(ops.logaddexp(0.0, scores) - scores * targets, axis=-1)


def _cross_entropy(scores: Any, targets: Array) -> Any:
    """-sum_k target_k log p_k; one score z stands for the scores (0, z) of two classes."""
    if scores.value.shape[-1] == 1:
        return _logistic(scores, targets)
    shifted = scores - scores.value.max(axis=-1, keepdims=True)
    return ops.sum(targets * (ops.log(ops.sum(ops.exp(shifted), axis=-1, keepdims=True)) - shifted), axis=-1)


def _huber(r: Any) -> Any:
    inside = np.abs(r.value) <= 1
    return ops.where(inside, 0.5 * r**2, ops.absolute(r) - 0.5)


LOSSES: dict[str, Callable[[Any, Array], Any]] = {
    "cross-entropy": _cross_entropy,
    "squared": lambda scores, targets: 0.5 * ops.sum((scores - targets) ** 2, axis=-1),
    "absolute": lambda scores, targets: ops.sum(ops.absolute(scores - targets), axis=-1),
    "huber": lambda scores, targets: ops.sum(_huber(scores - targets), axis=-1),
}


def knows(options: RunOptions) -> bool:
    """Whether every component of this run has a formula here."""
    used = (
        (options.activation, ACTIVATIONS),
        (options.norm, {"none", *NORMALIZATIONS}),
        (options.lift, {"none", *LIFTS}),
        (options.loss, LOSSES),
    )
    return all(name in formulas for name, formulas in used)


def objective(
    options: RunOptions,
    parameters: Mapping[str, Variable],
    x: Array,
    targets: Array,
    masks: Mapping[str, Array],
    example_weights: Array | None = None,
) -> Variable:
    """J, which a training step lowers: the mean loss over the rows plus the L2 penalty.

    Args:
        options: resolved options of the run.
        parameters: by name; `front.weight` puts a linear map before all layers, so that gradients reach the first.
        x: inputs `(rows, features)`.
        targets: target rows `(rows, outputs)`.
        masks: the kept units of each dropout layer, by the layer's name.
        example_weights: one weight per row; None weighs all rows by 1.
    """
    scores = _scores(options, parameters, x, masks)
    losses = (_logistic if options.task == "multilabel" else LOSSES[options.loss])(scores, targets)
    mean: Variable = ops.mean(losses if example_weights is None else losses * example_weights)
    if options.weight_decay > 0 and not choices.OPTIMIZERS[options.optimizer].decoupled:
        for name, parameter in parameters.items():
            if name.endswith(".weight"):
                mean = mean + 0.5 * options.weight_decay * ops.sum(parameter**2)
    return mean


def target_rows(options: RunOptions, y: Array, outputs: int) -> Array:
    """The target of each score, `(rows, outputs)`: numbers as they are, class codes and labels as smoothed rows.

    Labels: (1-s) y + s/2. Several scores: (1-s) onehot + s/c. One score: (1-s) y + s/2 under cross-entropy, and (1-s)
    (2y-1) under a loss on residuals, whose two classes are -1 and 1.
    """
    if options.task == "regression":
        return y
    s = options.label_smoothing
    if options.task == "multilabel":
        rows: Array = (1 - s) * y + s / 2
    elif outputs > 1:
        rows = (1 - s) * np.eye(outputs)[y] + s / outputs
    elif nn.LOSSES[options.loss].log_odds:
        rows = ((1 - s) * y + s / 2)[:, None]
    else:
        rows = ((1 - s) * (2.0 * y - 1))[:, None]
    return rows


def _kept(rate: float) -> float:
    """The mean share of units that dropout keeps; a small one is that of the rate rounded to 16 bits."""
    share = 1 - rate
    return share if share >= 2**-6 else 1 - min(round(rate * 2**16), 2**16 - 1) / 2**16


def _scores(options: RunOptions, parameters: Mapping[str, Variable], x: Array, masks: Mapping[str, Array]) -> Any:
    def linear(h: Any, name: str) -> Any:
        z = h @ parameters[f"{name}.weight"]
        return z + parameters[f"{name}.bias"] if f"{name}.bias" in parameters else z

    def norm(h: Any, name: str) -> Any:
        normalized = NORMALIZATIONS[options.norm](h)
        return parameters[f"{name}.norm.gain"] * normalized + parameters[f"{name}.norm.bias"]

    def drop(h: Any, name: str, rate: float) -> Any:
        return h * masks[f"{name}.dropout"] / _kept(rate) if rate > 0 else h

    h: Any = Variable(x)
    if "front.weight" in parameters:
        h = linear(h, "front")
    h = drop(h, "input", options.input_dropout)
    if "input.gain" in parameters:
        h = parameters["input.gain"] * h
    if options.lift != "none":
        h = LIFTS[options.lift](h)
    for index in range(len(options.sizes)):
        name = f"hidden.{index}"
        h = linear(h, name)
        if options.norm != "none" and options.norm_position == "before":
            h = norm(h, name)
        h = ACTIVATIONS[options.activation](h)
        if options.norm != "none" and options.norm_position == "after":
            h = norm(h, name)
        h = drop(h, name, options.dropout)
    return linear(h, "output")
