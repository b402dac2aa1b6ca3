"""The order of rows in an epoch, and an epoch that goes on after any of its batches."""

import numpy as np

from mlpcli.training.initial_weights import initialize
from mlpcli.training.loop.epoch_steps import EpochSteps
from tests.training.problems import CLASSES, dataset, resolved


def test_every_row_is_seen_once_an_epoch_in_an_order_of_its_own() -> None:
    data = dataset(CLASSES)
    steps = EpochSteps([resolved(data, seed=seed) for seed in (0, 1)], data, [(0, len(data.train))])
    seen = [steps.order(epoch) for epoch in (1, 2)]
    for order in np.concatenate(seen):
        assert sorted(order.tolist()) == list(range(len(data.train)))
    assert len({order.tobytes() for order in np.concatenate(seen)}) == 4


def test_a_full_batch_keeps_the_order_of_the_data() -> None:
    data = dataset(CLASSES)
    steps = EpochSteps([resolved(data, batch_size="full", seed=seed) for seed in (0, 1)], data, [(0, len(data.train))])
    rows = np.arange(len(data.train))
    np.testing.assert_array_equal(steps.order(1), [rows, rows])


def test_an_epoch_goes_on_after_any_batch() -> None:
    data = dataset(CLASSES)
    runs, third = [resolved(data, seed=seed) for seed in (0, 1)], len(data.train) // 3
    bounds = [(0, third), (third, 2 * third), (2 * third, len(data.train))]
    whole, halves = EpochSteps(runs, data, bounds), EpochSteps(runs, data, bounds)
    for steps in (whole, halves):
        initialize(steps.replicas.network, runs, data)
    assert list(whole.train(epoch=2, done=0)) == [1, 2, 3]
    assert next(halves.train(epoch=2, done=0)) == 1
    assert list(halves.train(epoch=2, done=1)) == [2, 3]
    np.testing.assert_array_equal(halves.replicas.network.params, whole.replicas.network.params)
    for name, values in whole.sums.arrays.items():
        np.testing.assert_array_equal(halves.sums.arrays[name], values)
