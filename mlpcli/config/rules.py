"""What options must not be combined: rules over two or more of them, beside the range that each one has.

Rules that need to know the task or whether there are validation rows stand apart: they can be asked only once the
data are known, unless the task is given.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from mlpcli.config.options import RunOptions

__all__ = ["Conflict", "conflicts", "task_conflicts", "validation_conflicts"]

MAX_WEIGHTS = 2**31  # 8 GB in float32, before gradients and the optimizer's moments


class Conflict(NamedTuple):
    """The options that do not go together, the most telling first, and why, with what to do."""

    options: tuple[str, ...]
    reason: str


_CONSTRUCTIONS = {
    "xor": "needs one hidden layer of 2 units (hidden 2)",
    "interpolate": "needs one hidden layer (depth 1)",
    "sawtooth": "needs hidden layers of 2 units (width 2)",
}

_PLAIN = {"activation": "relu", "norm": "none", "lift": "none", "init_scale": 1.0, "init_bias": 0.0}

_SMALLEST_EPS = {"float32": 1e-19, "float64": 1e-154}
"""The roots of the smallest normal numbers."""

_MONITORS = {
    "classification": ("auto", "val_loss", "val_accuracy"),
    "regression": ("auto", "val_loss", "val_rmse", "val_r2", "val_max_error"),
}


def conflicts(options: RunOptions) -> Iterator[Conflict]:
    """The rules that the options broke among themselves."""
    sizes = options.sizes
    if options.norm == "batch" and options.batch_size == 1 and sizes:
        yield Conflict(("batch_size", "norm"), "batch norm needs batches of two rows or more; use batch_size 2 or more")
    for name in ("init_scale", "init_bias", "lr_multiplier", "max_norm"):
        values = getattr(options, name)
        if isinstance(values, tuple) and len(values) != len(sizes) + 1:
            yield Conflict(
                (name, "hidden", "depth"),
                f"{len(values)} values for {len(sizes) + 1} layers, output included; give one, or one a layer",
            )
    smallest = _SMALLEST_EPS[options.dtype]
    if options.eps < smallest:
        yield Conflict(
            ("eps", "dtype"),
            f"{options.eps} is below {smallest}, where squared gradients vanish in {options.dtype} and steps would be "
            f"divided by 0; use eps {smallest} or more" + (", or dtype float64" if options.dtype == "float32" else ""),
        )
    if options.target and options.drop and (both := sorted(set(options.target) & set(options.drop))):
        yield Conflict(("drop", "target"), f"column {both[0]!r} cannot be both left out and predicted")
    shares = [size for size in (options.test_size, options.val_size) if isinstance(size, float)]
    if sum(shares) >= 1:
        yield Conflict(
            ("test_size", "val_size"), f"{' and '.join(map(str, shares))} of all rows leave none to train on"
        )
    weights = sum(before * after for before, after in pairwise(sizes))
    if weights > MAX_WEIGHTS:
        yield Conflict(
            ("hidden", "width", "depth"),
            f"{weights} weights between the hidden layers; the most is {MAX_WEIGHTS}",
        )
    if options.init in _CONSTRUCTIONS:
        yield from _construction_conflicts(options, sizes)


def _construction_conflicts(options: RunOptions, sizes: tuple[int, ...]) -> Iterator[Conflict]:
    """Weights set by hand fit one architecture only (LECTURE: XOR, interpolation, Telgarsky's sawtooth)."""
    fits = {
        "xor": sizes == (2,),
        "interpolate": len(sizes) == 1,
        "sawtooth": sizes != () and set(sizes) == {2},
    }
    if not fits[options.init]:
        yield Conflict(("init", "hidden", "width", "depth"), f"init {options.init} {_CONSTRUCTIONS[options.init]}")
    for name, needed in _PLAIN.items():
        if getattr(options, name) != needed:
            yield Conflict(("init", name), f"init {options.init} needs {name} {needed}")


def task_conflicts(options: RunOptions, task: str) -> Iterator[Conflict]:
    """The rules that the options broke given the task, `classification` or `regression`."""
    for_classes = {
        "loss": options.loss == "cross-entropy",
        "label_smoothing": options.label_smoothing > 0,
        "class_weight": options.class_weight != "none",
        "init": options.init in ("xor", "sawtooth"),
    }
    for_numbers = {"init": options.init == "interpolate"}
    for name, wrong in (for_classes if task == "regression" else for_numbers).items():
        if wrong:
            needed = "classes" if task == "regression" else "regression"
            yield Conflict((name, "task"), f"{name} {getattr(options, name)} is for {needed}, and the task is {task}")
    if options.monitor not in _MONITORS[task]:
        known = ", ".join(_MONITORS[task])
        yield Conflict(("monitor", "task"), f"{task} has no {options.monitor}; use one of {known}")


def validation_conflicts(options: RunOptions) -> Iterator[Conflict]:
    """The options that ask for validation rows, where there are none."""
    remedy = "there are no validation rows; set val_size above 0"
    if options.patience:
        yield Conflict(("patience", "val_size"), f"{remedy}, or patience 0")
    if options.monitor != "auto":
        yield Conflict(("monitor", "val_size"), f"{remedy}, or leave monitor at auto")
