"""Random draws: their distribution, their bounds, and that one option's draws depend on nothing but seed and name."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from mlpcli.sweeps.spec.random_draws import Choices, Draws, Range


def column(kind: Range | Choices, *, trials: int = 4000, seed: int = 0, name: str = "lr") -> list[object]:
    """Draws of one option, beside one whose values cannot be counted, so that values may repeat."""
    return [value for value, _ in Draws(trials, seed, {name: kind, "beside": Range(0.0, 1.0)}).rows()]


def test_uniform() -> None:
    values = np.array(column(Range(0.2, 0.8)), float)
    assert values.min() >= 0.2 and values.max() <= 0.8
    assert kstest(values, "uniform", (0.2, 0.6)).pvalue > 0.01


def test_uniform_in_the_logarithm() -> None:
    values = np.array(column(Range(1e-4, 1e-1, log=True)), float)
    assert values.min() >= 1e-4 and values.max() <= 1e-1
    assert kstest(np.log10(values), "uniform", (-4, 3)).pvalue > 0.01


def test_integers_include_both_ends() -> None:
    values = column(Range(3, 7))
    assert {type(value) for value in values} == {int}
    assert chisquare([values.count(k) for k in (3, 4, 5, 6, 7)]).pvalue > 0.01


def test_integers_uniform_in_the_logarithm() -> None:
    # k is drawn where log-uniform on [low, high + 1) falls into [k, k + 1)
    values = column(Range(1, 8, log=True))
    expected = [4000 * math.log((k + 1) / k) / math.log(9) for k in range(1, 9)]
    assert chisquare([values.count(k) for k in range(1, 9)], expected).pvalue > 0.01


def test_choices() -> None:
    values = column(Choices(("none", "batch", "layer")))
    assert chisquare([values.count(word) for word in ("none", "batch", "layer")]).pvalue > 0.01


@pytest.mark.parametrize(
    ("kind", "u", "value"),
    [
        (Range(0.0, 1.0), 0.0, 0.0),
        (Range(0.0, 1.0), 0.123456789, 0.123457),
        (Range(0.0, 1.0), math.nextafter(1, 0), 1.0),
        (Range(0.99, 0.9999), 0.5, 0.99495),
        (Range(0.0, 1000.0), 0.123456789, 123.457),
        (Range(1e-4, 1e-1, log=True), 0.0, 1e-4),
        (Range(1e-4, 1e-1, log=True), 1 / 3, 1e-3),
        (Range(1e-4, 1e-1, log=True), 0.5, 0.00316228),
        (Range(1e-4, 1e-1, log=True), math.nextafter(1, 0), 0.1),
        (Range(0, 9), 0.0999, 0),
        (Range(0, 9), 0.1, 1),
        (Range(0, 9), math.nextafter(1, 0), 9),
        (Range(0, 2**40), math.nextafter(1, 0), 2**40),
        (Range(16, 1024, log=True), 0.0, 16),
        (Range(16, 1024, log=True), math.nextafter(1, 0), 1024),
        (Range(0.0, 0.5, step=0.1), 0.0, 0.0),
        (Range(0.0, 0.5, step=0.1), 0.55, 0.3),  # the fourth of six; 3 * 0.1 is 0.30000000000000004
        (Range(0.0, 0.5, step=0.1), math.nextafter(1, 0), 0.5),
        (Range(0.0, 1.0, step=0.4), math.nextafter(1, 0), 0.8),
        (Range(16, 100, step=32), 0.7, 80),
        (Choices((1, 2)), 0.49, 1),
        (Choices((1, 2)), math.nextafter(1, 0), 2),
    ],
)
def test_by_hand(kind: Range | Choices, u: float, value: object) -> None:
    drawn = kind.at(u)
    assert drawn == value
    assert type(drawn) is type(value)


@settings(deadline=None)
@given(st.floats(1e-12, 1e12), st.floats(1e-12, 1e12), st.booleans(), st.floats(0, 1, exclude_max=True))
def test_never_out_of_range(a: float, b: float, log: bool, u: float) -> None:
    low, high = sorted((a, b))
    if low < high:
        assert low <= Range(low, high, log).at(u) <= high
        if log and high >= 2 * low:  # rounding costs no more than a millionth
            exact = low * (high / low) ** u
            assert Range(low, high, log).at(u) == pytest.approx(exact, rel=1e-5)
        elif not log:
            assert Range(low, high).at(u) == pytest.approx(low + u * (high - low), abs=1e-6 * (high - low))


def test_a_new_option_shifts_no_other() -> None:
    lr, dropout = Range(1e-4, 1e-1, log=True), Range(0.0, 0.5)
    alone = Draws(20, 3, {"lr": lr}).rows()
    assert [row[:1] for row in Draws(20, 3, {"lr": lr, "dropout": dropout}).rows()] == alone
    assert [row[1:] for row in Draws(20, 3, {"dropout": dropout, "lr": lr}).rows()] == alone


def test_more_trials_keep_the_draws_of_fewer() -> None:
    assert column(Range(0.0, 1.0), trials=200)[:50] == column(Range(0.0, 1.0), trials=50)


def test_seeds_and_names_have_streams_of_their_own() -> None:
    columns = [column(Range(0.0, 1.0), trials=5, seed=seed, name=name) for seed in (0, 1) for name in ("lr", "eps")]
    assert len({tuple(values) for values in columns}) == 4


def test_the_stream_is_written_down() -> None:
    """NumPy's PCG64 seeded by SeedSequence: what a published sweep file draws must stay."""
    stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence(7, spawn_key=(108, 114))))  # l, r
    assert column(Range(0.0, 1.0), trials=3, seed=7) == [round(float(u), 6) for u in stream.random(3)]
    assert column(Range(0.0, 1.0), trials=3, seed=7) == [0.935666, 0.059795, 0.598453]


