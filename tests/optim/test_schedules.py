"""Schedules against literal lists, and the rank law."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mlpcli.optim import SCHEDULES, Schedule

# Two steps an epoch, four epochs, lr = 8, lr_decay = 0.5 every 2 epochs: t / lr_every = 0, 1/4, ... 7/4.
TABLE = {
    "constant": [8, 8, 8, 8, 8, 8, 8, 8],
    "step": [8, 8, 8, 8, 4, 4, 4, 4],
    "exponential": [8, 6.727171322, 5.656854249, 4.756828460, 4, 3.363585661, 2.828427125, 2.378414230],
    "inverse": [8, 64 / 9, 6.4, 64 / 11, 16 / 3, 64 / 13, 32 / 7, 64 / 15],
    "plateau": [8, 8, 8, 8, 8, 8, 8, 8],  # while no metric is followed
    "linear": [8, 7, 6, 5, 4, 3, 2, 1],
    "cosine": [8, 7.695518130, 6.828427125, 5.530733729, 4, 2.469266271, 1.171572875, 0.304481870],
    "cycles": [0, 7.956245869, 3.947914204, 4.553141219, 0.588951473, 6.829127793, 7.005261849, 2.292814166],
}
# The same with one and a half epochs of warm-up, 3 steps, after which each begins; those that end have 5 steps left.
WARMED = {
    "constant": [8, 8, 8, 8, 8],
    "step": [8, 8, 8, 8, 4],
    "exponential": TABLE["exponential"][:5],
    "inverse": TABLE["inverse"][:5],
    "plateau": [8, 8, 8, 8, 8],
    "linear": [8, 6.4, 4.8, 3.2, 1.6],
    "cosine": [8, 7.236067977, 5.236067977, 2.763932023, 0.763932023],
    "cycles": [0, 0, 2.589512034, 5.746837508, 5.225552841],  # zero a second time: log2(1 + 15 / 5) = 2
}


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_by_hand(name):
    schedule = Schedule(name, 8.0, steps_per_epoch=2, epochs=4, lr_decay=0.5, lr_every=2.0)
    assert_allclose([schedule.at(step) for step in range(8)], TABLE[name], rtol=1e-9)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_warm_up_by_hand(name):
    schedule = Schedule(name, 8.0, steps_per_epoch=2, epochs=4, lr_decay=0.5, lr_every=2.0, warmup=1.5)
    rates = [schedule.at(step) for step in range(8)]
    assert_allclose(rates, [8 / 3, 16 / 3, 8, *WARMED[name]], rtol=1e-9)


@pytest.mark.parametrize("name", ["linear", "cosine", "cycles"])
@pytest.mark.parametrize("warmup", [0.0, 1.5])
def test_the_end_is_zero(name, warmup):
    schedule = Schedule(name, 0.1, steps_per_epoch=7, epochs=3, warmup=warmup)
    assert schedule.at(20) > schedule.at(21) == 0.0


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_warm_up_may_outlast_the_training(name):
    schedule = Schedule(name, 1.0, steps_per_epoch=2, epochs=1, warmup=2.0)
    assert [schedule.at(step) for step in range(2)] == [0.25, 0.5]


def test_cycles_begin_and_end_at_zero_each_twice_as_long_as_the_one_before():
    """RealMLP's coslog4: zeros at 0, 1/15, 3/15, 7/15 and 1 of the training, the full rate between them."""
    rates = [Schedule("cycles", 1.0, steps_per_epoch=15, epochs=10).at(step) for step in range(151)]
    assert_allclose([rates[step] for step in (0, 10, 30, 70, 150)], 0, atol=1e-12)
    tops = [rates[start : start + length] for start, length in ((0, 10), (10, 20), (30, 40), (70, 80))]
    assert all(max(top) > 0.99 for top in tops)


@pytest.mark.parametrize("every", [0.07, 0.3, 0.57, 1.1, 10.0])
def test_step_falls_on_the_step(every):
    schedule = Schedule("step", 1.0, steps_per_epoch=100, epochs=100, lr_decay=0.5, lr_every=every)
    for fall in (1, 2, 3, 7):
        at = round(fall * every * 100)
        assert (schedule.at(at - 1), schedule.at(at)) == (0.5 ** (fall - 1), 0.5**fall)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("lead", [(1,), (3,), (2, 3)])
@pytest.mark.parametrize("varied", [("lr",), ("lr_decay", "warmup"), ("lr", "lr_decay", "lr_every", "warmup")])
def test_rank_law(name, lead, varied):
    rng = np.random.default_rng(0)
    numbers = {"lr": 0.1, "lr_decay": 0.7, "lr_every": 3.0, "warmup": 0.5}
    arrays = {key: rng.uniform(0.1, 3.0, (*lead, 1)) for key in varied}
    stack = Schedule(name, steps_per_epoch=7, epochs=9, **{**numbers, **arrays})
    for step in range(63):
        rates = stack.at(step)
        assert rates.shape == (*lead, 1) and rates.dtype == np.float64
        for index in np.ndindex(lead):
            alone = {**numbers, **{key: array[index].item() for key, array in arrays.items()}}
            assert_array_equal(rates[index].item(), Schedule(name, steps_per_epoch=7, epochs=9, **alone).at(step))


def test_values_are_exact_where_they_can_be():
    assert Schedule("constant", 0.1, steps_per_epoch=3, epochs=2).at(5) == 0.1
    assert Schedule("step", 0.1, 3, 90, lr_decay=0.5, lr_every=30.0).at(3 * 60) == 0.1 * 0.25
    assert Schedule("cosine", 1.0, 1, 4).at(1) == (1 + math.cos(math.pi / 4)) / 2
