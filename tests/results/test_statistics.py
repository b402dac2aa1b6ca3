import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from mlpcli.results.statistics import Difference, Estimate, difference, estimate, holm
from tests.workers.processes import PATIENCE

numbers = st.floats(-1e6, 1e6)
samples = st.lists(numbers, min_size=2, max_size=12)


def test_by_hand():
    """2, 4, 6: mean 4, deviations -2, 0, 2, std sqrt(8 / 2) = 2; t(0.975; 2) = 4.302653 (tables)."""
    found = estimate([2, 4, 6])
    assert (found.mean, found.std) == (4, 2)
    assert found.ci_high == pytest.approx(4 + 4.302653 * 2 / math.sqrt(3), rel=1e-6)
    assert found.ci_low == pytest.approx(4 - 4.302653 * 2 / math.sqrt(3), rel=1e-6)


@given(samples)
def test_interval_is_that_of_scipy(values):
    found = estimate(values)
    assert found.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-9)
    assert found.std == pytest.approx(np.std(values, ddof=1), rel=1e-9, abs=1e-9)
    assume(found.std > 1e-6)
    low, high = scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), scipy.stats.sem(values))
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high), rel=1e-8, abs=1e-9)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=12))
def test_the_difference_is_that_of_scipys_paired_test(pairs):
    values, references = zip(*pairs, strict=True)
    assume(np.std(np.subtract(values, references)) > 1e-6)
    found = difference(values, references)
    oracle = scipy.stats.ttest_rel(values, references)
    low, high = oracle.confidence_interval(0.95)
    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-6, abs=1e-300)
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)
    assert found.mean == pytest.approx(np.mean(np.subtract(values, references)), rel=1e-9, abs=1e-9)


def test_tiny_p_values_are_not_rounded_to_zero():
    values = [1 + 1e-7 * n for n in range(40)]
    found = difference(values, [0.0] * 40)
    assert 0 < found.p_value < 1e-200
    assert found.p_value == pytest.approx(scipy.stats.ttest_rel(values, [0.0] * 40).pvalue, rel=1e-3)


@pytest.mark.parametrize("value", [0.1, 0.0, -3.5, 1e300, 1e-320])
def test_one_seed_has_a_mean_only(value):
    assert estimate([value]) == Estimate(value, None, None, None)
    assert difference([value], [0.0]) == Difference(value, None, None, None)


def test_equal_values_have_exactly_no_spread():
    assert estimate([0.1, 0.1, 0.1]) == Estimate(0.1, 0.0, 0.1, 0.1)
    assert difference([0.3, 0.5], [0.3, 0.5]) == Difference(0.0, 0.0, 0.0, None)


@given(st.integers(1, 400), st.integers(-3, 3), st.lists(st.integers(0, 400), min_size=2, max_size=8))
def test_differences_that_vary_by_rounding_only_have_no_p(rows, gap, hits):
    """Accuracies k/n that all differ by the same number of rows: a t-test would be certain of nothing."""
    found = difference([(hit + gap) / rows for hit in hits], [hit / rows for hit in hits])
    assert found.p_value is None
    assert found.ci_low == found.ci_high == found.mean == pytest.approx(gap / rows, abs=1e-12)


def test_differences_that_vary_by_one_row_do_have_one():
    found = difference([0.9, 0.9, 0.9 + 1 / 360], [0.8, 0.8, 0.8])
    assert 0 < found.p_value < 0.01


@given(st.lists(st.sampled_from([1e300, 1.7e308, 1e-320, 0.0, 3.0]), min_size=2, max_size=6))
def test_huge_values_do_not_overflow_into_errors(values):
    found = estimate(values)
    assert min(values) * 0.999 <= found.mean <= max(values)
    difference(values, [0.0] * len(values))
    assert difference(values, values).p_value is None


def test_the_mean_does_not_depend_on_the_order_of_seeds():
    values = [0.1, 1e16, -1e16, 0.3, 1e-9]
    assert {estimate(order).mean for order in (values, values[::-1], sorted(values))} == {math.fsum(values) / 5}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([None], [None]),
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # the textbook's: 4 x .005, 3 x .01, 2 x .03, max
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.02, 0.02, 0.02], [0.06, 0.06, 0.06]),
        ([None, 0.01, None, 0.01], [None, 0.02, None, 0.02]),
        ([0.0, 1.0], [0.0, 1.0]),
    ],
)
def test_holm_by_hand(given, expected):
    assert holm(given) == expected


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    """Another formulation: walk up the sorted p, reject while p <= level / (m - i)."""
    corrected = holm(p_values)
    for level in (0.01, 0.05, 0.2):
        going, rejected = True, set()
        for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            going = going and p_values[index] * (len(p_values) - rank) <= level
            if going:
                rejected.add(index)
        assert {index for index, p in enumerate(corrected) if p <= level} == rejected
    assert all(after >= before for before, after in zip(p_values, corrected, strict=True))


def test_scipy_stats_is_not_loaded():
    import subprocess
    import sys

    script = (
        "import sys; from mlpcli.results import statistics; assert 'scipy' not in sys.modules\n"
        "statistics.difference([1, 2], [3, 5]); assert 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)


def test_a_mean_difference_of_rounding_is_zero() -> None:
    """0.1 + 0.2 - 0.3 is 5.6e-17; means of either sign that are rounding alone are shown as 0, not as +2.22e-17."""
    assert difference([0.1 + 0.2, 0.5], [0.3, 0.5]).mean == 0.0
    assert difference([0.3], [0.1 + 0.2]).mean == 0.0
    found = difference([0.9, 0.7, 0.8], [0.8, 0.8, 0.8])
    assert found.mean == 0.0 and found.p_value == 1.0 and found.ci_low == -found.ci_high
    assert difference([1e-20], [0.0]).mean == 1e-20