WIDTHS, DEPTHS = Choices((16, 32, 64)), Range(1, 4)


@pytest.mark.parametrize("trials", [1, 5, 11, 12, 13, 50])
def test_what_can_be_counted_is_drawn_without_replacement(trials: int) -> None:
    draws = Draws(trials, 3, {"width": WIDTHS, "depth": DEPTHS})
    rows = draws.rows()
    assert len(set(rows)) == len(rows) == draws.count == min(trials, 12)
    assert rows == Draws(1000, 3, {"width": WIDTHS, "depth": DEPTHS}).rows()[:trials]
    assert set(rows) <= {(width, depth) for width in (16, 32, 64) for depth in (1, 2, 3, 4)}


def test_steps_are_counted_and_drawn_without_replacement() -> None:
    rates, widths = Range(0.0, 0.5, step=0.1), Range(16, 64, step=16)
    assert list(rates.values or ()) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5] and list(widths.values or ()) == [16, 32, 48, 64]
    draws = Draws(100, 0, {"dropout": rates, "width": widths})
    assert draws.count == len(set(draws.rows())) == 24
    assert chisquare(list(Counter(column(rates)).values())).pvalue > 0.01


def test_each_order_of_distinct_draws_is_equally_likely() -> None:
    orders = [tuple(Draws(3, seed, {"norm": Choices("abc")}).rows()) for seed in range(1200)]
    assert len(set(orders)) == 6
    assert chisquare([orders.count(order) for order in set(orders)]).pvalue > 0.01


def test_a_value_listed_twice_is_likelier_but_drawn_once() -> None:
    rows = Draws(5, 0, {"depth": Choices((1, 2, 2, 2))}).rows()
    assert sorted(rows) == [(1,), (2,)]
    first = [Draws(1, seed, {"depth": Choices((1, 2, 2, 2))}).rows()[0] for seed in range(400)]
    assert 0.65 < first.count((2,)) / 400 < 0.85


def test_the_rarest_integers_of_a_log_range_are_found_in_the_end() -> None:
    rows = Draws(5000, 0, {"width": Range(1, 5000, log=True)}).rows()
    assert sorted(rows) == [(width,) for width in range(1, 5001)]


def test_a_range_too_large_to_list_is_drawn_from_all_the_same() -> None:
    draws = Draws(100, 0, {"seed": Range(0, 2**63 - 1)})
    assert draws.count == len(set(draws.rows())) == 100
