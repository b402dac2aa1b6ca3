"""The initial weights of a stack of runs: drawn from each run's seed, or constructed by hand.

A run's weights are the same whichever runs share its stack:

>>> import numpy as np
>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> data = prepare(DataOptions(dataset="xor"))
>>> runs = [RunOptions(init="he", seed=seed) for seed in range(3)]
>>> stack, alone = (Network([("output", Linear(2, 1))], lead=(count,)) for count in (3, 1))
>>> initialize(stack, runs, data)
>>> initialize(alone, runs[2:], data)
>>> np.array_equal(stack.params[2], alone.params[0])
True
"""

from collections.abc import Sequence

from mlpcli.config import RunOptions, choices
from mlpcli.data import Prepared
from mlpcli.nn import INITIALIZERS, Linear, Network, Purpose, interpolate, sawtooth, stream, xor
from mlpcli.training.build import per_layer

__all__ = ["initialize"]


def initialize(network: Network, runs: Sequence[RunOptions], data: Prepared) -> None:
    """Set the weights of every replica of a network.

    Biases are drawn after all weights, so `init_bias` moves no weight.

    Args:
        network: the network, `lead = (len(runs),)`, still without weights.
        runs: the resolved options of each replica.
        data: the training rows, which the interpolant goes through.
    """
    run, linears = runs[0], network.linears
    if choices.INITIALIZERS[run.init].construction is not None:
        _construct(run.init, linears, data)
        return
    sizes, spreads = (per_layer(runs, name, len(linears)) for name in ("init_scale", "init_bias"))
    for index, one in enumerate(runs):
        rng = stream(one.seed, Purpose.INIT)
        for linear, scale in zip(linears, sizes[index], strict=True):
            linear.weight[index] = INITIALIZERS[one.init](rng, linear.in_features, linear.out_features)
            linear.weight[index] *= float(scale)
        for linear, spread in zip(linears, spreads[index], strict=True):
            if linear.has_bias and spread > 0:
                linear.bias[index] = rng.normal(0.0, spread, linear.out_features)


def _construct(name: str, linears: Sequence[Linear], data: Prepared) -> None:
    if name == "xor":
        xor(linears)
    elif name == "sawtooth":
        sawtooth(linears)
    else:
        interpolate(linears, data.train.x, data.train.y)
