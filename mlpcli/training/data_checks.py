"""Whether options and data suit each other: asked once both are known, before anything is written."""

from mlpcli.config import RunOptions
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.training.build import check_lift, smallest_batch
from mlpcli.training.initial_weights import CONSTRUCTIONS

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
    if options.init in CONSTRUCTIONS:
        inputs, needs = CONSTRUCTIONS[options.init]
        fits = data.classes is None if options.init == "interpolate" else len(data.classes or ()) == 2
        if len(data.features) != inputs or not fits:
            raise UsageError(f"init {options.init} on dataset {data.name!r}: the construction needs {needs}")
