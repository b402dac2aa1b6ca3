"""Successive halving as a strategy: who survives a rung, and the course of batches against the schedule."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.sweeps.search.strategy import Scored
from mlpcli.sweeps.search.successive_halving import survivors


@pytest.mark.parametrize(
    ("scores", "keep", "expected"),
    [
        ([[1.0], [3.0], [2.0]], 2, (1, 2)),
        ([[2.0], [2.0], [2.0], [1.0]], 2, (0, 1)),  # ties: the earlier
        ([[0.0, 1.0], [0.4, 0.4], [0.6, 0.6]], 1, (2,)),  # the mean, not the best seed
        ([[0.9, math.nan], [0.1, 0.1], [math.inf, 0.2]], 1, (1,)),
        ([[-math.inf], [math.inf]], 1, (0,)),
        ([[0.9, math.nan], [0.1, 0.1], [-math.inf, 0.2]], 2, (1, 0)),  # failed ones by their order
        ([[0.1], [0.2]], 5, (1, 0)),
        ([[0.1 + 0.2, 0.3], [0.3, 0.1 + 0.2]], 1, (0,)),  # the order of seeds is no advantage
    ],
)
def test_survivors(scores: list[list[float]], keep: int, expected: tuple[int, ...]) -> None:
    assert survivors(by_seed(scores), keep) == list(expected)


def by_seed(scores: list[list[float]]) -> dict[int, Scored]:
    return {number: Scored(number, dict(enumerate(values)), ended=False) for number, values in enumerate(scores)}


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2), min_size=1, max_size=20), st.integers(1, 20))
def test_no_one_who_leaves_is_better_than_one_who_stays(scores: list[list[float]], keep: int) -> None:
    stay = set(survivors(by_seed(scores), keep))
    means = [math.fsum(values) / 2 for values in scores]
    assert len(stay) == min(keep, len(scores))
    assert all((means[a], -a) > (means[b], -b) for a in stay for b in range(len(scores)) if b not in stay)
