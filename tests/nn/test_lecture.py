"""The lecture's own numbers (LECTURE: rows 2, 8, 10, 11), asserted entry by entry."""

from itertools import pairwise

import numpy as np
import pytest

from mlpcli.nn import ACTIVATIONS, Linear, Network, SquaredLoss, interpolate, sawtooth, xor


def mlp(sizes: list[int], dtype: str = "float64", activation: str = "relu") -> Network:
    layers = []
    for i, (a, b) in enumerate(pairwise(sizes[:-1])):
        layers += [(f"hidden.{i}", Linear(a, b)), (f"hidden.{i}.activation", ACTIVATIONS[activation]())]
    return Network([*layers, ("output", Linear(sizes[-2], sizes[-1]))], dtype=dtype)


def test_xor_network_of_the_slides():
    network = mlp([2, 2, 1])
    xor(network.linears)
    x = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float64)
    hidden, relu, output = network.layers
    z = hidden.forward(x, training=False)
    np.testing.assert_array_equal(z, [[0, -1], [1, 0], [1, 0], [2, 1]])
    h = relu.forward(z, training=False)
    np.testing.assert_array_equal(h, [[0, 0], [1, 0], [1, 0], [2, 1]])
    np.testing.assert_array_equal(output.forward(h, training=False), [[-1], [1], [1], [-1]])


def test_the_eight_equations_of_backpropagation():
    """J = 1/2 ||theta - y||^2 of one example, every derivative as the slide writes it, in columns."""
    d, k, c = 3, 4, 2
    rng = np.random.default_rng(0)
    W, b1, U, b2 = rng.normal(size=(k, d)), rng.normal(size=k), rng.normal(size=(c, k)), rng.normal(size=c)
    x, y = rng.normal(size=d), rng.normal(size=c)
    W[0], b1[0] = 0, 0  # z_0 = 0 exactly, where ReLU' = 0
    z = W @ x + b1
    h = np.maximum(z, 0)
    theta = U @ h + b2
    d_theta = theta - y
    d_U = np.outer(d_theta, h)
    d_b2 = d_theta
    d_h = U.T @ d_theta
    d_z = d_h * (z > 0)
    d_W = np.outer(d_z, x)
    d_b1 = d_z

    network = mlp([d, k, c])
    p = network.parameters
    p["hidden.0.weight"][...], p["hidden.0.bias"][...] = W.T, b1
    p["output.weight"][...], p["output.bias"][...] = U.T, b2
    loss = SquaredLoss(dtype="float64")
    assert loss(network.forward(x[None], training=True), y[None])[0] == pytest.approx(0.5 * d_theta @ d_theta)
    hidden, relu, output = network.layers
    grad_theta = loss.gradient()
    grad_h = output.backward(grad_theta)
    grad_z = relu.backward(grad_h)
    hidden.backward(grad_z, input_needed=False)
    g = network.gradients
    for ours, slide in [
        (grad_theta[0], d_theta),
        (g["output.weight"].T, d_U),
        (g["output.bias"][0], d_b2),
        (grad_h[0], d_h),
        (grad_z[0], d_z),
        (g["hidden.0.weight"].T, d_W),
        (g["hidden.0.bias"][0], d_b1),
    ]:
        np.testing.assert_allclose(ours, slide, rtol=1e-13, atol=0)
    assert grad_z[0, 0] == 0 and (g["hidden.0.weight"][:, 0] == 0).all()


@pytest.mark.parametrize("k", [3, 6, 10, 16])
def test_sawtooth_is_exact(k):
    network = mlp([1] + [2] * k + [1])
    sawtooth(network.linears)
    points = np.arange(2**k) / 2**k
    scores = network.forward(points[:, None])[:, 0]
    np.testing.assert_array_equal(scores, np.where(np.arange(2**k) % 2 == 0, -0.5, 0.5))


@pytest.mark.parametrize("k", [4, 8, 16, 32, 64])
def test_interpolation_error_is_within_its_bound(k):
    """|f - s| <= max|f''| h^2 / 8 for the piecewise-linear interpolant; f = sin(2 pi x), |f''| <= 4 pi^2."""
    network = mlp([1, k, 1])
    x = np.linspace(0, 1, 4 * 64 * 16 + 1)[:, None]
    y = np.sin(2 * np.pi * x)
    interpolate(network.linears, x, y)
    knots = np.arange(k + 1)[:, None] / k
    np.testing.assert_allclose(network.forward(knots), np.sin(2 * np.pi * knots), atol=1e-12)
    error = np.abs(network.forward(x) - y).max()
    bound = 4 * np.pi**2 / (8 * k**2)
    assert 0.5 * bound < error <= bound * (1 + 1e-9)
