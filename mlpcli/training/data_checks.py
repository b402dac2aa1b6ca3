"""Checks that options and data suit each other, made once both are known, before anything is written.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> check_data(RunOptions(init="interpolate"), prepare(DataOptions(dataset="xor")))
Traceback (most recent call last):
mlpcli.errors.UsageError: init interpolate on dataset 'xor': the construction needs one input and a numeric target
"""

from mlpcli.config import RunOptions
from mlpcli.config.choices import INITIALIZERS
from mlpcli.config.metrics import Measure, undefined
from mlpcli.config.rules import smallest_batch
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.training.build import check_lift

__all__ = ["check_data"]


def check_data(options: RunOptions, data: Prepared) -> None:
    """Check resolved options against the data that they are to be trained on.

    Raises:
        UsageError: they do not suit each other; the message says why and what to do.
    """
    if options.lift != "none":
        check_lift(len(data.features))
    if len(data.train) < smallest_batch(options):
        raise UsageError(f"norm batch on dataset {data.name!r}: it needs at least two training rows. Use norm layer")
    if options.monitor != "auto" and data.val is not None:
        measure = Measure.parse(options.monitor)
        if len(data.val) < measure.metric.rows:
            raise UsageError(f"monitor on dataset {data.name!r}: {undefined(measure, len(data.val))}")
    construction = INITIALIZERS[options.init].construction
    kind = len(data.features), len(data.classes or ())
    if construction is not None and kind != (construction.inputs, construction.classes):
        raise UsageError(f"init {options.init} on dataset {data.name!r}: the construction needs {construction.needs}")
