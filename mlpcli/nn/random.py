"""Named streams of randomness: every draw comes from a seed, a purpose and an epoch, never from global state.

A new purpose shifts no other stream, and because a stream begins anew each epoch, a training can be resumed
from (epoch, numbers drawn so far) alone.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from mlpcli.nn.types import Array, Shape

__all__ = ["BitStreams", "Purpose", "stream"]

CHUNK = 1 << 14  # numbers drawn ahead for each replica: one call of the generator serves several masks


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
    """One stream of uniform 32-bit integers a replica, read in step: what dropout masks are made of."""

    def __init__(self, seeds: Sequence[int], lead: Shape, purpose: Purpose) -> None:
        self._seeds, self._lead, self._purpose = seeds, lead, purpose
        self.restart(epoch=0)

    def restart(self, epoch: int, drawn: int = 0) -> None:
        """Begin the streams of an epoch, `drawn` numbers in."""
        self._sources = [_bits(seed, self._purpose, epoch) for seed in self._seeds]
        for source in self._sources:
            source.advance(drawn // 2)
        self._buffer = np.empty((len(self._seeds), 0), np.uint32)
        self._next, self.drawn = 0, drawn - drawn % 2
        if drawn % 2:
            self.take((1,))

    def take(self, shape: Shape) -> Array:
        """The next numbers of every replica, uint32 `(*lead, *shape)`: a view that lives until the next call."""
        count = int(np.prod(shape))
        if self._next + count > self._buffer.shape[-1]:
            self._refill(count)
        numbers = self._buffer[:, self._next : self._next + count]
        self._next += count
        self.drawn += count
        return numbers.reshape(*self._lead, *shape)

    def _refill(self, count: int) -> None:
        rest = self._buffer[:, self._next :]
        pairs = (max(CHUNK, count) - rest.shape[-1] + 1) // 2
        buffer = np.empty((len(self._seeds), rest.shape[-1] + 2 * pairs), np.uint32)
        buffer[:, : rest.shape[-1]] = rest
        for row, source in zip(buffer, self._sources, strict=True):
            row[rest.shape[-1] :] = source.random_raw(pairs).view(np.uint32)
        self._buffer, self._next = buffer, 0
