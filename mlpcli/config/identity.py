"""The identity of a run: its options resolved, and the two keys made of them, `run_id` and `stack_key`.

Runs with equal numbers, and no others, have one `run_id` (the law of results). Runs that one network with replicas can
train together share a `stack_key`.
"""

import hashlib
from itertools import chain

from mlpcli import json_text
from mlpcli.config.choices import ACTIVATIONS, default_loss
from mlpcli.config.merge import usage_error
from mlpcli.config.metrics import Measure, monitored
from mlpcli.config.options import RunOptions
from mlpcli.config.rules import task_conflicts, validation_conflicts

__all__ = ["FORMAT", "resolve", "run_id", "stack_key"]

FORMAT = 2
"""Raised when equal options begin to give other numbers. Since 2 an option at its default is left out of run_id, so
that options added later leave the ids of old runs alone."""

_REGRESSION_OUTPUT = 0.1


def resolve(
    options: RunOptions, *, task: str, scale: str, has_validation: bool, threads: int, targets: int = 1
) -> RunOptions:
    """The options with the values that are used in place of every `auto`, default and reference.

    `task`, `scale`, `threads` and `targets`, their number, are what the data and the machine decide. Without validation
    rows nothing is monitored, so `monitor` stays auto. Resolving twice changes nothing.

    Raises:
        UsageError: options do not suit the task, or ask for validation rows where there are none.
    """
    broken = chain(task_conflicts(options, task), () if has_validation else validation_conflicts(options))
    if problems := [f"{conflict.options[0]}: {conflict.reason}" for conflict in broken]:
        raise usage_error(problems)
    used = {
        "task": task,
        "scale": scale,
        "split_seed": options.seed if options.split_seed == "seed" else options.split_seed,
        "init_scale": _default_init_scale(options, task),
        "init": ACTIVATIONS[options.activation].init if options.init == "auto" else options.init,
        "loss": default_loss(task) if options.loss == "auto" else options.loss,
        "lr": options.used("lr"),
        "beta2": options.used("beta2"),
        "keep": options.keep if has_validation else "last",
        "threads": threads,
    }
    if options.monitor == "auto" and has_validation:
        used["monitor"] = str(Measure("val", monitored(task, targets)))
    return options.with_hidden().model_copy(update=used)


def _default_init_scale(options: RunOptions, task: str) -> float | tuple[float, ...]:
    """With `init = "auto"` the output layer of a regression has a tenth of its scale.

    The network then begins near the mean of its targets, not with a random function of their size, which small data
    cannot unlearn (validation R2 on diabetes 0.52 instead of 0.44).
    """
    given = options.init_scale
    if options.init != "auto" or task != "regression":
        return given
    *hidden, output = given if isinstance(given, tuple) else (given,) * (len(options.sizes) + 1)
    return (*hidden, _REGRESSION_OUTPUT * output)


def run_id(resolved: RunOptions, data_digest: str) -> str:
    """12 hex digits of the SHA-256 of canonical JSON: `{"data": digest, "format": 2, "options": {...}}`.

    Keys are sorted, without spaces, tuples are arrays, floats in their shortest form. The options are those that belong
    to the identity and whose resolved value is not the declared default.
    """
    options = {
        name: value
        for name, value in vars(resolved).items()
        if resolved.about()[name].identity and value != type(resolved).model_fields[name].default
    }
    return _digest({"data": data_digest, "format": FORMAT, "options": options})[:12]


def stack_key(resolved: RunOptions, data_digest: str) -> str:
    """The SHA-256 of what replicas of one stack must share: shapes, code paths, batches and data."""
    options: dict[str, object] = {}
    for name, about in resolved.about().items():
        value = getattr(resolved, name)
        if about.replicas == "switched":
            options[name] = any(value) if isinstance(value, tuple) else bool(value)
        elif about.replicas == "equal":
            options[name] = value
    return _digest({"data": data_digest, "options": options})


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json_text.canonical(content).encode()).hexdigest()
