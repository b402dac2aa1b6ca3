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

__all__ = ["Choices", "Draws", "Range", "Steps"]

Row = tuple[object, ...]

DIGITS = 6

BLOCK = 1024
"""Numbers drawn at a time from each stream."""

PATIENCE = 16 * BLOCK
"""Repeated draws in a row after which what is left is taken in order: some combinations of a log range are too rare."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included, uniform or, with `log`, uniform in the logarithm.

    Integers are drawn where both ends are integers. With log, `low` is above 0. With `step` only low, low + step and so
    on are drawn.
    """

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    @property
    def values(self) -> "Steps | None":
        """All values, if they can be counted."""
        if self.step is not None:
            return Steps(self.low, self.step, math.floor((self.high - self.low) / self.step * (1 + 1e-12)) + 1)
        return Steps(self.low, 1, int(self.high - self.low) + 1) if self._whole else None

    @property
    def _whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def at(self, u: float) -> int | float:
        """The value at the uniform number `u` in [0, 1)."""
        if self.step is not None and (values := self.values):
            return values.at(int(u * values.count))
        end = self.high + 1 if self._whole else self.high
        if self.log:
            value = math.exp(math.log(self.low) + u * (math.log(end) - math.log(self.low)))
        else:
            value = self.low + u * (end - self.low)
        return self.rounded(value)

    def rounded(self, value: float) -> int | float:
        """A value as it is drawn: within the range, an integer or rounded to a millionth of the range."""
        if self._whole:
            value = math.floor(value)
        elif self.log:
            value = float(f"{value:.{DIGITS}g}")
        else:
            value = round(value, DIGITS - math.floor(math.log10(self.high - self.low)))
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Steps:
    """`count` numbers from `low` on, `step` apart.

    >>> list(Steps(0.1, 0.1, 3))
    [0.1, 0.2, 0.3]
    """

    low: int | float
    step: int | float
    count: int

    def at(self, index: int) -> int | float:
        """The number at this place; of fractions, the nearest one with a few digits."""
        value = self.low + index * self.step
        return value if isinstance(value, int) else round(value, DIGITS - math.floor(math.log10(self.step)))

    def __iter__(self) -> Iterator[int | float]:
        return map(self.at, range(self.count))


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
        sizes = [kind.count if isinstance(kind, Steps) else len(kind) for kind in values]
        return min(self.trials, math.prod(sizes))

    def rows(self) -> list[Row]:
        """One tuple per draw, in the order of the options."""
        values, drawn = self._values(), self._drawn()
        rows = drawn if values is None else _distinct(drawn, lambda: product(*values))
        return list(islice(rows, self.count))

    def _values(self) -> list[Steps | dict[object, None]] | None:
        """The different values of each option, in order; None if those of any cannot be counted."""
        found: list[Steps | dict[object, None]] = []
        for kind in self.options.values():
            values = kind.values
            if values is None:
                return None
            found.append(values if isinstance(values, Steps) else dict.fromkeys(values))
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
