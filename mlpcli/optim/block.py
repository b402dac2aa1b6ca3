"""A block: the piece of the parameters that one thread updates, with the chain of stages that says how.

The parameters of a stack are `(replicas, size)` once the leading axes are flattened; a block is a span of columns.
Stages only compute numbers, such as Adam's rate at a step. Arrays are updated by `mlpcli.kernels.descent.descend`, in
one go. Updates are elementwise, so no cut changes a result.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlpcli.kernels.aligned import aligned_zeros
from mlpcli.kernels.descent import Number, descend, flush, scratch

__all__ = ["Array", "Arrays", "Block", "Shape", "Stage", "Transform"]

Array = NDArray[Any]
Shape = tuple[int, ...]

Stage = Callable[[Number, int], tuple[tuple[Any, ...], Number]]
"""`stage(rate, count)` returns a link of `descend` and the next rate; at the end params -= rate * update.

A constant factor goes into the rate, where it costs no pass over the arrays. `count` is the number of the step, from 1.
"""

Transform = Callable[["Block"], Stage | None]
"""One link of an optimizer's chain: makes the stage for a block, or None where it would change nothing."""

FLUSH_EVERY = 100
"""Steps between two removals of subnormal numbers. The moments of a dead unit decay to such numbers and stay there; one
multiplication by them takes some 150 cycles, and 1 % of them make a pass take 3 times as long."""


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
    """A span of columns of the parameters, its part of all arrays, and the chain of stages that updates it.

    Args:
        columns: the span within `(replicas, size)`.
        numbers: the hyperparameters by name.
        decayed: `(1, size)`, 1 where weight decay applies, else 0.
        factors: multiples of the rate for each entry, `(1 or replicas, size)`; None is 1 everywhere.
        memory: the arrays `(replicas, size)` that keep their values from step to step.
        transforms: the chain.
    """

    def __init__(
        self,
        columns: slice,
        numbers: Mapping[str, Number],
        decayed: Array,
        factors: Array | None,
        memory: Arrays,
        transforms: Sequence[Transform],
    ) -> None:
        self.columns = columns
        self._numbers, self._memory = numbers, memory
        mask = decayed[:, columns]
        self.mask = None if mask.all() else mask
        self._factors = factors if factors is None else factors[:, columns]
        self._remembered: list[Array] = []
        self._stages = [stage for transform in transforms if (stage := transform(self)) is not None]
        self._scratch = scratch((memory.shape[0], mask.shape[-1]), memory.dtype)

    def number(self, name: str) -> Number:
        """A hyperparameter: a number, or float64 `(replicas, 1)`."""
        return self._numbers[name]

    def remember(self, name: str) -> Array:
        """An array of the block's shape that keeps its values from step to step, zero before the first step."""
        array = self._memory[name][:, self.columns]
        self._remembered.append(array)
        return array

    def attach(self, params: Array, grads: Array) -> None:
        """Take this block's views of the whole stack's parameters and gradients, `(replicas, size)`."""
        self._params, self._grads = params[:, self.columns], grads[:, self.columns]

    def step(self, rate: Number, count: int, clip: Number | None) -> None:
        """Update the parameters and the memory of this block.

        Args:
            rate: the learning rate.
            count: the number of the step, from 1.
            clip: factors of the gradients; None clips nothing.
        """
        chain = []
        for stage in self._stages:
            link, rate = stage(rate, count)
            chain.append(link)
        descend(self._params, self._grads, clip, tuple(chain), rate, self._factors, self._scratch)
        if count % FLUSH_EVERY == 0:
            for array in self._remembered:
                flush(array)
