"""The links that optimizers are chains of; each is a few in-place passes over one block.

In the formulas g is the incoming gradient, w the parameters and a the learning rate. Every stage may use the scratch
array `product` from its last reading of `update` to its return; `penalized` belongs to weight decay.

>>> from mlpcli.optim.block import Arrays
>>> scratch, memory = Arrays((2,), "float64"), Arrays((1, 2), "float64")
>>> cell = (slice(0, 1), slice(0, 2))
>>> block = Block(cell, {"weight_decay": 0.1}, np.array([1.0, 0.0]), None, memory, scratch, [add_weight_decay])
>>> weights = np.array([[10.0, 10.0]])
>>> block.attach(weights, np.array([[1.0, 1.0]]))
>>> block.step(rate=0.5, count=1, clip=None)
>>> weights  # the first decays: 10 - 0.5 (1 + 0.1 * 10)
array([[9. , 9.5]])
"""

from collections.abc import Callable

import numpy as np

from mlpcli.optim.block import Array, Block, Number, Stage

__all__ = ["add_weight_decay", "nesterov", "scale_by_adam", "scale_by_rms", "shrink_weights", "trace"]


def add_weight_decay(block: Block) -> Stage:
    """g + weight_decay * w: the gradient of the L2 penalty weight_decay / 2 * |w|^2, on the decayed entries."""
    if not np.any(block.number("weight_decay")):
        return _unchanged
    weight_decay = np.array(block.number("weight_decay"), block.dtype)
    out, mask = block.work("penalized"), block.mask

    def stage(update: Array, params: Array, rate: Number, count: int) -> tuple[Array, Number]:
        np.multiply(params, weight_decay, out=out)
        if mask is not None:
            np.multiply(out, mask, out=out)
        np.add(out, update, out=out)
        return out, rate

    return stage


def shrink_weights(block: Block) -> Stage:
    """w -= a * weight_decay * w beside the gradient's step: decoupled decay (Loshchilov & Hutter 2019).

    It stands first in its chain, where the rate is still a.
    """
    weight_decay = block.number("weight_decay")
    if not np.any(weight_decay):
        return _unchanged
    product, mask, dtype = block.work("product"), block.mask, block.dtype

    def stage(update: Array, params: Array, rate: Number, count: int) -> tuple[Array, Number]:
        np.multiply(params, np.array(rate * weight_decay, dtype), out=product)
        if mask is not None:
            np.multiply(product, mask, out=product)
        if block.factors is not None:
            np.multiply(product, block.factors, out=product)
        np.subtract(params, product, out=params)
        return update, rate

    return stage


def trace(block: Block) -> Stage:
    """v = momentum * v + g; the step is a v (Polyak 1964, with the rate outside of v, as in PyTorch)."""
    velocity, momentum = block.remember("velocity"), _momentum(block)

    def stage(update: Array, params: Array, rate: Number, count: int) -> tuple[Array, Number]:
        np.multiply(velocity, momentum(count), out=velocity)
        np.add(velocity, update, out=velocity)
        return velocity, rate

    return stage


def nesterov(block: Block) -> Stage:
    """v = momentum * v + g; the step is a (g + momentum * v) (Sutskever et al. 2013, in the form of PyTorch)."""
    accumulate, momentum, product = trace(block), _momentum(block), block.work("product")

    def stage(update: Array, params: Array, rate: Number, count: int) -> tuple[Array, Number]:
        velocity, rate = accumulate(update, params, rate, count)
        np.multiply(velocity, momentum(count), out=product)
        np.add(product, update, out=product)
        return product, rate

    return stage


def scale_by_rms(block: Block) -> Stage:
    """v = beta2 * v + (1 - beta2) * g^2; the step is a g / (sqrt(v) + eps) (Hinton 2012, with eps as in PyTorch).

    The memory holds s = v / (1 - beta2), which saves a pass: sqrt(v) = c sqrt(s) with c = sqrt(1 - beta2).
    """
    squares, product = block.remember("square_sum"), block.work("product")
    beta2 = block.number("beta2")
    root = np.sqrt(1.0 - beta2)
    decay, eps = np.array(beta2, block.dtype), np.array(block.number("eps") / root, block.dtype)

    def stage(update: Array, params: Array, rate: Number, count: int) -> tuple[Array, Number]:
        _accumulate_squares(squares, decay, update, product)
        np.sqrt(squares, out=product)
        np.add(product, eps, out=product)
        np.divide(update, product, out=product)
        return product, rate / root

    return stage


def scale_by_adam(block: Block) -> Stage:
    """The step is a m_hat / (sqrt(v_hat) + eps), with eps outside of the root (Kingma & Ba 2015, Algorithm 1).

    m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2, m_hat = m / (1 - beta1^t), v_hat likewise. The
    memory holds r = m / (1 - beta1) and s = v / (1 - beta2), which saves two passes: m_hat = b r and v_hat = c^2 s with
    b = (1 - beta1) / (1 - beta1^t), c^2 likewise, so the step is a (b / c) r / (sqrt(s) + eps / c).
    """
    grads, squares = block.remember("gradient_sum"), block.remember("square_sum")
    product, dtype = block.work("product"), block.dtype
    beta1, beta2, eps = block.number("beta1"), block.number("beta2"), block.number("eps")
    decay1, decay2 = np.array(beta1, dtype), np.array(beta2, dtype)

    def stage(update: Array, params: Array, rate: Number, count: int) -> tuple[Array, Number]:
        root = np.sqrt((1.0 - beta2) / (1.0 - _power(beta2, count)))
        np.multiply(grads, decay1, out=grads)
        np.add(grads, update, out=grads)
        _accumulate_squares(squares, decay2, update, product)
        np.sqrt(squares, out=product)
        np.add(product, np.array(eps / root, dtype), out=product)
        np.divide(grads, product, out=product)
        return product, rate * ((1.0 - beta1) / (1.0 - _power(beta1, count))) / root

    return stage


def _momentum(block: Block) -> Callable[[int], Array]:
    """The momentum at each step: linear from `momentum` at step 1 to `momentum_final`, and constant from there on."""
    first, steps = block.number("momentum"), block.number("momentum_steps")
    if not np.any(steps):
        constant = np.array(first, block.dtype)
        return lambda count: constant
    climb = np.where(np.greater(steps, 0), block.number("momentum_final") - first, 0.0)
    length = np.where(np.greater(steps, 0), steps, 1.0)
    return lambda count: np.array(first + climb * np.minimum(1.0, (count - 1) / length), block.dtype)


def _accumulate_squares(squares: Array, decay: Array, update: Array, product: Array) -> None:
    np.multiply(squares, decay, out=squares)
    np.multiply(update, update, out=product)
    np.add(squares, product, out=squares)


def _power(base: Number, exponent: int) -> Number:
    """base^exponent, one number at a time: NumPy's vectorized power may differ in the last bit."""
    if isinstance(base, float):
        return base**exponent
    return np.array([one**exponent for one in base.ravel().tolist()]).reshape(base.shape)


def _unchanged(update: Array, params: Array, rate: Number, count: int) -> tuple[Array, Number]:
    return update, rate
