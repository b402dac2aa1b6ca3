"""Ensembles: their scores are the mean of their networks', and their gradients those of that mean."""

import numpy as np
import pytest

from mlpcli.nn import ACTIVATIONS, Ensemble, Linear, Network


def built(count: int) -> Ensemble:
    layers = [("hidden", Linear(3, 4)), ("activation", ACTIVATIONS["tanh"]()), ("output", Linear(4, 2))]
    ensemble = Ensemble(layers, (count,), np.float64)
    ensemble.params[...] = np.random.default_rng(count).standard_normal(ensemble.params.shape)
    return ensemble


def single(params: np.ndarray) -> Network:
    layers = [("hidden", Linear(3, 4)), ("activation", ACTIVATIONS["tanh"]()), ("output", Linear(4, 2))]
    network = Network(layers, (), np.float64)
    network.params[...] = params
    return network


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_scores_are_the_mean(count: int) -> None:
    ensemble, x = built(count), np.random.default_rng(0).standard_normal((7, 3))
    parts = [single(params).forward(x) for params in ensemble.params]
    np.testing.assert_allclose(ensemble.forward(x), sum(parts) / count, rtol=1e-14)


@pytest.mark.parametrize("count", [1, 3])
def test_the_gradients_are_those_of_the_mean(count: int) -> None:
    """Against central differences of sum(c * scores)."""
    ensemble, rng = built(count), np.random.default_rng(1)
    x, c = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    ensemble.forward(x, training=True)
    ensemble.backward(c)
    found, step = ensemble.grads.copy(), 1e-6
    for at in np.ndindex(ensemble.params.shape):
        sides = []
        for sign in (1, -1):
            ensemble.params[at] += sign * step
            sides.append(float(np.sum(c * ensemble.forward(x))))
            ensemble.params[at] -= sign * step
        assert found[at] == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=1e-6, abs=1e-8)
