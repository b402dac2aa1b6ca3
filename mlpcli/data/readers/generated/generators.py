"""Datasets drawn by formula, reproducible from their parameters without scikit-learn.

Each function takes its parameters by name and returns a `Drawn`; the defaults stand in the cards of `datasets/`. The
signature declares the range of each parameter; a ValueError names parameters that do not go together. The functions of
one input are drawn on [0, 1]: `n` evenly spaced points to train on, then `grid` evenly spaced points to validate on,
dense enough to measure an error in the supremum norm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.readers.generated.parameters import Deviation, Parameter, Rows, Seed

__all__ = ["GENERATORS", "Drawn"]

Floats = NDArray[np.float64]

MOST_CELLS = 100_000_000

Inputs = Annotated[int, Parameter("inputs", 1, 100_000)]
Training = Annotated[int, Parameter("training rows, evenly spaced", 2, 10_000_000)]
Points = Annotated[int, Parameter("rows", 2, 10_000_000)]
Clouds = Annotated[int, Parameter("clouds, one per class", 2, 1000)]
Grid = Annotated[int, Parameter("validation rows without noise, evenly spaced", 2, 10_000_000)]


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


def moons(*, n: Points, noise: Deviation, seed: Seed) -> Drawn:
    """Two interleaved half circles of radius 1."""
    outer, inner = np.linspace(0, np.pi, n // 2), np.linspace(0, np.pi, n - n // 2)
    x = np.vstack([_circle(outer), [1.0, 0.5] - _circle(inner)])
    return _noisy(x, [n // 2, n - n // 2], noise, seed)


def circles(
    *, n: Points, noise: Deviation, factor: Annotated[float, Parameter("radius of the inner circle", 0, 1)], seed: Seed
) -> Drawn:
    """A circle of radius 1 (class 0) around one of radius `factor`."""
    outer = np.linspace(0, 2 * np.pi, n // 2, endpoint=False)
    inner = np.linspace(0, 2 * np.pi, n - n // 2, endpoint=False)
    return _noisy(np.vstack([_circle(outer), factor * _circle(inner)]), [n // 2, n - n // 2], noise, seed)


def spirals(
    *,
    n: Rows,
    noise: Deviation,
    arms: Annotated[int, Parameter("spirals, one per class", 2, 100)],
    turns: Annotated[float, Parameter("turns of each spiral", 0, 100)],
    seed: Seed,
) -> Drawn:
    """`arms` spirals, one per class, each from the origin to radius 1 in `turns` turns."""
    _check_count(n, arms, "arms")
    counts = [n // arms + (arm < n % arms) for arm in range(arms)]
    x = []
    for arm, count in enumerate(counts):
        radius = np.sqrt(
            np.arange(1, count + 1) / count
        )  # evenly spaced along the arm, whose length grows as the square
        x.append(radius[:, None] * _circle(2 * np.pi * (turns * radius + arm / arms)))
    return _noisy(np.vstack(x), counts, noise, seed)


def blobs(*, n: Rows, d: Inputs, k: Clouds, spread: Deviation, seed: Seed) -> Drawn:
    """`k` Gaussian clouds of standard deviation `spread` around centres uniform in [-10, 10]^d."""
    _check_count(n, k, "k")
    _check_cells(n, d)
    random = np.random.default_rng(seed)
    centres = random.uniform(-10, 10, (k, d))
    counts = [n // k + (i < n % k) for i in range(k)]
    return _noisy(np.repeat(centres, counts, axis=0), counts, spread, random)


def friedman1(
    *, n: Rows, d: Annotated[int, Parameter("inputs, of which five count", 5, 100_000)], noise: Deviation, seed: Seed
) -> Drawn:
    """y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + noise N(0, 1), x uniform in [0, 1]^d (Friedman 1991)."""
    _check_cells(n, d)
    random = np.random.default_rng(seed)
    x = random.random((n, d))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return Drawn(x, y + noise * random.standard_normal(n))


def sawtooth(*, k: Annotated[int, Parameter("logarithm of the number of points, to base 2", 1, 20)]) -> Drawn:
    """The 2^k points i / 2^k with alternating labels, exact in floating point (Telgarsky 2015)."""
    i = np.arange(2**k)
    return Drawn((i / 2**k)[:, None], i % 2, ("0", "1"))


def sine(
    *,
    n: Training,
    grid: Grid,
    periods: Annotated[float, Parameter("periods of the sine", 0, 1000)],
    noise: Deviation,
    seed: Seed,
) -> Drawn:
    """f(x) = sin(2 pi periods x); Lipschitz constant 2 pi periods, |f''| at most its square."""
    return _on_grid(lambda x: np.sin(2 * np.pi * periods * x), n, grid, noise, seed)


def steps(
    *,
    n: Training,
    grid: Grid,
    jumps: Annotated[int, Parameter("rises of the staircase", 1, 1000)],
    ramp: Annotated[float, Parameter("width of each rise, at most 1 / jumps", 1e-6, 1)],
    noise: Deviation,
    seed: Seed,
) -> Drawn:
    """A staircase from 0 to 1 in `jumps` equal rises around (j - 1/2) / jumps, each a linear ramp of width `ramp`.

    Continuous, with Lipschitz constant L = 1 / (jumps ramp); its modulus of continuity is min(L delta, 1 / jumps) while
    delta is below a plateau's width, 1 / jumps - ramp.
    """
    if ramp > 1 / jumps:
        raise ValueError(f"ramp={ramp:g} must be at most 1 / jumps, which is {1 / jumps:g}")
    centres = (np.arange(jumps) + 0.5) / jumps
    return _on_grid(
        lambda x: np.clip((x[:, None] - centres) / ramp + 0.5, 0, 1).sum(axis=1) / jumps, n, grid, noise, seed
    )


def bumps(*, n: Training, grid: Grid, noise: Deviation, seed: Seed) -> Drawn:
    """f(x) = sum a exp(-((x - c) / w)^2 / 2) over three bumps of different widths; Lipschitz constant below 25.

    A bump's steepest slope is |a| exp(-1/2) / w: 12.13, 24.26 and 4.55, too far apart to add up.
    """
    bump = ((1.0, 0.2, 0.05), (-0.8, 0.5, 0.02), (0.6, 0.8, 0.08))
    height, centre, width = np.array(bump).T
    return _on_grid(lambda x: np.exp(-(((x[:, None] - centre) / width) ** 2) / 2) @ height, n, grid, noise, seed)


def radial(
    *,
    n: Rows,
    d: Inputs,
    waves: Annotated[float, Parameter("periods along the squared radius", 0, 1000)],
    noise: Deviation,
    seed: Seed,
) -> Drawn:
    """y = sin(2 pi waves |x|^2 / d), x standard normal in d dimensions: y depends on the radius alone.

    An illustration of Eldan and Shamir (2016): easy with two hidden layers, hard with one; not their construction.
    """
    _check_cells(n, d)
    random = np.random.default_rng(seed)
    x = random.standard_normal((n, d))
    y = np.sin(2 * np.pi * waves * np.square(x).sum(axis=1) / d)
    return Drawn(x, y + noise * random.standard_normal(n))


def _check_count(n: int, least: int, name: str) -> None:
    if n < least:
        raise ValueError(f"n={n} must be at least {name}, which is {least}")


def _check_cells(n: int, d: int) -> None:
    if n * d > MOST_CELLS:
        raise ValueError(f"n * d = {n * d} must be at most {MOST_CELLS}")


def _circle(angle: Floats) -> Floats:
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _noisy(x: Floats, counts: list[int], noise: Deviation, seed: int | np.random.Generator) -> Drawn:
    """Points with Gaussian noise, class by class."""
    random = np.random.default_rng(seed)
    x = x + noise * random.standard_normal(x.shape)
    return Drawn(x, np.repeat(np.arange(len(counts)), counts), tuple(str(i) for i in range(len(counts))))


def _on_grid(f: Callable[[Floats], Floats], n: Training, grid: Grid, noise: Deviation, seed: Seed) -> Drawn:
    """`n` evenly spaced points of [0, 1] with noise to train on, then `grid` points without noise to validate on."""
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
