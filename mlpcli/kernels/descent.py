"""An optimizer's update: a chain of links over parameters, gradients and memories, all `(replicas, size)`.

The NumPy twin works block by block: a block's parameters, gradients, memories and scratch stay in the cache for the
whole chain, where pass by pass over millions of parameters every pass would fetch them from memory. The compiled twin
does the same in tiles that fit L1. All is elementwise, so no cut shows in a result.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.kernels.aligned import CACHE_LINE, aligned_empty
from mlpcli.kernels.compiled import twin

__all__ = ["Link", "Number", "Update", "cells", "descend", "flush", "scratch"]

Array = NDArray[Any]
Cell = tuple[slice, slice]

Number = float | Array
"""In float64, one for all replicas or one for each, `(replicas, 1)`. Rounded once, where it meets arrays."""

Update = Callable[..., Array]
"""`update(gradient, memory, count, **numbers)` of a user's optimizer; see `_own`."""

BLOCK_BYTES = 1 << 18
"""Size of one array of a block. Measured with momentum and adam on 2.9 M and 32 x 13 k float32 and 2 MB of L2 cache: a
quarter of this loses 20 % to the overhead of calls, whole arrays 60 % to the cache."""


class Link(IntEnum):
    """One link of a chain. A chain holds tuples of a link and its operands, in the order of its function below."""

    ADD_WEIGHT_DECAY = 0
    SHRINK_WEIGHTS = 1
    TRACE = 2
    NESTEROV = 3
    SCALE_BY_RMS = 4
    SCALE_BY_ADAM = 5
    OWN = 6
    """A user's function, which has no compiled twin: a chain with it runs in NumPy."""


@twin
def descend(
    params: Array,
    grads: Array,
    clip: Number | None,
    chain: tuple[tuple[Any, ...], ...],
    rate: Number,
    factors: Array | None,
    scratch: Array,
    /,
) -> None:
    """params -= rate * factors * what the chain makes of clip * grads; the chain's memories change too.

    `factors`, `(1 or replicas, size)`, multiply the rate of each entry; masks are `(1, size)`.
    """
    for cell in cells(*params.shape, params.itemsize, BLOCK_BYTES):
        block = _Block(cell, params, factors, scratch)
        update = block.part(grads)
        if clip is not None:
            update = np.multiply(update, block.number(clip), out=block.between)
        for link, *operands in chain:
            update = _LINKS[link](block, update, *operands)
        np.multiply(update, block.number(rate), out=block.product)
        if block.factors is not None:
            np.multiply(block.product, block.factors, out=block.product)
        np.subtract(block.params, block.product, out=block.params)


def scratch(shape: tuple[int, int], dtype: DTypeLike) -> Array:
    """Workspace of `descend` for parameters of this shape."""
    itemsize = np.dtype(dtype).itemsize
    blocks = [math.prod(span.stop - span.start for span in cell) for cell in cells(*shape, itemsize, BLOCK_BYTES)]
    line = CACHE_LINE // itemsize
    largest = max(blocks, default=0)
    return aligned_empty((2, largest + -largest % line), dtype)


