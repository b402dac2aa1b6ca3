"""The plateau schedule by hand, against PyTorch's rule written out, and the rank law."""

import math

import numpy as np
import pytest

from mlpcli.optim import Plateau


def factors(values, **numbers):
    plateau, found = Plateau(*(np.array([float(numbers[name])]) for name in ("decay", "patience", "threshold"))), []
    for value in values:
        plateau.update(np.array([0]), np.array([value]))
        found.append(plateau.factor[0])
    return found


def pytorch(values, decay, patience, threshold):
    """`torch.optim.lr_scheduler.ReduceLROnPlateau.step` with threshold_mode="abs", cooldown=0, min_lr=0 and eps=0."""
    best, bad, factor, found = math.inf, 0, 1.0, []
    for value in values:
        if value < best - threshold:
            best, bad = value, 0
        else:
            bad += 1
        if bad > patience:
            factor, bad = factor * decay, 0
        found.append(factor)
    return found


def test_by_hand():
    assert factors([3, 2, 2, 2, 1, 1, 1, 1, 1], decay=0.1, patience=2, threshold=0) == [*[1] * 7, 0.1, 0.1]
    assert factors([3, 3, 3, 3], decay=0.5, patience=0, threshold=0) == [1, 0.5, 0.25, 0.125]
    # small improvements never add up beyond the threshold unless the best one moves
    assert factors([1, 0.95, 0.875, 0.85, 0.75], decay=0.5, patience=1, threshold=0.1) == [1, 1, 1, 1, 1]
    assert factors([1, 0.95, 0.93, 0.91], decay=0.5, patience=1, threshold=0.1) == [1, 1, 0.5, 0.5]
    assert factors([math.nan, math.inf, 1, math.nan], decay=0.5, patience=0, threshold=0) == [0.5, 0.25, 0.25, 0.125]


@pytest.mark.parametrize(("patience", "threshold"), [(0, 0.0), (2, 0.0), (3, 0.1), (7, 0.3)])
def test_the_rule_is_that_of_pytorch(patience, threshold):
    rng = np.random.default_rng(5)
    values = 3 * 0.93 ** np.arange(60) + rng.normal(size=60) / 4
    values[[7, 30]] = math.nan, math.inf
    numbers = {"decay": 0.3, "patience": patience, "threshold": threshold}
    found = factors(values, **numbers)
    assert found == pytorch(values, **numbers) and 0 < found[-1] < 1


def test_runs_have_their_own_factors_and_those_that_left_keep_theirs():
    rng = np.random.default_rng(0)
    values, decay, patience = rng.random((20, 3)), np.array([0.5, 0.1, 0.9]), np.array([1.0, 2.0, 0.0])
    together = Plateau(decay, patience)
    for epoch, row in enumerate(values):
        members = np.array([0, 1, 2]) if epoch < 10 else np.array([0, 2])
        together.update(members, row[members])
    for run, epochs in enumerate((20, 10, 20)):
        alone = Plateau(decay[[run]], patience[[run]])
        for row in values[:epochs]:
            alone.update(np.array([0]), row[[run]])
        for name, array in alone.arrays().items():
            assert array[0] == together.arrays()[name][run]
