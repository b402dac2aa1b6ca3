"""The plateau schedule by hand, against PyTorch's rule written out, and the rank law."""

import math

import numpy as np
import pytest

from mlpcli.optim import Plateau


def factors(better, decay, patience):
    plateau, found = Plateau(np.array([decay]), np.array([float(patience)])), []
    for one in better:
        plateau.update(np.array([0]), np.array([bool(one)]))
        found.append(plateau.factor[0])
    return found


def test_by_hand():
    assert factors([1, 1, 0, 0, 1, 0, 0, 0, 0], decay=0.1, patience=2) == [*[1] * 7, 0.1, 0.1]
    assert factors([1, 0, 0, 0], decay=0.5, patience=0) == [1, 0.5, 0.25, 0.125]
    assert factors([0, 0, 0, 0], decay=0.5, patience=1.5) == [1, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("patience", [0, 2, 3, 7])
def test_the_rule_is_that_of_pytorch(patience):
    """`torch.optim.lr_scheduler.ReduceLROnPlateau.step` with threshold=0, cooldown=0, min_lr=0 and eps=0."""
    rng = np.random.default_rng(5)
    values = 3 * 0.93 ** np.arange(60) + rng.normal(size=60) / 4
    values[[7, 30]] = math.nan, math.inf
    best, bad, factor, better, expected = math.inf, 0, 1.0, [], []
    for value in values:
        better.append(value < best)
        best, bad = (value, 0) if better[-1] else (best, bad + 1)
        factor, bad = (factor * 0.3, 0) if bad > patience else (factor, bad)
        expected.append(factor)
    assert factors(better, 0.3, patience) == expected and 0 < factor < 1


def test_runs_have_their_own_factors_and_those_that_left_keep_theirs():
    rng = np.random.default_rng(0)
    better, decay, patience = rng.random((20, 3)) < 0.4, np.array([0.5, 0.1, 0.9]), np.array([1.0, 2.0, 0.0])
    together = Plateau(decay, patience)
    for epoch, row in enumerate(better):
        members = np.array([0, 1, 2]) if epoch < 10 else np.array([0, 2])
        together.update(members, row[members])
    for run, epochs in enumerate((20, 10, 20)):
        alone = Plateau(decay[[run]], patience[[run]])
        for row in better[:epochs]:
            alone.update(np.array([0]), row[[run]])
        for name, array in alone.arrays().items():
            assert array[0] == together.arrays()[name][run]
