"""Estimates of what training costs: the memory that a replica keeps busy, and seconds of one core.

They decide how many replicas a stack may have and how work is distributed. No number of a trial depends on them.
Measured with `Trainer` on digits, widths 4 to 256, depths 1 to 6, stacks of 1 to 128, on one core of a Xeon with 2 MB
of L2 cache; the estimated seconds agree with the measured ones within a third.
"""

from dataclasses import dataclass
from itertools import pairwise

from mlpcli.config import RunOptions
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.nn import lifted_features

__all__ = ["Cost", "cost_of"]

BUDGET = 6
"""L2 caches' worth of memory that the replicas of a stack may keep busy: about where a step per replica is cheapest, by
results/reference/stack.md on a Xeon with 2 MB, and on an EPYC with 512 KB, where 64 x 3 is cheapest from 8 replicas on
and 128 x 3 from 2 to 4."""

ALONE = 3
"""L2 caches' worth of one network beyond which it trains alone. 256 x 3 keeps 2.7 MB busy: on an EPYC with 512 KB, 5.4
caches, it takes 1.28 times as long in stacks of 2 or 4, and 128 x 3 still 0.85; on one with 1 MB, with both of two
cores busy, 0.9 in stacks of 2."""

MAX_REPLICAS = 128
"""Beyond this even networks of 4 units gain nothing, and a crash costs the whole stack."""

STEP, STEP_LAYER, STEP_DROPOUT, STEP_NORM = 60e-6, 10e-6, 15e-6, 25e-6
"""Seconds per step, however many replicas: fixed, and per hidden layer, per dropout and per norm of one."""

REPLICA, PRODUCT, UNIT, UNIT_DROPOUT, UNIT_NORM = 5e-6, 1 / 45e9, 0.5e-9, 3e-9, 5e-9
"""Seconds per replica and step: fixed, per floating-point operation, and per hidden unit and row."""


@dataclass(frozen=True)
class Cost:
    """The cost of runs with one stack_key: most replicas of a stack, seconds per `stack` and per `trial` in it."""

    replicas: int
    stack: float
    trial: float


def cost_of(options: RunOptions, features: int, outputs: int, rows: int, l2: int) -> Cost:
    """The cost of a resolved run on `rows` training rows of `features` inputs, before the lift; `l2` in bytes."""
    batch = rows if options.batch_size == "full" else min(options.batch_size, rows)
    steps = options.epochs * -(-rows // batch)
    inputs = lifted_features(features) if options.lift != "none" else features
    hidden, layers = sum(options.sizes), len(options.sizes)
    dropped, normed = options.dropout > 0, options.norm != "none"
    parameters = sum((before + 1) * after for before, after in pairwise((inputs, *options.sizes, outputs)))

    itemsize = 4 if options.dtype == "float32" else 8
    arrays = 4 + dropped + 2 * normed  # z, h and their gradients; the mask; the normalized z and its gradient
    optimizer = OPTIMIZERS[options.optimizer]
    copies = 2 + len(optimizer.memory)  # the parameters, their gradients, and what is kept of them
    busy = itemsize * (parameters * copies + batch * (inputs + hidden * arrays))

    wide = itemsize / 4  # twice the bytes, half as many in a register
    step = STEP + layers * (STEP_LAYER + STEP_DROPOUT * dropped + STEP_NORM * normed)
    units = batch * hidden * (UNIT + UNIT_DROPOUT * dropped + UNIT_NORM * normed)
    replica = REPLICA + wide * (6 * parameters * batch * PRODUCT + units)
    most = max(1, MAX_REPLICAS // options.ensemble)  # whose networks keep their memory while others train
    replicas = 1 if optimizer.full_batch or busy > ALONE * l2 else min(BUDGET * l2 // busy, most)
    steps *= options.ensemble
    return Cost(replicas, steps * step, steps * replica)
