"""Initial weights: one function per initializer, which draws from the generator it is given.

Each returns a float64 weight `(fan_in, fan_out)`; biases start at 0. Drawing in float64 whatever the dtype of the
network keeps float32 and float64 runs of one seed comparable.

>>> weight = he(np.random.default_rng(0), fan_in=200, fan_out=300)
>>> weight.shape, float(weight.std().round(2))  # sqrt(2 / 200)
((200, 300), 0.1)
"""

from collections.abc import Callable

import numpy as np

from mlpcli.nn.types import Array

__all__ = ["INITIALIZERS", "Initializer"]

Initializer = Callable[[np.random.Generator, int, int], Array]

NORMAL_STD = 0.01


def he(rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    """N(0, 2 / fan_in): keeps the variance through ReLU layers (He et al. 2015)."""
    return rng.normal(0.0, np.sqrt(2 / fan_in), (fan_in, fan_out))


def glorot(rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    """U(-a, a) with a = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    bound = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def lecun(rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    """N(0, 1 / fan_in): what self-normalizing networks need (LeCun et al. 1998, Klambauer et al. 2017)."""
    return rng.normal(0.0, np.sqrt(1 / fan_in), (fan_in, fan_out))


def normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    """N(0, 0.01^2): the small random weights of older papers (Krizhevsky et al. 2012)."""
    return rng.normal(0.0, NORMAL_STD, (fan_in, fan_out))


def zeros(rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    """All 0: the hidden units stay equal to each other for ever, which is worth seeing once."""
    return np.zeros((fan_in, fan_out))


INITIALIZERS: dict[str, Initializer] = {
    "he": he,
    "glorot": glorot,
    "lecun": lecun,
    "normal": normal,
    "zeros": zeros,
}
"""Name to function."""
