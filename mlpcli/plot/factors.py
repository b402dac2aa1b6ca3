"""The options that a sweep varies, as axes: options that go together are one factor, and factors may span a grid."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Factor", "describe", "find_factors", "fullness", "is_geometric", "level_name"]

Values = tuple[str, ...]


@dataclass(frozen=True)
class Factor:
    """One option, or several whose values determine each other; `levels` are the values they take together."""

    options: Values
    indices: tuple[int, ...]
    levels: tuple[Values, ...]

    @property
    def numbers(self) -> NDArray[np.float64] | None:
        """The levels of a single option as numbers, None where one is not a number."""
        try:
            return np.array([float(level[0]) for level in self.levels]) if len(self.options) == 1 else None
        except ValueError:
            return None

    def of(self, values: Values) -> Values:
        """The level of a configuration with these values."""
        return tuple(values[index] for index in self.indices)

    def describe(self, level: Values) -> str:
        """`width 64`, `init he, epochs 300`."""
        return ", ".join(f"{name} {level_name((value,))}" for name, value in zip(self.options, level, strict=True))


def level_name(level: Values) -> str:
    """`interpolate, 0`; sizes as `64, 32`, where a line may break; `-` for what does not apply."""
    return ", ".join(_short(value) for value in level)


def _short(value: str) -> str:
    """A value as a name: a long number to four digits, a whole one without its point."""
    try:
        number = float(value)
    except ValueError:
        return value.replace(",", ", ") or "-"
    return f"{number:.4g}" if len(value) > 6 or value.endswith(".0") else value


def find_factors(varied: Sequence[str], drawn: Collection[str], configurations: Sequence[Values]) -> list[Factor]:
    """The factors in which configurations differ, in the order of their first options.

    >>> rows = [("4", "he", "300"), ("4", "zeros", "0"), ("16", "he", "300"), ("16", "zeros", "0")]
    >>> [factor.options for factor in find_factors(["width", "init", "epochs"], (), rows)]
    [('width',), ('init', 'epochs')]

    Values that were drawn determine each other by chance, so each option that is `drawn` is a factor of its own.
    """
    groups: list[list[int]] = []
    for index in range(len(varied)):
        column = [values[index] for values in configurations]
        if len(set(column)) < 2:
            continue
        for group in groups:
            if varied[index] in drawn or varied[group[0]] in drawn:
                continue
            pairs = {(values[group[0]], values[index]) for values in configurations}
            if len(pairs) == len(set(column)) == len({first for first, _ in pairs}):
                group.append(index)
                break
        else:
            groups.append([index])
    factors = []
    for group in groups:
        levels = dict.fromkeys(tuple(values[index] for index in group) for values in configurations)
        factor = Factor(tuple(varied[index] for index in group), tuple(group), tuple(levels))
        if (numbers := factor.numbers) is not None:
            order = np.argsort(numbers, kind="stable")
            factor = Factor(factor.options, factor.indices, tuple(factor.levels[index] for index in order))
        factors.append(factor)
    return factors


def describe(factors: Sequence[Factor], values: Values) -> str:
    """A configuration by the factors in which it differs from others: `width 64, norm batch`."""
    return ", ".join(factor.describe(factor.of(values)) for factor in factors)


def fullness(factors: Sequence[Factor], configurations: int) -> float:
    """Share of the grid spanned by the factors that has trials."""
    return configurations / math.prod(len(factor.levels) for factor in factors)


def is_geometric(numbers: NDArray[np.float64]) -> bool:
    """Whether positive numbers over a factor of 8 are spaced twice as evenly by ratio as by difference.

    So are those of which a linear axis would draw half in one place.

    >>> is_geometric(np.array([8.0, 16.0, 32.0, 64.0])), is_geometric(np.array([0.1, 0.2, 0.5, 0.8]))
    (True, False)
    >>> is_geometric(np.array([0.001, 0.01, 1000.0]))
    True
    """
    numbers = np.unique(numbers)
    if len(numbers) < 3 or numbers[0] <= 0 or numbers[-1] < 8 * numbers[0]:
        return False
    if np.median(numbers) - numbers[0] < 0.02 * np.ptp(numbers):
        return True
    ratios, differences = np.diff(np.log(numbers)), np.diff(numbers)
    return bool(2 * ratios.std() / ratios.mean() < differences.std() / differences.mean())
