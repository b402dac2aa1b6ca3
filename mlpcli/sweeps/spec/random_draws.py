"""The random draws of a sweep file: `[random] lr = { low = 1e-4, high = 1e-1, log = true }`.

Every option has its own random stream, so adding an option shifts no other, and more trials keep the draws of fewer.
Draws are without replacement where all values can be counted: a draw that repeats an earlier one is skipped.
A draw is computed from one uniform number and rounded to a millionth of the range: tables stay legible, and the last
bits of exp and log, which differ between machines, cannot change the identity of a trial.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

__all__ = ["Choices", "Draws", "Range"]

Row = tuple[object, ...]

DIGITS = 6

BLOCK = 1024
"""Numbers drawn at a time from each stream."""

PATIENCE = 16 * BLOCK
"""Repeated draws in a row after which what is left is taken in order: some combinations of a log range are too rare."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included, uniform or, with `log`, uniform in the logarithm.

    Integers are drawn where both ends are integers. With log, `low` is above 0.
    """

    low: int | float
    high: int | float
    log: bool = False

    @property
    def values(self) -> range | None:
        """All values, if they can be counted."""
        return range(self.low, self.high + 1) if isinstance(self.low, int) and isinstance(self.high, int) else None

    def at(self, u: float) -> int | float:
        """The value at the uniform number `u` in [0, 1)."""
        whole = self.values is not None
        end = self.high + 1 if whole else self.high
        if self.log:
            value = math.exp(math.log(self.low) + u * (math.log(end) - math.log(self.low)))
        else:
            value = self.low + u * (end - self.low)
        return min(max(math.floor(value) if whole else self._rounded(value), self.low), self.high)

    def _rounded(self, value: float) -> float:
        if self.log:
            return float(f"{value:.{DIGITS}g}")
        return round(value, DIGITS - math.floor(math.log10(self.high - self.low)))


@dataclass(frozen=True)
class Choices:
    """Members of a list, all equally likely."""

    values: tuple[object, ...]

    def at(self, u: float) -> object:
        """The value at the uniform number `u` in [0, 1)."""
        return self.values[int(u * len(self.values))]


@dataclass(frozen=True)
class Draws:
    """`trials` draws of each option, from streams that follow from `seed` and the option's name.

    `count` is how many there are: fewer than `trials` where the options have fewer combinations.
    """

    trials: int
    seed: int
    options: Mapping[str, Range | Choices]

    @property
    def count(self) -> int:
        """The number of draws.

        >>> Draws(20, 0, {"depth": Range(1, 3), "norm": Choices(("none", "layer"))}).count
        6
        """
        values = self._values()
        if values is None:
            return self.trials
        sizes = [kind.stop - kind.start if isinstance(kind, range) else len(kind) for kind in values]
        return min(self.trials, math.prod(sizes))

    def rows(self) -> list[Row]:
        """One tuple per draw, in the order of the options."""
        values, drawn = self._values(), self._drawn()
        rows = drawn if values is None else _distinct(drawn, lambda: product(*values))
        return list(islice(rows, self.count))

    def _values(self) -> list[range | dict[object, None]] | None:
        """The different values of each option, in order; None if those of any cannot be counted."""
        found = []
        for kind in self.options.values():
            if kind.values is None:
                return None
            found.append(kind.values if isinstance(kind.values, range) else dict.fromkeys(kind.values))
        return found

    def _drawn(self) -> Iterator[Row]:
        """Draws without end."""
        from numpy.random import PCG64, Generator, SeedSequence

        streams = [Generator(PCG64(SeedSequence(self.seed, spawn_key=tuple(name.encode())))) for name in self.options]
        while True:
            numbers = [stream.random(BLOCK).tolist() for stream in streams]
            columns = [map(kind.at, column) for kind, column in zip(self.options.values(), numbers, strict=True)]
            yield from zip(*columns, strict=True)


def _distinct(drawn: Iterator[Row], everything: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """Each draw once, then what was never drawn."""
    seen: set[Row] = set()
    repeated = 0
    while repeated < PATIENCE:
        row = next(drawn)
        repeated = repeated + 1 if row in seen else 0
        if not repeated:
            seen.add(row)
            yield row
    yield from (row for row in everything() if row not in seen)
