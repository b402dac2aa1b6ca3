"""Statistics over a few seeds: mean, deviation, interval, and the test of a paired difference, by Student's t.

Sums are exact (`math.fsum`) and deviations do not overflow (`math.hypot`), so the loss of 1e300 of a diverging
configuration is a number like any other.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

__all__ = ["Difference", "Estimate", "difference", "estimate", "holm", "load", "overlap_of"]

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with its sample standard deviation (n - 1) and 95% interval; None where n < 2."""

    mean: float
    std: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True)
class Difference:
    """A mean paired difference with its 95% interval and the p-value of the paired t-test, None where undefined."""

    mean: float
    ci_low: float | None
    ci_high: float | None
    p_value: float | None


def load() -> None:
    """Import SciPy's special functions, which takes a tenth of a second, ahead of the first call that needs them.

    Errors are not raised here: the call that needs them imports again.
    """
    with suppress(Exception):
        import_module("scipy.special")


def estimate(values: Sequence[float], overlap: float = 0.0) -> Estimate:
    """Mean, deviation and interval of at least one value: mean ± t(0.975; n - 1) std sqrt(1 / n + overlap).

    `overlap` is 0 for values that are independent, else as in `overlap_of`.

    >>> estimate([1.0, 2.0, 3.0, 4.0, 5.0]).std
    1.5811388300841898
    """
    mean, std = _moments(values)
    if std is None:
        return Estimate(mean, None, None, None)
    half = _half_width(std, len(values), overlap)
    return Estimate(mean, std, mean - half, mean + half)


def overlap_of(folds: Iterable[int | None]) -> float:
    """The overlap of values from these folds; None stands for a value without one.

    The values of k-fold cross-validation share training rows, which their deviation does not show: 1 / (k - 1), test
    rows over training rows, makes up for it (Nadeau and Bengio 2003, "Inference for the generalization error", Machine
    Learning 52).

    >>> overlap_of([0, 1, 2, 0, 1, 2]), overlap_of([None, None])
    (0.5, 0.0)
    """
    count = len({*folds} - {None})
    return 1 / (count - 1) if count > 1 else 0.0


def difference(values: Sequence[float], references: Sequence[float], overlap: float = 0.0) -> Difference:
    """Mean of values[i] - references[i] and the two-sided p of t = mean / (std sqrt(1 / n + overlap)).

    t has n - 1 degrees of freedom, and `overlap` is that of `estimate`.

    Differences that are equal up to the rounding of their subtraction do not vary: the interval is then the mean
    itself, and there is no p-value. (0.9 - 0.8 and 0.7 - 0.6 differ by 1e-16, which a t-test would take for certainty.)
    A mean within that rounding is 0.
    """
    from scipy.special import stdtr

    gaps = [value - reference for value, reference in zip(values, references, strict=True)]
    rounding = 4 * sys.float_info.epsilon * max(map(abs, (*values, *references)))
    mean, std = _moments(gaps)
    if abs(mean) <= rounding:
        mean = 0.0
    if std is None:
        return Difference(mean, None, None, None)
    error = std / _root(len(gaps), overlap)
    if max(gaps) - min(gaps) <= rounding or error == 0:  # a deviation of 5e-324 vanishes when it is divided
        return Difference(mean, mean, mean, None)
    half = _half_width(std, len(gaps), overlap)
    t = mean / error
    return Difference(mean, mean - half, mean + half, 2 * float(stdtr(len(gaps) - 1, -abs(t))))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction over all p-values; None stays None (Holm 1979, Scand. J. Stat. 6).

    In ascending order the i-th of m (from 0) becomes min(1, max over j <= i of (m - j) p_j).

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    order = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    worst = 0.0
    for rank, (p, index) in enumerate(order):
        worst = max(worst, min(1.0, (len(order) - rank) * p))
        corrected[index] = worst
    return corrected


def _moments(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and sample standard deviation; equal values have exactly that mean, and a deviation of 0."""
    n = len(values)
    if min(values) == max(values):
        return values[0], 0.0 if n > 1 else None
    try:
        mean = math.fsum(values) / n
    except OverflowError:
        mean = math.fsum(value / n for value in values)
    return mean, math.hypot(*(value - mean for value in values)) / math.sqrt(n - 1)


def _half_width(std: float, n: int, overlap: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + LEVEL) / 2)) * std / _root(n, overlap)


def _root(n: int, overlap: float) -> float:
    """What a deviation is divided by: sqrt(n) without overlap."""
    return math.sqrt(n) / math.sqrt(1 + n * overlap)
