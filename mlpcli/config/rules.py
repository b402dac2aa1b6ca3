"""Combinations of options that are refused, beside the range that each option has.

Rules that depend on the task or on validation rows stand apart: they apply once the data are known, or once the task
is given.
"""

from collections.abc import Collection, Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

from mlpcli.config.choices import INITIALIZERS, LOSSES, NORMS, OPTIMIZERS, Construction
from mlpcli.config.data_options import DataOptions
from mlpcli.config.metrics import Measure, every_metric_of
from mlpcli.config.options import RunOptions

__all__ = [
    "PER_LAYER",
    "Conflict",
    "column_conflicts",
    "conflicts",
    "smallest_batch",
    "task_conflicts",
    "validation_conflicts",
]

MAX_WEIGHTS = 2**31  # 8 GB in float32, before gradients and the optimizer's moments


class Conflict(NamedTuple):
    """Options that do not go together, the most telling first; why, and what to do."""

    options: tuple[str, ...]
    reason: str


PER_LAYER = ("init_scale", "init_bias", "lr_multiplier", "max_norm")
"""Options that take one value, or one per linear layer, the output's included."""

_PLAIN = {"activation": "relu", "norm": "none", "lift": "none", "init_scale": 1.0, "init_bias": 0.0}

_UNCHANGED_STEPS = {
    "max_norm": 0.0,
    "clip_norm": 0.0,
    "input_gain": 0.0,
    "lr_multiplier": 1.0,
    "schedule": "constant",
    "warmup": 0.0,
}
"""Options that change the steps of an optimizer, and the values at which they do not."""

_ROLES = {"drop": "left out", "target": "predicted", "groups": "the groups", "weights": "the weights"}
"""Options that take columns from the inputs, and what they make of them."""

_TASKS = {"classification": "classes", "regression": "regression", "multilabel": "labels"}

_SMALLEST_EPS = {"float32": 1e-19, "float64": 1e-154}
"""The roots of the smallest normal numbers."""


def conflicts(options: RunOptions) -> Iterator[Conflict]:
    """The rules that the options break among themselves, those of their task included if they name one."""
    sizes = options.sizes
    if options.batch_size == 1 and smallest_batch(options) > 1:
        yield Conflict(("batch_size", "norm"), "batch norm needs batches of two rows or more; use batch_size 2 or more")
    for name in PER_LAYER:
        values = getattr(options, name)
        if isinstance(values, tuple) and len(values) != len(sizes) + 1:
            yield Conflict(
                (name, "hidden", "depth"),
                f"{len(values)} values for {len(sizes) + 1} layers, output included; give one, or one per layer",
            )
    smallest = _SMALLEST_EPS[options.dtype]
    if options.eps < smallest:
        yield Conflict(
            ("eps", "dtype"),
            f"{options.eps} is below {smallest}, where squared gradients vanish in {options.dtype} and steps would be "
            f"divided by 0; use eps {smallest} or more" + (", or dtype float64" if options.dtype == "float32" else ""),
        )
    yield from column_conflicts(options, options.target or ())
    if options.split == "group" and options.groups is None:
        yield Conflict(("split", "groups"), "split group needs a column of groups; name it with groups")
    if options.groups is not None and options.split not in ("auto", "group"):
        yield Conflict(
            ("groups", "split"), f"split {options.split} heeds no groups; leave groups out or use split group"
        )
    if options.folds == 1:
        yield Conflict(("folds",), "cross-validation needs 2 folds or more; use 0 for none")
    if options.fold >= max(options.folds, 1):
        yield Conflict(("fold", "folds"), f"fold {options.fold} of {options.folds}: folds count from 0")
    if options.folds and options.val_dataset:
        yield Conflict(("val_dataset", "folds"), "the folds are the validation rows; leave one of them out")
    if options.ensemble > 1:
        for name in ("record", "record_weights"):
            if getattr(options, name):
                count = options.ensemble
                yield Conflict((name, "ensemble"), f"{name} describes a single network, not {count}; use ensemble 1")
    validates_elsewhere = options.folds or options.val_dataset or options.ensemble > 1
    sizes_read = (options.test_size,) if validates_elsewhere else (options.test_size, options.val_size)
    shares = [size for size in sizes_read if isinstance(size, float)]
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
    construction = INITIALIZERS[options.init].construction if options.init != "auto" else None
    if construction is not None:
        yield from _construction_conflicts(options, construction)
    if OPTIMIZERS[options.optimizer].full_batch:
        yield from _full_batch_conflicts(options)
    if options.task != "auto":
        yield from task_conflicts(options, options.task)


