"""Splits: counts worked by hand, and properties over random tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.prepared.splits import Split, allocate, split_rows
from mlpcli.errors import DataError
from tests.data.asked import prepare


def split(codes: list[int], test_size: int | float, val_size: int | float, seed: int = 0, **fixed: int) -> Split:
    classes = tuple(str(i) for i in range(max(codes) + 1))
    return split_rows(
        len(codes), np.array(codes), classes, test_size=test_size, val_size=val_size, split_seed=seed, **fixed
    )


def test_allocation_by_largest_remainder() -> None:
    # 7 x (10, 6, 4) / 20 = 3.5, 2.1, 1.4: floors 3, 2, 1, and the seat left goes to the remainder 0.5
    assert allocate(7, np.array([10, 6, 4]), np.array([9, 9, 9])).tolist() == [4, 2, 1]
    # a cap passes the seat on to the next remainder
    assert allocate(7, np.array([10, 6, 4]), np.array([3, 9, 9])).tolist() == [3, 2, 2]


def test_fractions_are_of_all_rows_and_round() -> None:
    parts = split_rows(1797, None, None, test_size=0.2, val_size=0.1, split_seed=0)
    assert (len(parts.train), len(parts.val), len(parts.test)) == (1797 - 180 - 359, 180, 359)
    parts = split_rows(10, None, None, test_size=0.25, val_size=1, split_seed=0)
    assert (len(parts.train), len(parts.val), len(parts.test)) == (6, 1, 3)


def test_iris_gives_every_class_its_share() -> None:
    iris = prepare("iris")
    assert {name: np.bincount(part.y).tolist() for name, part in iris.parts.items()} == {
        "train": [35, 35, 35],
        "val": [5, 5, 5],
        "test": [10, 10, 10],
    }


def test_no_size_no_part() -> None:
    iris = prepare("iris", test_size=0, val_size=0.0)
    assert iris.test is None and iris.val is None and iris.train.x.shape == (150, 4)
    assert iris.train.rows.tolist() == list(range(150))


def test_the_test_rows_move_with_the_seed_alone() -> None:
    first = prepare("digits")
    assert first.test is not None
    fewer, other = prepare("digits", val_size=0.3).test, prepare("digits", split_seed=1).test
    assert fewer is not None and other is not None
    assert first.test.rows.tolist() == fewer.rows.tolist() != other.rows.tolist()


def test_rows_set_apart_stay_apart() -> None:
    parts = split([0, 1] * 10, 0.5, 4, test_rows=5)
    assert parts.test.tolist() == [15, 16, 17, 18, 19]
    assert len(parts.val) == 4 and len(parts.train) == 11 and max(*parts.val, *parts.train) < 15
    parts = split([0, 1] * 10, 0, 0, test_rows=5, validation_rows=3)
    assert parts.val.tolist() == [12, 13, 14] and parts.train.tolist() == list(range(12))


@given(
    st.lists(st.integers(0, 4), min_size=12, max_size=80),
    st.one_of(st.floats(0, 0.4), st.integers(0, 5)),
    st.one_of(st.floats(0, 0.4), st.integers(0, 5)),
    st.integers(0, 2**63 - 1),
)
def test_parts_partition_the_rows_and_keep_the_shares(
    codes: list[int], test_size: int | float, val_size: int | float, seed: int
) -> None:
    try:
        parts = split(codes, test_size, val_size, seed)
    except DataError as error:
        assert "too few rows" in str(error)
        return
    assert sorted([*parts.train, *parts.val, *parts.test]) == list(range(len(codes)))
    counts = np.bincount(codes)
    for rows, size in ((parts.test, test_size), (parts.val, val_size)):
        n = size if isinstance(size, int) else int(size * len(codes) + 0.5)
        assert len(rows) == n
        if counts[counts > 0].min() >= 12:  # otherwise a cap may push a share further
            shares = np.bincount(np.array(codes)[rows], minlength=len(counts))
            assert np.abs(shares - n * counts / len(codes)).max() < 1
    if len(parts.test) + len(parts.val):
        assert set(np.array(codes)[parts.train]) == set(codes)
    again = split(codes, test_size, val_size, seed)
    assert again.train.tolist() == parts.train.tolist()


@pytest.mark.parametrize(
    ("codes", "test_size", "message"),
    [
        ([0, 1, 1, 1], 0.25, "1 of 2 classes have a single row .'0'., and every class needs 2"),
        ([0, 1] * 3, 6, "6 rows, of which 6 to test and 0 to validate leave none to train"),
        ([0, 1, 2] * 2, 4, "6 rows in 3 classes, 4 to test .* leave some class without a training row"),
    ],
)
def test_too_few_rows(codes: list[int], test_size: int | float, message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(codes, test_size, 0)


def test_a_class_of_one_row_may_train_when_nothing_is_split_off() -> None:
    assert split([0, 1, 1], 0, 0).train.tolist() == [0, 1, 2]
