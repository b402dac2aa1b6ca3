"""The random draws of a sweep file: `[random] lr = { low = 1e-4, high = 1e-1, log = true }`.

Every option has its own random stream, so adding an option shifts no other, and more trials keep the draws of fewer.
A draw is computed from one uniform number and rounded to a millionth of the range: tables stay legible, and the last
bits of exp and log, which differ between machines, cannot change the identity of a trial.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Choices", "Draws", "Range"]

DIGITS = 6


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included, uniform or, with `log`, uniform in the logarithm.

    Integers are drawn where both ends are integers. With log, `low` is above 0.
    """

    low: int | float
    high: int | float
    log: bool = False

    def at(self, u: float) -> int | float:
        """The value at the uniform number `u` in [0, 1)."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
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
    """`trials` draws of each option, from streams that follow from `seed` and the option's name."""

    trials: int
    seed: int
    options: Mapping[str, Range | Choices]

    def rows(self) -> list[tuple[object, ...]]:
        """One tuple per draw, in the order of the options."""
        columns = [[kind.at(u) for u in self._uniforms(name)] for name, kind in self.options.items()]
        return list(zip(*columns, strict=True))

    def _uniforms(self, name: str) -> list[float]:
        from numpy.random import PCG64, Generator, SeedSequence

        stream = SeedSequence(self.seed, spawn_key=tuple(name.encode()))
        numbers: list[float] = Generator(PCG64(stream)).random(self.trials).tolist()
        return numbers
