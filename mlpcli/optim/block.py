"""A block: the piece of the parameters that a chain of transforms works on at a time.

An update does little arithmetic on much memory. Over millions of parameters, pass after pass would fetch them from
memory again; block by block, their values, gradients, moments and scratch stay in the cache for the whole chain. The
parameters of a stack, `(replicas, size)` once the leading axes are flattened, are cut into whole replicas where these
are small and into pieces of one replica where they are large. Updates are elementwise, so no cut changes a result.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.kernels.aligned import CACHE_LINE, aligned_zeros

__all__ = ["Array", "Arrays", "Block", "Cell", "Number", "Shape", "Stage", "Transform", "cells"]

Array = NDArray[Any]
Shape = tuple[int, ...]
Cell = tuple[slice, slice]

Number = float | Array
"""A hyperparameter: a number, or one per replica, float64 `(replicas, 1)`. Rounded once, where it meets arrays."""

Stage = Callable[[Array, Array, Number, int], tuple[Array, Number]]
"""`stage(update, params, rate, count)` returns the next (update, rate); at the end params -= rate * update.

A constant factor goes into the rate, where it costs no pass over the arrays. `count` is the number of the step, from
1. A stage never writes to `update`; the array it returns is its own and valid until its next call.
"""

Transform = Callable[["Block"], Stage]
"""One link of an optimizer's chain: makes the stage for a block."""

BLOCK_BYTES = 1 << 18
"""Size of one array of a block. Measured for momentum and adam with 2.9 M and 32 x 13 k float32 parameters and 2 MB of
L2 cache: a quarter of this size loses 20 % to the overhead of calls, whole arrays lose 60 % to the cache."""

FLUSH_EVERY = 100
"""Steps between two removals of subnormal numbers. The moments of a dead unit decay to such numbers and stay there; one
multiplication by them takes some 150 cycles, and 1 % of them make a pass take 3 times as long."""


def cells(replicas: int, size: int, itemsize: int) -> list[Cell]:
    """Contiguous (rows, columns) that tile a `(replicas, size)` array, each at most `BLOCK_BYTES`, cut at cache lines.

    >>> [(rows.stop, columns.stop) for rows, columns in cells(replicas=5, size=20_000, itemsize=4)]
    [(3, 20000), (5, 20000)]
    >>> [(rows.stop, columns.stop) for rows, columns in cells(replicas=1, size=100_000, itemsize=4)]
    [(1, 50000), (1, 100000)]
    """
    limit = BLOCK_BYTES // itemsize
    height = max(1, limit // size)
    width = -(-size // -(-size // limit))
    width += -width % (CACHE_LINE // itemsize)
    return [
        (slice(row, min(row + height, replicas)), slice(column, min(column + width, size)))
        for row in range(0, replicas, height)
        for column in range(0, size, width)
    ]


class Arrays(dict[str, Array]):
    """Named arrays of one shape and dtype, created with zeros when first read.

    >>> Arrays((2,), "float64")["velocity"]
    array([0., 0.])
    """

    def __init__(self, shape: Shape, dtype: DTypeLike) -> None:
        super().__init__()
        self.shape, self.dtype = shape, np.dtype(dtype)

    def __missing__(self, name: str) -> Array:
        self[name] = aligned_zeros(self.shape, self.dtype)
        return self[name]


class Block:
    """One cell of the parameters, its part of all numbers and arrays, and the chain of stages that updates it.

    Args:
        cell: the rows and columns of the block within `(replicas, size)`.
        numbers: the hyperparameters by name.
        decayed: `(size,)`, 1 where weight decay applies, else 0.
        factors: multiples of the rate for each entry, `(1 or replicas, size)`; None is 1 everywhere.
        memory: the arrays `(replicas, size)` that keep their values from step to step.
        scratch: flat arrays, large enough for any block, that all blocks of a thread share.
        transforms: the chain.
    """

    def __init__(
        self,
        cell: Cell,
        numbers: Mapping[str, Number],
        decayed: Array,
        factors: Array | None,
        memory: Arrays,
        scratch: Arrays,
        transforms: Sequence[Transform],
    ) -> None:
        self.cell, self.dtype = cell, memory.dtype
        self._numbers, self._memory, self._scratch = numbers, memory, scratch
        mask = decayed[cell[1]]
        self.mask = None if mask.all() else mask
        self.factors = factors if factors is None else factors[cell[0] if len(factors) > 1 else slice(None), cell[1]]
        self._shape = tuple(span.stop - span.start for span in cell)
        self._remembered: list[Array] = []
        self._stages = [transform(self) for transform in transforms]
        self._product, self._clipped = self.work("product"), self.work("clipped")

    def number(self, name: str) -> Number:
        """A hyperparameter for the replicas of this block: a number, or float64 `(rows, 1)`."""
        return self._own(self._numbers[name])

    def remember(self, name: str) -> Array:
        """An array of the block's shape that keeps its values from step to step, zero before the first step."""
        array = self._memory[name][self.cell]
        self._remembered.append(array)
        return array

    def work(self, name: str) -> Array:
        """An array of the block's shape to work in; other stages and blocks overwrite it under the same name."""
        return self._scratch[name][: math.prod(self._shape)].reshape(self._shape)

    def attach(self, params: Array, grads: Array) -> None:
        """Take this block's views of the whole stack's parameters and gradients, `(replicas, size)`."""
        self._params, self._grads = params[self.cell], grads[self.cell]

    def step(self, rate: Number, count: int, clip: Array | None) -> None:
        """Update the parameters and the memory of this block.

        Args:
            rate: the learning rate of the whole stack.
            count: the number of the step, from 1.
            clip: factors `(replicas, 1)` of the gradients of the whole stack; None clips nothing.
        """
        params, update, rate = self._params, self._grads, self._own(rate)
        if clip is not None:
            update = np.multiply(update, np.array(self._own(clip), self.dtype), out=self._clipped)
        for stage in self._stages:
            update, rate = stage(update, params, rate, count)
        np.multiply(update, np.array(rate, self.dtype), out=self._product)
        if self.factors is not None:
            np.multiply(self._product, self.factors, out=self._product)
        np.subtract(params, self._product, out=params)
        if count % FLUSH_EVERY == 0:
            self._flush()

    def _own(self, number: Number) -> Number:
        return number if isinstance(number, float) else number[self.cell[0]]

    def _flush(self) -> None:
        tiny = np.finfo(self.dtype).tiny
        for array in self._remembered:
            np.putmask(array, np.abs(array, out=self._product) < tiny, 0)
