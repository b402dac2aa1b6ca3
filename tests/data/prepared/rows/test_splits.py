"""Splits: counts worked by hand, and properties over random tables."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.prepared.rows.splits import Split, allocate, split_rows
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare, read_rows


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


def test_groups_stay_together() -> None:
    random = np.random.default_rng(0)
    for seed in range(50):
        groups = random.integers(0, 40, 400)
        parts = split_rows(400, None, None, test_size=0.2, val_size=0.1, split_seed=seed, groups=groups)
        held = [set(groups[rows].tolist()) for rows in (parts.train, parts.val, parts.test)]
        assert not held[0] & held[1] and not held[0] & held[2] and not held[1] & held[2]
        assert sorted(np.concatenate([parts.train, parts.val, parts.test]).tolist()) == list(range(400))
        assert abs(len(parts.test) - 80) <= np.bincount(groups).max()
    again = split_rows(400, None, None, test_size=0.2, val_size=0.1, split_seed=49, groups=groups)
    np.testing.assert_array_equal(again.test, parts.test)


def test_groups_that_cannot_be_split() -> None:
    with pytest.raises(DataError, match="1 groups leave no"):
        split_rows(10, None, None, test_size=0.2, val_size=0, split_seed=0, groups=np.zeros(10))


def test_in_order_the_last_rows_are_the_test_rows() -> None:
    parts = split_rows(10, None, None, test_size=0.3, val_size=2, split_seed=5, method="ordered")
    assert (parts.train.tolist(), parts.val.tolist(), parts.test.tolist()) == ([0, 1, 2, 3, 4], [5, 6], [7, 8, 9])


def test_every_class_needs_a_training_row() -> None:
    codes = np.array([0] * 8 + [1] * 2)
    with pytest.raises(DataError, match="no training row of 'late'"):
        split_rows(10, codes, ("early", "late"), test_size=0.3, val_size=0, split_seed=0, method="ordered")
    with pytest.raises(UsageError, match="split stratified: it needs classes"):
        split_rows(10, None, None, test_size=0.3, val_size=0, split_seed=0, method="stratified")


def test_the_column_of_groups_is_no_input() -> None:
    Path("t.csv").write_text("x,who,y\n" + "".join(f"{i},p{i // 5},{i % 7}.5\n" for i in range(100)))
    data = prepare("t.csv", target="y", groups="who")
    assert data.features == ("x",)
    held = [{row // 5 for row in part.rows.tolist()} for part in data.parts.values()]
    assert sum(map(len, held)) == 20 and len(set.union(*held)) == 20
    assert read_rows("t.csv", data.preprocessing).x.shape == (100, 1)
    with pytest.raises(UsageError, match="split group needs a column of groups"):
        prepare("t.csv", target="y", split="group")
