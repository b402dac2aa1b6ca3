"""Signals through a network: dead units and vanished gradients are found, and nothing else is changed."""

import numpy as np
import pytest

from mlpcli.training.initial_weights import initialize
from mlpcli.training.loop.replicas import Replicas
from mlpcli.training.signal_flow import SignalFlow, signal_flow
from tests.training.problems import CLASSES, dataset, resolved


def measured(bias: float = 0.0, **options: object) -> SignalFlow:
    """The flow in an untrained network, whose second hidden layer has this number added to its biases."""
    data = dataset(CLASSES)
    runs = [resolved(data, **options)]
    replicas = Replicas(runs, data, steps_per_epoch=1)
    initialize(replicas.network, runs, data)
    if bias:
        replicas.network.parameters["hidden.1.bias"][...] += bias
    before = replicas.network.params.copy(), replicas.network.state.copy()
    flow = signal_flow(replicas.network, replicas.loss, np.asarray(data.train.x[:64]), np.asarray(data.train.y[:64]))
    assert np.array_equal(before[0], replicas.network.params)
    assert np.array_equal(before[1], replicas.network.state)
    return flow


def test_a_healthy_network_passes_signals_both_ways() -> None:
    flow = measured(hidden=(16, 16), norm="batch")
    assert flow["constant_units"] == [0.0, 0.0]
    assert 0.01 < flow["first_gradient_norm"] / flow["output_gradient_norm"] < 100


def test_a_layer_of_dead_relu_units_is_found_by_its_number() -> None:
    flow = measured(hidden=(16, 16, 16), bias=-1000.0)
    assert flow["constant_units"][0] < 0.5
    assert flow["constant_units"][1] == 1
    assert flow["first_gradient_norm"] == 0


@pytest.mark.parametrize(("depth", "vanished"), [(2, False), (40, True)])
def test_the_gradient_vanishes_in_a_deep_network_of_sigmoids(depth: int, vanished: bool) -> None:
    flow = measured(hidden=(16,) * depth, activation="sigmoid")
    assert (flow["first_gradient_norm"] < 1e-6 * flow["output_gradient_norm"]) == vanished


def test_a_linear_model_has_one_layer_that_is_first_and_last() -> None:
    flow = measured(hidden=())
    assert flow["constant_units"] == []
    assert flow["first_gradient_norm"] == flow["output_gradient_norm"] > 0
