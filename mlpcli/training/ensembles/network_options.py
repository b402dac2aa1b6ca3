"""The options of the networks that an ensemble consists of.

>>> run = RunOptions(ensemble=4, seed=3)
>>> [one.seed for one in network_options(run)]
[12, 13, 14, 15]
"""

from mlpcli.config import RunOptions

__all__ = ["network_options"]


def network_options(run: RunOptions) -> list[RunOptions]:
    """The options of each network, without its fold: a single network with a seed of its own.

    Runs that differ in their seed alone share no network's seed. Without validation rows of the data's own a network
    has none that it can be asked for later, since its fold trained the others.
    """
    first = run.seed * run.ensemble
    return [run.model_copy(update={"ensemble": 1, "seed": first + k, "val_size": 0}) for k in range(run.ensemble)]