def column_conflicts(options: DataOptions, targets: Collection[str]) -> Iterator[Conflict]:
    """Columns that have two uses, where these are predicted: those that the options name, or the dataset's own."""
    for (first, one), (second, other) in combinations(_ROLES.items(), 2):
        if both := sorted(_columns(options, first, targets) & _columns(options, second, targets)):
            yield Conflict((first, second), f"column {both[0]!r} cannot be both {one} and {other}")


def _columns(options: DataOptions, role: str, targets: Collection[str]) -> set[str]:
    named = targets if role == "target" else getattr(options, role)
    return {named} if isinstance(named, str) else set(named or ())


def smallest_batch(options: RunOptions) -> int:
    """The rows that a training batch must have."""
    return 2 if options.norm != "none" and NORMS[options.norm].over_rows and options.sizes else 1


def _construction_conflicts(options: RunOptions, construction: Construction) -> Iterator[Conflict]:
    """Weights set by hand fit one architecture only."""
    if not construction.fits(options.sizes):
        yield Conflict(("init", "hidden", "width", "depth"), f"init {options.init} {construction.remedy}")
    for name, needed in _PLAIN.items():
        if getattr(options, name) != needed:
            yield Conflict(("init", name), f"init {options.init} needs {name} {needed}")


def _full_batch_conflicts(options: RunOptions) -> Iterator[Conflict]:
    """A line search compares losses, so it needs one without noise, and chooses the steps itself."""
    optimizer = options.optimizer
    if options.preset != "none":
        yield Conflict(
            ("optimizer", "preset"),
            f"{optimizer} finds its steps by a line search, and a preset sets those of another; leave one out",
        )
        return
    for name in ("input_dropout", *(("dropout",) if options.sizes else ())):
        if getattr(options, name) > 0:
            yield Conflict(
                ("optimizer", name),
                f"{optimizer} compares losses, which dropout makes random; use {name} 0 or another optimizer",
            )
    if smallest_batch(options) > 1:
        yield Conflict(
            ("optimizer", "norm"),
            f"{optimizer} adds up the loss block by block, and {options.norm} norm depends on the rows of a block; use "
            "norm layer or another optimizer",
        )
    for name, neutral in _UNCHANGED_STEPS.items():
        value = getattr(options, name)
        if any(one != neutral for one in (value if isinstance(value, tuple) else (value,))):
            yield Conflict(
                ("optimizer", name),
                f"{optimizer} finds its steps by a line search; use {name} {neutral} or another optimizer",
            )


def task_conflicts(options: RunOptions, task: str) -> Iterator[Conflict]:
    """The rules that the options break given the task: classification, regression or multilabel."""
    construction = INITIALIZERS[options.init].construction if options.init != "auto" else None
    suited: dict[str, tuple[str, ...]] = {}
    if options.loss != "auto":
        suited["loss"] = LOSSES[options.loss].tasks
    if options.label_smoothing > 0:
        suited["label_smoothing"] = ("classification", "multilabel")
    if options.class_weight != "none":
        suited["class_weight"] = ("classification",)
    if construction is not None:
        suited["init"] = ("classification",) if construction.classes else ("regression",)
    for name, tasks in suited.items():
        if task not in tasks:
            needed = " and ".join(_TASKS[fitting] for fitting in tasks)
            yield Conflict((name, "task"), f"{name} {getattr(options, name)} is for {needed}, and the task is {task}")
    monitors = ("auto", *(str(Measure("val", metric)) for metric in every_metric_of(task)))
    if options.monitor not in monitors:
        yield Conflict(("monitor", "task"), f"{task} has no {options.monitor}; use one of {', '.join(monitors)}")


def validation_conflicts(options: RunOptions) -> Iterator[Conflict]:
    """The rules that the options break where there are no validation rows."""
    remedy = "there are no validation rows; set val_size above 0"
    if options.patience:
        yield Conflict(("patience", "val_size"), f"{remedy}, or patience 0")
    if options.schedule == "plateau":
        yield Conflict(("schedule", "val_size"), f"{remedy}, or use a schedule that follows no metric")
    if options.monitor != "auto":
        yield Conflict(("monitor", "val_size"), f"{remedy}, or leave monitor at auto")
