"""The links that optimizers are chains of: which pass runs over the arrays, and with which numbers at a step.

In the formulas g is the incoming gradient, w the parameters and a the learning rate. The passes themselves stand in
`mlpcli.kernels.descent`, each under the name of its link.

>>> from mlpcli.optim.block import Arrays
>>> block = Block(slice(0, 2), {"weight_decay": 0.1}, np.array([[1.0, 0.0]]), None, Arrays((1, 2), "float64"), [])
>>> stage = add_weight_decay(block)
>>> stage(0.5, 1)  # the link with its operands, and the rate
((<Link.ADD_WEIGHT_DECAY: 0>, 0.1, array([[1., 0.]])), 0.5)
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mlpcli.kernels.descent import Link, Number, Update
from mlpcli.optim.block import Block, Stage, Transform

__all__ = ["add_weight_decay", "nesterov", "own", "scale_by_adam", "scale_by_rms", "shrink_weights", "trace"]


def add_weight_decay(block: Block) -> Stage | None:
    """g + weight_decay * w: the gradient of the L2 penalty weight_decay / 2 * |w|^2, on the decayed entries."""
    weight_decay = block.number("weight_decay")
    link = (Link.ADD_WEIGHT_DECAY, weight_decay, block.mask)
    return (lambda rate, count: (link, rate)) if np.any(weight_decay) else None


def shrink_weights(block: Block) -> Stage | None:
    """w -= a * weight_decay * w beside the gradient's step: decoupled decay (Loshchilov & Hutter 2019).

    It stands first in its chain, where the rate is still a.
    """
    weight_decay, mask = block.number("weight_decay"), block.mask
    if not np.any(weight_decay):
        return None
    return lambda rate, count: ((Link.SHRINK_WEIGHTS, rate * weight_decay, mask), rate)


def trace(block: Block) -> Stage:
    """v = momentum * v + g; the step is a v (Polyak 1964, with the rate outside of v, as in PyTorch)."""
    velocity, momentum = block.remember("velocity"), _momentum(block)
    return lambda rate, count: ((Link.TRACE, velocity, momentum(count)), rate)


def nesterov(block: Block) -> Stage:
    """v = momentum * v + g; the step is a (g + momentum * v) (Sutskever et al. 2013, in the form of PyTorch)."""
    velocity, momentum = block.remember("velocity"), _momentum(block)
    return lambda rate, count: ((Link.NESTEROV, velocity, momentum(count)), rate)


def scale_by_rms(block: Block) -> Stage:
    """v = beta2 * v + (1 - beta2) * g^2; the step is a g / (sqrt(v) + eps) (Hinton 2012, with eps as in PyTorch).

    The memory holds s = v / (1 - beta2), which saves a pass: sqrt(v) = c sqrt(s) with c = sqrt(1 - beta2).
    """
    beta2 = block.number("beta2")
    root = np.sqrt(1.0 - beta2)
    link = (Link.SCALE_BY_RMS, block.remember("square_sum"), beta2, block.number("eps") / root)
    return lambda rate, count: (link, rate / root)


def scale_by_adam(block: Block) -> Stage:
    """The step is a m_hat / (sqrt(v_hat) + eps), with eps outside of the root (Kingma & Ba 2015, Algorithm 1).

    m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2, m_hat = m / (1 - beta1^t), v_hat likewise. The
    memory holds r = m / (1 - beta1) and s = v / (1 - beta2), which saves two passes: m_hat = b r and v_hat = c^2 s with
    b = (1 - beta1) / (1 - beta1^t), c^2 likewise, so the step is a (b / c) r / (sqrt(s) + eps / c).

    With `eps_hat` eps is added to sqrt(v) before the correction of its bias, the paper's form for efficiency at the end
    of section 2, which scikit-learn and TensorFlow use: eps / sqrt(1 - beta2) in place of eps / c.
    """
    grads, squares = block.remember("gradient_sum"), block.remember("square_sum")
    beta1, beta2, eps = block.number("beta1"), block.number("beta2"), block.number("eps")
    added = eps / np.sqrt(1.0 - beta2) if block.number("eps_hat") else None

    def stage(rate: Number, count: int) -> tuple[tuple[Any, ...], Number]:
        root = np.sqrt((1.0 - beta2) / (1.0 - _power(beta2, count)))
        link = (Link.SCALE_BY_ADAM, grads, squares, beta1, beta2, eps / root if added is None else added)
        return link, rate * ((1.0 - beta1) / (1.0 - _power(beta1, count))) / root

    return stage


def own(update: Update, memory: Sequence[str], reads: Sequence[str]) -> Transform:
    """The step is a `update(g, memory, count, **numbers)`: a user's function of arrays, entry by entry.

    Args:
        update: called with the gradient, a dict of the arrays that it keeps, the number of the step from 1, and its
            hyperparameters; the arrays are `(replicas, entries)` of any part of the parameters.
        memory: names of the arrays that it keeps, zero before the first step.
        reads: names of its hyperparameters, numbers or `(replicas, 1)`.
    """

    def transform(block: Block) -> Stage:
        kept = {name: block.remember(name) for name in memory}
        numbers = {name: block.number(name) for name in reads}
        return lambda rate, count: ((Link.OWN, update, kept, numbers, count), rate)

    return transform


def _momentum(block: Block) -> Callable[[int], Number]:
    """The momentum at each step: linear from `momentum` at step 1 to `momentum_final`, and constant from there on."""
    first, steps = block.number("momentum"), block.number("momentum_steps")
    if not np.any(steps):
        return lambda count: first
    climb = np.where(np.greater(steps, 0), block.number("momentum_final") - first, 0.0)
    length = np.where(np.greater(steps, 0), steps, 1.0)
    return lambda count: first + climb * np.minimum(1.0, (count - 1) / length)


def _power(base: Number, exponent: int) -> Number:
    """base^exponent, one number at a time: NumPy's vectorized power may differ in the last bit."""
    if isinstance(base, float):
        return base**exponent
    return np.array([one**exponent for one in base.ravel().tolist()]).reshape(base.shape)
