"""Random draws: their distribution, their bounds, and that one option's draws depend on nothing but seed and name."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from mlpcli.sweeps.spec.random_draws import Choices, Draws, Range


def column(kind: Range | Choices, *, trials: int = 4000, seed: int = 0, name: str = "lr") -> list[object]:
    return [value for (value,) in Draws(trials, seed, {name: kind}).rows()]


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
