"""Named streams of randomness: every draw comes from a seed, a purpose and an epoch, never from global state.

A new purpose shifts no other stream, and because a stream begins anew each epoch, a training can be resumed
from (epoch, numbers drawn so far) alone.
"""

import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from mlpcli.nn.types import Array, Shape

__all__ = ["BitStreams", "Purpose", "stream"]

CHUNK = 1 << 14  # numbers drawn ahead for each replica: one call of the generator serves several masks
PER_WORD = 4  # numbers in one output of the generator, 64 bits


class Purpose(IntEnum):
    """What a stream is for; the numbers are part of the law of results and never change."""

    INIT = 0
    ORDER = 1
    DROPOUT = 2
    GRADCHECK = 3
    RECORD = 4
    RECORD_MASKS = 5


def stream(seed: int, purpose: Purpose, epoch: int = 0) -> np.random.Generator:
    """The generator of one replica for one purpose in one epoch (PCG64)."""
    return np.random.Generator(_bits(seed, purpose, epoch))


def _bits(seed: int, purpose: Purpose, epoch: int) -> np.random.PCG64:
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(purpose), epoch)))


class BitStreams:
    """One stream of uniform 16-bit integers a replica, read in step: what dropout masks are made of."""

    def __init__(self, seeds: Sequence[int], lead: Shape, purpose: Purpose) -> None:
        self._seeds, self._lead, self._purpose = seeds, lead, purpose
        self._buffer = np.empty((len(seeds), 0), np.uint16)
        self.restart(epoch=0)

    def restart(self, epoch: int, drawn: int = 0) -> None:
        """Begin the streams of an epoch, `drawn` numbers in."""
        self._sources = [_bits(seed, self._purpose, epoch) for seed in self._seeds]
        for source in self._sources:
            source.advance(drawn // PER_WORD)
        self._next, self._end = 0, 0
        self.drawn = drawn - drawn % PER_WORD
        if drawn % PER_WORD:
            self.take((drawn % PER_WORD,))

    def take(self, shape: Shape) -> Array:
        """The next numbers of every replica, uint16 `(*lead, *shape)`: a view that lives until the next call."""
        count = math.prod(shape)
        if self._next + count > self._end:
            self._refill(count)
        numbers = self._buffer[:, self._next : self._next + count]
        self._next += count
        self.drawn += count
        return numbers.reshape(*self._lead, *shape)

    def _refill(self, count: int) -> None:
        """Bring what is left to the front and draw enough behind it."""
        left = self._buffer[:, self._next : self._end]
        first = left.shape[-1]
        words = -(-(max(CHUNK, count) - first) // PER_WORD)
        self._next, self._end = 0, first + words * PER_WORD
        if self._end > self._buffer.shape[-1]:
            self._buffer = np.empty((len(self._seeds), self._end), np.uint16)
        self._buffer[:, :first] = left
        for row, source in zip(self._buffer, self._sources, strict=True):
            row[first : self._end] = source.random_raw(words).view(np.uint16)
