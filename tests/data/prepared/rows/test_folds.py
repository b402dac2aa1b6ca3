"""Folds of cross-validation: every row validates once, sizes and classes are even, groups stay whole."""

import numpy as np
import pytest

from mlpcli.data.prepared.rows.folds import deal, leave_out
from mlpcli.data.prepared.rows.splits import Split, split_rows
from mlpcli.errors import DataError

CODES = np.array([0] * 50 + [1] * 30 + [2] * 7)
GROUPS = np.arange(87) // 4


def parts(folds, method="auto", codes=CODES, groups=None, seed=3):
    names = None if codes is None else ("a", "b", "c")
    split = split_rows(87, codes, names, test_size=0.2, val_size=0, split_seed=seed, method=method, groups=groups)
    places = deal(split, folds, option="folds", codes=codes, groups=groups, method=method, split_seed=seed)
    return split, [leave_out(split, places, fold, codes) for fold in range(folds)]


@pytest.mark.parametrize(
    ("method", "codes", "groups"),
    [
        ("auto", CODES, None),
        ("random", CODES, None),
        ("auto", None, None),
        ("ordered", None, None),
        ("auto", None, GROUPS),
    ],
)
def test_every_row_validates_once(method, codes, groups):
    whole, found = parts(5, method, codes, groups)
    assert sorted(np.concatenate([part.val for part in found])) == whole.train.tolist()
    for part in found:
        assert part.test is whole.test
        assert sorted([*part.train, *part.val]) == whole.train.tolist()
        assert groups is None or not set(groups[part.train]) & set(groups[part.val])
    sizes = [len(part.val) for part in found]
    assert max(sizes) - min(sizes) <= (1 if groups is None else 4)


def test_classes_are_dealt_evenly():
    _, found = parts(5)
    for label in range(3):
        counts = [int((CODES[part.val] == label).sum()) for part in found]
        assert max(counts) - min(counts) <= 1


def test_an_ordered_split_has_neighbouring_rows():
    _, found = parts(5, "ordered", None)
    assert all(np.ptp(part.val) == len(part.val) - 1 for part in found)


def test_seeds_deal_differently():
    assert not np.array_equal(parts(5)[1][0].val, parts(5, seed=4)[1][0].val)


def test_too_few():
    split = Split(np.arange(3), np.arange(0), np.arange(0))
    with pytest.raises(DataError, match=r"too few rows or groups for 5 folds: 3 rows\. .*Lower ensemble"):
        deal(split, 5, option="ensemble", codes=None, groups=None, method="auto", split_seed=0)
    alone = np.array([0, 0, 1])
    places = deal(split, 3, option="folds", codes=alone, groups=None, method="auto", split_seed=0)
    with pytest.raises(DataError, match="of 3 leaves no training row of some class"):
        for fold in range(3):
            leave_out(split, places, fold, alone)
