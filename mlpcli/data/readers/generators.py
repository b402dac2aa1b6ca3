"""Datasets drawn by formula, reproducible from their parameters without scikit-learn.

Each function takes its parameters by name and returns a `Drawn`; the defaults stand in the cards of `datasets/`. A
ValueError names a parameter out of range. The functions of one input are drawn on [0, 1]: `n` evenly spaced points to
train on, then `grid` evenly spaced points to validate on, dense enough to measure an error in the supremum norm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GENERATORS", "Drawn"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """x: (rows, features). y: int codes into `classes` (rows,), or float64 (rows,)."""

    x: Floats
    y: NDArray[Any]
    classes: tuple[str, ...] | None = None


def xor() -> Drawn:
    """The lecture's four points: (0,0) -, (1,0) +, (0,1) +, (1,1) -."""
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    return Drawn(x, np.array([0, 1, 1, 0]), ("-1", "+1"))


def moons(*, n: int, noise: float, seed: int) -> Drawn:
    """Two interleaved half circles of radius 1."""
    _within(n=n, low=2)
    outer, inner = np.linspace(0, np.pi, n // 2), np.linspace(0, np.pi, n - n // 2)
    x = np.vstack([_circle(outer), [1.0, 0.5] - _circle(inner)])
    return _noisy(x, [n // 2, n - n // 2], noise, seed)


def circles(*, n: int, noise: float, factor: float, seed: int) -> Drawn:
    """A circle of radius 1 (class 0) around one of radius `factor`."""
    _within(n=n, low=2)
    _within(factor=factor, low=0.0, high=1.0)
    outer = np.linspace(0, 2 * np.pi, n // 2, endpoint=False)
    inner = np.linspace(0, 2 * np.pi, n - n // 2, endpoint=False)
    return _noisy(np.vstack([_circle(outer), factor * _circle(inner)]), [n // 2, n - n // 2], noise, seed)


def spirals(*, n: int, noise: float, arms: int, turns: float, seed: int) -> Drawn:
    """`arms` spirals, one per class, each from the origin to radius 1 in `turns` turns."""
    _within(arms=arms, low=2, high=100)
    _within(n=n, low=arms)
    _within(turns=turns, low=0.0, high=100.0)
    counts = [n // arms + (arm < n % arms) for arm in range(arms)]
    x = []
    for arm, count in enumerate(counts):
        radius = np.sqrt(
            np.arange(1, count + 1) / count
        )  # evenly spaced along the arm, whose length grows as the square
        x.append(radius[:, None] * _circle(2 * np.pi * (turns * radius + arm / arms)))
    return _noisy(np.vstack(x), counts, noise, seed)


def blobs(*, n: int, d: int, k: int, spread: float, seed: int) -> Drawn:
    """`k` Gaussian clouds of standard deviation `spread` around centres uniform in [-10, 10]^d."""
    _within(k=k, low=2, high=1000)
    _within(n=n, low=k)
    _cells(n, d, low=1)
    random = np.random.default_rng(seed)
    centres = random.uniform(-10, 10, (k, d))
    counts = [n // k + (i < n % k) for i in range(k)]
    return _noisy(np.repeat(centres, counts, axis=0), counts, spread, random)


def friedman1(*, n: int, d: int, noise: float, seed: int) -> Drawn:
    """y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + noise N(0, 1), x uniform in [0, 1]^d (Friedman 1991)."""
    _cells(n, d, low=5)
    _within(noise=noise, low=0.0)
    random = np.random.default_rng(seed)
    x = random.random((n, d))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return Drawn(x, y + noise * random.standard_normal(n))


def sawtooth(*, k: int) -> Drawn:
    """The 2^k points i / 2^k with alternating labels, exact in floating point (Telgarsky 2015)."""
    _within(k=k, low=1, high=20)
    i = np.arange(2**k)
    return Drawn((i / 2**k)[:, None], i % 2, ("0", "1"))


def sine(*, n: int, grid: int, periods: float, noise: float, seed: int) -> Drawn:
    """f(x) = sin(2 pi periods x); Lipschitz constant 2 pi periods, |f''| at most its square."""
    _within(periods=periods, low=0.0, high=1000.0)
    return _on_grid(lambda x: np.sin(2 * np.pi * periods * x), n, grid, noise, seed)


def steps(*, n: int, grid: int, jumps: int, ramp: float, noise: float, seed: int) -> Drawn:
    """A staircase from 0 to 1 in `jumps` equal rises around (j - 1/2) / jumps, each a linear ramp of width `ramp`.

    Continuous, with Lipschitz constant L = 1 / (jumps ramp); its modulus of continuity is min(L delta, 1 / jumps) while
    delta is below a plateau's width, 1 / jumps - ramp.
    """
    _within(jumps=jumps, low=1, high=1000)
    _within(ramp=ramp, low=1e-6, high=1 / jumps)
    centres = (np.arange(jumps) + 0.5) / jumps
    return _on_grid(
        lambda x: np.clip((x[:, None] - centres) / ramp + 0.5, 0, 1).sum(axis=1) / jumps, n, grid, noise, seed
    )


def bumps(*, n: int, grid: int, noise: float, seed: int) -> Drawn:
    """f(x) = sum a exp(-((x - c) / w)^2 / 2) over three bumps of different widths; Lipschitz constant below 25.

    A bump's steepest slope is |a| exp(-1/2) / w: 12.13, 24.26 and 4.55, too far apart to add up.
    """
    bump = ((1.0, 0.2, 0.05), (-0.8, 0.5, 0.02), (0.6, 0.8, 0.08))
    height, centre, width = np.array(bump).T
    return _on_grid(lambda x: np.exp(-(((x[:, None] - centre) / width) ** 2) / 2) @ height, n, grid, noise, seed)


def radial(*, n: int, d: int, waves: float, noise: float, seed: int) -> Drawn:
    """y = sin(2 pi waves |x|^2 / d), x standard normal in d dimensions: y depends on the radius alone.

    An illustration of Eldan and Shamir (2016): easy with two hidden layers, hard with one; not their construction.
    """
    _cells(n, d, low=1)
    _within(waves=waves, low=0.0, high=1000.0)
    _within(noise=noise, low=0.0)
    random = np.random.default_rng(seed)
    x = random.standard_normal((n, d))
    y = np.sin(2 * np.pi * waves * np.square(x).sum(axis=1) / d)
    return Drawn(x, y + noise * random.standard_normal(n))


def _within(low: float, high: float = 10_000_000, **parameter: float) -> None:
    ((name, value),) = parameter.items()
    if not low <= value <= high:
        raise ValueError(f"{name}={value:g} must lie from {low:g} to {high:g}")


def _cells(n: int, d: int, low: int) -> None:
    _within(n=n, low=1)
    _within(d=d, low=low, high=100_000)
    _within(**{"n * d": n * d, "low": 1, "high": 100_000_000})


def _circle(angle: Floats) -> Floats:
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _noisy(x: Floats, counts: list[int], noise: float, seed: int | np.random.Generator) -> Drawn:
    """Points with Gaussian noise, class by class."""
    _within(noise=noise, low=0.0)
    random = np.random.default_rng(seed)
    x = x + noise * random.standard_normal(x.shape)
    return Drawn(x, np.repeat(np.arange(len(counts)), counts), tuple(str(i) for i in range(len(counts))))


def _on_grid(f: Callable[[Floats], Floats], n: int, grid: int, noise: float, seed: int) -> Drawn:
    """`n` evenly spaced points of [0, 1] with noise to train on, then `grid` points without noise to validate on."""
    _within(n=n, low=2)
    _within(grid=grid, low=2)
    _within(noise=noise, low=0.0)
    x, dense = np.linspace(0, 1, n), np.linspace(0, 1, grid)
    y = f(x) + noise * np.random.default_rng(seed).standard_normal(n)
    return Drawn(np.concatenate([x, dense])[:, None], np.concatenate([y, f(dense)]))


GENERATORS: dict[str, Callable[..., Drawn]] = {
    "blobs": blobs,
    "bumps": bumps,
    "circles": circles,
    "friedman1": friedman1,
    "moons": moons,
    "radial": radial,
    "sawtooth": sawtooth,
    "sine": sine,
    "spirals": spirals,
    "steps": steps,
    "xor": xor,
}
