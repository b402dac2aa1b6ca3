"""Weights set by hand: the lecture's XOR network, the piecewise-linear interpolant, Telgarsky's sawtooth.

Each is a proof by construction. It takes the network's linear layers and writes their weights for every replica.
"""

from collections.abc import Sequence

import numpy as np

from mlpcli.nn.linear import Linear
from mlpcli.nn.types import Array

__all__ = ["interpolate", "sawtooth", "xor"]


def xor(linears: Sequence[Linear]) -> None:
    """The lecture's solution: h = relu(U x + c), y = <h, w> + b with two hidden units."""
    hidden, output = linears
    hidden.weight[...] = [[1, 1], [1, 1]]
    hidden.bias[...] = [[0, -1]]
    output.weight[...] = [[2], [-4]]
    output.bias[...] = -1


def interpolate(linears: Sequence[Linear], x: Array, y: Array) -> None:
    """f(t) = y_0 + sum_i (s_i - s_(i-1)) relu(t - t_i): through the data at t_0, ..., t_k, linear in between.

    k units, k + 1 evenly spaced points of the interval that x `(rows, 1)` covers, s_i the slope of piece i; the
    values y `(rows, outputs)` between samples are interpolated. The error for a target with |f''| <= M is at most
    M h^2 / 8, with h = (t_k - t_0) / k (de Boor, A Practical Guide to Splines, 2.(4)).
    """
    hidden, output = linears
    order = np.argsort(x[:, 0], kind="stable")
    samples, values = x[order, 0].astype(np.float64), y[order].astype(np.float64)
    knots = np.linspace(samples[0], samples[-1], hidden.out_features + 1)
    at = np.stack([np.interp(knots, samples, column) for column in values.T], axis=-1)
    slopes = np.diff(at, axis=0) / np.diff(knots)[:, None]
    hidden.weight[...] = 1
    hidden.bias[...] = -knots[:-1]
    output.weight[...] = np.diff(slopes, axis=0, prepend=0)
    output.bias[...] = at[0]


def sawtooth(linears: Sequence[Linear]) -> None:
    """m(x) = relu(2 relu(x) - 4 relu(x - 1/2)) composed once a hidden layer, minus 1/2 (Telgarsky 2015).

    k hidden layers of width 2 give the mirror map k times: on the points i/2^k it alternates between 0 and 1
    exactly. The outer relu does nothing on [0, 1].
    """
    first, *middle, output = linears
    first.weight[...] = 1
    first.bias[...] = [[0, -0.5]]
    for linear in middle:
        linear.weight[...] = [[2, 2], [-4, -4]]
        linear.bias[...] = [[0, -0.5]]
    output.weight[...] = [[2], [-4]]
    output.bias[...] = -0.5
