"""[halving]: the schedule of the paper, worked by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.sweeps.spec.strategy_tables import Halving, Rung


@pytest.mark.parametrize(
    ("halving", "configurations", "epochs", "rungs"),
    [
        # Li et al. 2018, Hyperband, table 1: eta 3, R 81, the column s = 4: 81, 27, 9, 3, 1 at 1, 3, 9, 27, 81
        (Halving(1, 3), 81, 81, [(1, 27), (3, 9), (9, 3), (27, 1)]),
        (Halving(3, 3), 34, 81, [(3, 11), (9, 3), (27, 1)]),  # s = 3
        (Halving(9, 3), 15, 81, [(9, 5), (27, 1)]),  # s = 2
        (Halving(27, 3), 8, 81, [(27, 2)]),  # s = 1
        (Halving(3, 3), 81, 30, [(3, 27), (9, 9), (27, 3)]),
        (Halving(1, 2), 5, 100, [(1, 2), (2, 1)]),
        (Halving(1, 10), 5, 100, [(1, 1)]),
        (Halving(3, 3), 1, 30, []),
        (Halving(30, 3), 9, 30, []),
        (Halving(29, 3), 9, 30, [(29, 3)]),
    ],
)
def test_rungs(halving: Halving, configurations: int, epochs: int, rungs: list[tuple[int, int]]) -> None:
    assert halving.rungs(configurations, epochs) == tuple(Rung(*rung) for rung in rungs)


@given(st.integers(1, 50), st.integers(2, 6), st.integers(1, 10**6), st.integers(1, 2000))
def test_rungs_are_what_the_formula_says(min_epochs: int, factor: int, configurations: int, epochs: int) -> None:
    rungs = Halving(min_epochs, factor).rungs(configurations, epochs)
    assert all(rung.epochs == min_epochs * factor**i < epochs for i, rung in enumerate(rungs))
    assert all(rung.keep == max(1, configurations // factor ** (i + 1)) for i, rung in enumerate(rungs))
    assert [rung.keep for rung in rungs[:-1]].count(1) == 0


def test_81_configurations_cost_less_than_a_third() -> None:
    rungs = Halving(3, 3).rungs(81, epochs=30)
    alive, done, spent = 81, 0, 0
    for rung in (*rungs, Rung(30, 0)):
        spent += alive * (rung.epochs - done)
        alive, done = rung.keep, rung.epochs
    assert spent == 81 * 3 + 27 * 6 + 9 * 18 + 3 * 3
    assert Fraction(spent, 81 * 30) < Fraction(1, 3)
