"""Weights set by hand: the lecture's XOR network, the piecewise-linear interpolant, Telgarsky's sawtooth.

Each is a proof by construction: it writes the weights of the network's linear layers, for every replica alike.

>>> from mlpcli.nn.activations import ACTIVATIONS
>>> from mlpcli.nn.network import Network
>>> hidden, output = Linear(2, 2), Linear(2, 1)
>>> network = Network([("hidden.0", hidden), ("relu", ACTIVATIONS["relu"]()), ("output", output)])
>>> xor([hidden, output])
>>> network.forward(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])).ravel()  # its sign is the class
array([-1.,  1.,  1., -1.])
"""

from collections.abc import Sequence

import numpy as np

from mlpcli.nn.linear import Linear
from mlpcli.nn.types import Array

__all__ = ["interpolate", "sawtooth", "xor"]


def xor(linears: Sequence[Linear]) -> None:
    """The lecture's solution with two hidden units: h = relu(U x + c), y = <h, w> + b."""
    hidden, output = linears
    hidden.weight[...] = [[1, 1], [1, 1]]
    hidden.bias[...] = [[0, -1]]
    output.weight[...] = [[2], [-4]]
    output.bias[...] = -1


def interpolate(linears: Sequence[Linear], x: Array, y: Array) -> None:
    """f(t) = y_0 + sum_i (s_i - s_(i-1)) relu(t - t_i): equal to the data at t_0, ..., t_k, linear in between.

    The k hidden units stand for k + 1 evenly spaced knots t_i on the interval that x covers; s_i is the slope of piece
    i. For a target with |f''| <= M the error is at most M h^2 / 8, with h = (t_k - t_0) / k.

    Source: de Boor, A Practical Guide to Splines, 2.(4).

    Args:
        linears: the hidden layer and the output layer.
        x: the samples, `(rows, 1)`.
        y: their values, `(rows, outputs)`; at a knot between two samples they are interpolated.
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
    """The mirror map m(x) = relu(2 relu(x) - 4 relu(x - 1/2)), composed once per hidden layer, minus 1/2.

    With k hidden layers of width 2 the k-fold map alternates exactly between 0 and 1 on the points i/2^k. The outer
    relu changes nothing on [0, 1].

    Source: Telgarsky 2015, Representation Benefits of Deep Feedforward Networks.
    """
    first, *middle, output = linears
    first.weight[...] = 1
    first.bias[...] = [[0, -0.5]]
    for linear in middle:
        linear.weight[...] = [[2, 2], [-4, -4]]
        linear.bias[...] = [[0, -0.5]]
    output.weight[...] = [[2], [-4]]
    output.bias[...] = -0.5
