"""Checks that options and data suit each other, made once both are known, before anything is written.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> check_data(RunOptions(init="interpolate"), prepare(DataOptions(dataset="xor")))
Traceback (most recent call last):
mlpcli.errors.UsageError: init interpolate on dataset 'xor': the construction needs one input and a numeric target
"""

import math

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.choices import INITIALIZERS
from mlpcli.config.class_weights import WORDS, weights_by_class
from mlpcli.config.metrics import Measure, undefined
from mlpcli.config.rules import smallest_batch
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.training.build import check_lift, single_layers
from mlpcli.training.metrics.evaluate import is_defined
from mlpcli.wording import nearest, quote

__all__ = ["check_data"]

MOST_NAMED = 10
"""Classes that a message lists."""

MOST_NUMBERS = 4_000_000
"""Numbers that `record_weights` keeps at most: 16 MB in float32, which every checkpoint holds too."""

DENSE_ONLY = ("input_dropout", "input_gain", "lift")
"""Options that put a layer before the first linear one."""


def check_data(options: RunOptions, data: Prepared) -> None:
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
    if options.monitor != "auto" and data.val is not None:
        measure = Measure.parse(options.monitor)
        if not is_defined(measure.metric, data.val, data.preprocessing):
            raise UsageError(f"monitor on dataset {data.name!r}: {undefined(measure, len(data.val))}")
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
    counts = np.bincount(data.train.y, data.train.weights, minlength=len(classes)).tolist()
    if not any(given.get(name, 1.0) * count for name, count in zip(classes, counts, strict=True)):
        raise UsageError("class_weight: every class that the training rows have weighs 0. Give one of them a weight")
