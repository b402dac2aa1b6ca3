"""A run before its training: its options resolved for its data and checked against them, and its identity.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> data = prepare(DataOptions(dataset="xor"))
>>> run = plan_run(RunOptions(width=8, depth=1), data)
>>> run.options.hidden, run.options.loss, run.options.keep, len(run.run_id)
((8,), 'cross-entropy', 'last', 12)
>>> plan_run(RunOptions(class_weight="maybe=2"), data)
Traceback (most recent call last):
mlpcli.errors.UsageError: class_weight: dataset 'xor' has no class 'maybe'; its classes are '-1', '+1'
"""

import math
from dataclasses import dataclass

import numpy as np

from mlpcli.config import RunOptions, resolve, run_id, with_preset
from mlpcli.config.choices import INITIALIZERS
from mlpcli.config.class_weights import WORDS, weights_by_class
from mlpcli.config.metrics import Measure, undefined
from mlpcli.config.rules import smallest_batch
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.threads import fastest_threads
from mlpcli.training.build import check_lift, single_layers
from mlpcli.training.metrics.evaluate import is_defined
from mlpcli.wording import nearest, quote

__all__ = ["PlannedRun", "plan_run", "resolve_run"]

MOST_NAMED = 10
"""Classes that a message lists."""

MOST_NUMBERS = 4_000_000
"""Numbers that `record_weights` keeps at most: 16 MB in float32, which every checkpoint holds too."""

DENSE_ONLY = ("input_dropout", "input_gain", "lift")
"""Options that put a layer before the first linear one."""


@dataclass(frozen=True)
class PlannedRun:
    """A run before its training: its resolved options, its data and its identity."""

    options: RunOptions
    data: Prepared
    run_id: str


def plan_run(options: RunOptions, data: Prepared, threads: int | None = None) -> PlannedRun:
    """Resolve the options for the data, and check that they suit it; arguments as those of `resolve_run`.

    Raises:
        UsageError: the options do not suit the data.
    """
    resolved = resolve_run(options, data, threads)
    _check(resolved, data)
    return PlannedRun(resolved, data, run_id(resolved, data.digest))


def resolve_run(options: RunOptions, data: Prepared, threads: int | None = None) -> RunOptions:
    """The options as they are used for the data.

    Args:
        options: the options as given.
        data: the prepared dataset.
        threads: the number of threads that `auto` stands for; by default the fastest one for the network's size.

    Raises:
        UsageError: the options do not suit the task.
    """
    if data.decided:
        options = options.model_copy(update=data.decided)
    options = with_preset(options, task=data.task, features=len(data.features))
    if threads is None:
        batch = options.used("batch_size")
        batch = len(data.train) if batch == "full" else min(batch, len(data.train))
        threads = fastest_threads((len(data.features), *options.sizes, data.preprocessing.outputs), batch)
    return resolve(
        options,
        task=data.task,
        scale=data.scale,
        has_validation=bool(data.validations),
        threads=threads if options.threads == "auto" else options.threads,
        targets=len(data.targets),
    )


def _check(options: RunOptions, data: Prepared) -> None:
    """Check resolved options against the data that they are to be trained on.

    Raises:
        UsageError: they do not suit each other; the message says why and what to do.
    """
    for name in DENSE_ONLY if data.preprocessing.sparse else ():
        if (value := getattr(options, name)) not in ("none", 0):
            raise UsageError(
                f"{name} {value} on dataset {data.name!r}: its rows are sparse, and this is for dense ones only. "
                f"Leave {name} out"
            )
    if options.lift != "none":
        check_lift(len(data.features))
    if len(data.train) < smallest_batch(options):
        raise UsageError(f"norm batch on dataset {data.name!r}: it needs at least two training rows. Use norm layer")
    if options.monitor != "auto":
        measure = Measure.parse(options.monitor)
        for part in data.validations:
            if not is_defined(measure.metric, part, data.preprocessing):
                raise UsageError(f"monitor on dataset {data.name!r}: {undefined(measure, len(part))}")
    if options.class_weight not in WORDS:
        _check_class_weights(options, data)
    construction = INITIALIZERS[options.init].construction
    kind = len(data.features), len(data.classes or ())
    if construction is not None and kind != (construction.inputs, construction.classes):
        raise UsageError(f"init {options.init} on dataset {data.name!r}: the construction needs {construction.needs}")
    if options.record_weights and (numbers := _numbers(options, data)) * (options.epochs + 1) > MOST_NUMBERS:
        raise UsageError(
            f"record_weights: {numbers:,} weights, kept {options.epochs + 1:,} times, are more than {MOST_NUMBERS:,} "
            "numbers. Nothing was written. Use a smaller network or fewer epochs"
        )


def _numbers(options: RunOptions, data: Prepared) -> int:
    """Weights and running statistics of the network."""
    layers = single_layers(options, data.preprocessing)
    return sum(math.prod(spec.shape) for _, layer in layers for spec in (*layer.parameters(), *layer.statistics()))


def _check_class_weights(options: RunOptions, data: Prepared) -> None:
    """Check weights by name: the classes exist, and some training row counts."""
    classes, given = data.classes or (), weights_by_class(options.class_weight)
    for name in given:
        if name not in classes:
            hint = nearest(name, classes) or f"; its classes are {', '.join(map(quote, classes[:MOST_NAMED]))}"
            raise UsageError(f"class_weight: dataset {data.name!r} has no class {quote(name)}{hint}")
    counts = np.bincount(data.train.y, data.train.relative_weights, minlength=len(classes)).tolist()
    if not any(given.get(name, 1.0) * count for name, count in zip(classes, counts, strict=True)):
        raise UsageError("class_weight: every class that the training rows have weighs 0. Give one of them a weight")