@lru_cache
def cells(replicas: int, size: int, itemsize: int, block_bytes: int) -> Sequence[Cell]:
    """Contiguous (rows, columns) of at most `block_bytes` that tile a `(replicas, size)` array, cut at cache lines.

    >>> [(rows.stop, columns.stop) for rows, columns in cells(5, 20_000, 4, 1 << 18)]
    [(3, 20000), (5, 20000)]
    >>> [(rows.stop, columns.stop) for rows, columns in cells(1, 100_000, 4, 1 << 18)]
    [(1, 50000), (1, 100000)]
    """
    limit = block_bytes // itemsize
    height = max(1, limit // size)
    width = -(-size // -(-size // limit))
    width += -width % (CACHE_LINE // itemsize)
    return [
        (slice(row, min(row + height, replicas)), slice(column, min(column + width, size)))
        for row in range(0, replicas, height)
        for column in range(0, size, width)
    ]


@twin
def flush(x: Array, /) -> None:
    """0 in place of subnormal numbers, each of which slows a multiplication down to some 150 cycles."""
    np.putmask(x, np.abs(x) < np.finfo(x.dtype).tiny, 0)


class _Block:
    """One cell of the parameters, and two arrays of its shape: `product` is free for every link between its reading of
    the update and its return, `between` may hold the update that it returns.
    """

    def __init__(self, cell: Cell, params: Array, factors: Array | None, scratch: Array) -> None:
        self._rows, self._columns = rows, columns = cell
        self._whole = rows.start == columns.start == 0 and params.shape == (rows.stop, columns.stop)
        self.params = self.part(params)
        self.product, self.between = self._scratch(scratch[0]), self._scratch(scratch[1])
        self.factors = None if factors is None else self.part(factors)

    def part(self, array: Array) -> Array:
        """Block of an array `(replicas, size)` or `(1, size)`."""
        if self._whole:
            return array
        return array[self._rows if len(array) > 1 else slice(None), self._columns]

    def _scratch(self, flat: Array) -> Array:
        return flat[: self.params.size].reshape(self.params.shape)

    def number(self, number: Number) -> Array:
        return np.array(number if isinstance(number, float) else number[self._rows], self.params.dtype)


def _add_weight_decay(block: _Block, g: Array, weight_decay: Number, mask: Array | None) -> Array:
    """g + weight_decay * w, where the mask is 1."""
    np.multiply(block.params, block.number(weight_decay), out=block.product)
    if mask is not None:
        np.multiply(block.product, block.part(mask), out=block.product)
    np.add(block.product, g, out=block.between)
    return block.between


def _shrink_weights(block: _Block, g: Array, amount: Number, mask: Array | None) -> Array:
    """w -= amount * w, where the mask is 1, times the factors of the rate."""
    product = block.product
    np.multiply(block.params, block.number(amount), out=product)
    if mask is not None:
        np.multiply(product, block.part(mask), out=product)
    if block.factors is not None:
        np.multiply(product, block.factors, out=product)
    np.subtract(block.params, product, out=block.params)
    return g


def _trace(block: _Block, g: Array, velocity: Array, momentum: Number) -> Array:
    """v = momentum * v + g; the update is v."""
    velocity = block.part(velocity)
    np.multiply(velocity, block.number(momentum), out=velocity)
    np.add(velocity, g, out=velocity)
    return velocity


def _nesterov(block: _Block, g: Array, velocity: Array, momentum: Number) -> Array:
    """v = momentum * v + g; the update is momentum * v + g."""
    velocity = _trace(block, g, velocity, momentum)
    np.multiply(velocity, block.number(momentum), out=block.product)
    np.add(block.product, g, out=block.between)
    return block.between


def _scale_by_rms(block: _Block, g: Array, squares: Array, decay: Number, eps: Number) -> Array:
    """s = decay * s + g^2; the update is g / (sqrt(s) + eps)."""
    product = _root(block, g, squares, decay, eps)
    np.divide(g, product, out=block.between)
    return block.between


def _scale_by_adam(
    block: _Block, g: Array, total: Array, squares: Array, decay1: Number, decay2: Number, eps: Number
) -> Array:
    """r = decay1 * r + g, s = decay2 * s + g^2; the update is r / (sqrt(s) + eps)."""
    total = _trace(block, g, total, decay1)
    product = _root(block, g, squares, decay2, eps)
    np.divide(total, product, out=block.between)
    return block.between


def _own(
    block: _Block, g: Array, update: Update, memory: Mapping[str, Array], numbers: Mapping[str, Number], count: int
) -> Array:
    """What a user's function returns; its arrays of memory may be changed in place or replaced in the dict."""
    parts = {name: block.part(array) for name, array in memory.items()}
    given, only_read = dict(parts), g.view()
    only_read.flags.writeable = False
    found = update(only_read, given, count, **{name: block.number(number) for name, number in numbers.items()})
    for name, part in parts.items():
        if given[name] is not part:
            np.copyto(part, given[name])
    np.copyto(block.between, found)
    return block.between


def _root(block: _Block, g: Array, squares: Array, decay: Number, eps: Number) -> Array:
    squares, product = block.part(squares), block.product
    np.multiply(squares, block.number(decay), out=squares)
    np.multiply(g, g, out=product)
    np.add(squares, product, out=squares)
    np.sqrt(squares, out=product)
    np.add(product, block.number(eps), out=product)
    return product


_LINKS: dict[Link, Callable[..., Array]] = {
    Link.ADD_WEIGHT_DECAY: _add_weight_decay,
    Link.SHRINK_WEIGHTS: _shrink_weights,
    Link.TRACE: _trace,
    Link.NESTEROV: _nesterov,
    Link.SCALE_BY_RMS: _scale_by_rms,
    Link.SCALE_BY_ADAM: _scale_by_adam,
    Link.OWN: _own,
}
