"""What a run is: its options resolved, and the two keys made of them, `run_id` and `stack_key`.

`run_id` is equal exactly for runs whose numbers are equal (the law of results); `stack_key` for runs that one network
with replicas can train together.
"""

import hashlib
from itertools import chain

from mlpcli import json_text
from mlpcli.config.merge import usage_error
from mlpcli.config.options import DEFAULT_LR, RunOptions
from mlpcli.config.rules import task_conflicts, validation_conflicts

__all__ = ["FORMAT", "resolve", "run_id", "stack_key"]

_REGRESSION_OUTPUT = 0.1

FORMAT = 1  # raised when equal options begin to give other numbers

_RELU_FAMILY = ("relu", "leaky-relu", "elu", "gelu", "silu", "mish", "softplus")

# The data digest stands for the dataset's name or path and for how it was read, hidden for width and depth, and what a
# preset says for its name.
_REPLACED = ("dataset", "delimiter", "encoding", "width", "depth", "preset")
_NO_IDENTITY = (*_REPLACED, "record")

_PER_REPLICA = (
    "seed",
    "init_scale",
    "init_bias",
    "lr",
    "lr_multiplier",
    "momentum",
    "momentum_final",
    "momentum_epochs",
    "beta1",
    "beta2",
    "eps",
    "lr_decay",
    "lr_every",
)

# These may differ by replica too, but 0 switches their code off.
_PER_REPLICA_IF_ON = (
    "input_gain",
    "weight_decay",
    "dropout",
    "input_dropout",
    "clip_norm",
    "max_norm",
    "label_smoothing",
    "warmup",
    "patience",
)


def resolve(options: RunOptions, *, task: str, scale: str, has_validation: bool, threads: int) -> RunOptions:
    """The options with what is used in place of every `auto`, default and reference.

    `task`, `scale` and `threads` are what the data and the machine made of these options. Without validation rows
    nothing is monitored, so `monitor` stays auto. Raises `UsageError` for options that do not suit the task, or that
    ask for validation rows where there are none. Resolving twice changes nothing.
    """
    broken = chain(task_conflicts(options, task), () if has_validation else validation_conflicts(options))
    if problems := [f"{conflict.options[0]}: {conflict.reason}" for conflict in broken]:
        raise usage_error(problems)
    classes = task == "classification"
    used = {
        "task": task,
        "scale": scale,
        "split_seed": options.seed if options.split_seed == "seed" else options.split_seed,
        "init_scale": _default_init_scale(options, task),
        "init": _default_init(options.activation) if options.init == "auto" else options.init,
        "loss": ("cross-entropy" if classes else "squared") if options.loss == "auto" else options.loss,
        "lr": DEFAULT_LR[options.optimizer] if options.lr is None else options.lr,
        "keep": options.keep if has_validation else "last",
        "threads": threads,
    }
    if options.monitor == "auto" and has_validation:
        used["monitor"] = "val_accuracy" if classes else "val_rmse"
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


def _default_init(activation: str) -> str:
    """What keeps the variance of the signal through the layers (He 2015, Klambauer 2017, Glorot 2010)."""
    if activation in _RELU_FAMILY:
        return "he"
    return "lecun" if activation == "selu" else "glorot"


def run_id(resolved: RunOptions, data_digest: str) -> str:
    """12 hex digits of the SHA-256 of canonical JSON: `{"data": digest, "format": 1, "options": {...}}`.

    Keys sorted, no spaces, tuples as arrays, floats in their shortest form. The options are all of them, resolved,
    but for those that others stand for (`_REPLACED`), and record, which changes no number of the run.
    """
    options = {name: value for name, value in vars(resolved).items() if name not in _NO_IDENTITY}
    return _digest({"data": data_digest, "format": FORMAT, "options": options})[:12]


def stack_key(resolved: RunOptions, data_digest: str) -> str:
    """The SHA-256 of what replicas of one stack must share: shapes, code paths, batches and data."""
    options: dict[str, object] = {}
    for name, value in vars(resolved).items():
        if name in _PER_REPLICA_IF_ON:
            options[name] = any(value) if isinstance(value, tuple) else bool(value)
        elif name not in _PER_REPLICA and name not in _REPLACED:
            options[name] = value
    return _digest({"data": data_digest, "options": options})


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json_text.canonical(content).encode()).hexdigest()
