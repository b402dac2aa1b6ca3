"""Named streams of random numbers: every draw follows from a seed, a purpose and an epoch, never from global state.

A new purpose shifts no other stream, and since every epoch has streams of its own, training can resume from the epoch
and the count of numbers drawn in it.

>>> streams = BitStreams(seeds=[1, 2], lead=(2,), purpose=Purpose.DROPOUT)
>>> first, second = streams.take((3, 5)).copy(), streams.take((4,)).copy()
>>> first.shape, streams.drawn
((2, 3, 5), 19)
>>> streams.restart(epoch=0, drawn=15)
>>> bool((streams.take((4,)) == second).all())
True
"""

import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from mlpcli.nn.types import Array, Shape

__all__ = ["BitStreams", "Purpose", "stream"]

CHUNK = 1 << 14
"""Numbers drawn ahead for each replica, so that one call of the generator serves several masks."""

PER_WORD = 4
"""16-bit numbers in one output of the generator."""


class Purpose(IntEnum):
    """Purpose of a stream. The values enter every draw, so they never change."""

    INIT = 0
    ORDER = 1
    DROPOUT = 2
    GRADCHECK = 3
    RECORD = 4
    RECORD_MASKS = 5
    PERMUTATIONS = 6


def stream(seed: int, purpose: Purpose, epoch: int = 0) -> np.random.Generator:
    """The generator (PCG64) of one replica for one purpose in one epoch."""
    return np.random.Generator(_bits(seed, purpose, epoch))


def _bits(seed: int, purpose: Purpose, epoch: int) -> np.random.PCG64:
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(purpose), epoch)))


class BitStreams:
    """Uniform 16-bit integers for dropout masks: one stream per replica, all read in step.

    Args:
        seeds: one per replica, in the order of the flattened leading axes.
        lead: the leading axes of the stack; () for a single network.
        purpose: what the numbers are for.

    Attributes:
        drawn: numbers taken from each stream of this epoch, for checkpoints.
    """

    def __init__(self, seeds: Sequence[int], lead: Shape, purpose: Purpose) -> None:
        self._seeds, self._lead, self._purpose = seeds, lead, purpose
        self._buffer = np.empty((len(seeds), 0), np.uint16)
        self.restart(epoch=0)

    def restart(self, epoch: int, drawn: int = 0) -> None:
        """Go to the streams of `epoch`, past their first `drawn` numbers."""
        self._sources = [_bits(seed, self._purpose, epoch) for seed in self._seeds]
        for source in self._sources:
            source.advance(drawn // PER_WORD)
        self._next, self._end = 0, 0
        self.drawn = drawn - drawn % PER_WORD
        if drawn % PER_WORD:
            self.take((drawn % PER_WORD,))

    def take(self, shape: Shape) -> Array:
        """The next numbers of every stream, uint16 `(*lead, *shape)`: a view that is valid until the next call."""
        count = math.prod(shape)
        if self._next + count > self._end:
            self._refill(count)
        numbers = self._buffer[:, self._next : self._next + count]
        self._next += count
        self.drawn += count
        return numbers.reshape(*self._lead, *shape)

    def _refill(self, count: int) -> None:
        """Move the numbers that are left to the front and draw more behind them."""
        left = self._buffer[:, self._next : self._end]
        first = left.shape[-1]
        words = -(-(max(CHUNK, count) - first) // PER_WORD)
        self._next, self._end = 0, first + words * PER_WORD
        if self._end > self._buffer.shape[-1]:
            self._buffer = np.empty((len(self._seeds), self._end), np.uint16)
        self._buffer[:, :first] = left
        for row, source in zip(self._buffer, self._sources, strict=True):
            row[first : self._end] = source.random_raw(words).view(np.uint16)
