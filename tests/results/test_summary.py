import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.results.summary import Configuration, rivals_of_best, summarize, summary_columns
from mlpcli.results.trial import Trial

METRIC = "val_accuracy"


def trial(seed, value, test=0.5, state="complete", epochs=10):
    scores = {METRIC: value, "val_loss": value, "test_accuracy": test}
    return Trial(0, 0, "", seed, state=state, metrics=scores, parameters=99, epochs_run=epochs, time_s=0.25)


def configuration(name, values, baseline=0, **changes):
    trials = [trial(seed, value, test=value / 2, **changes) for seed, value in enumerate(values)]
    return Configuration((name,), trials, baseline)


def rows_of(*configurations, metric=METRIC):
    rows = summarize(configurations, ["name"], metric)
    assert all(list(row) == summary_columns(["name"], metric) for row in rows)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    return {row["name"]: row for row in rows}


def test_a_row_by_hand():
    """b - a = 0.1, 0.3, 0.2: mean 0.2, std 0.1, t = 0.2 / (0.1 / sqrt 3) = 3.4641 on 2 degrees: p = 0.0742 (tables)."""
    rows = rows_of(configuration("a", [0.5, 0.5, 0.6]), configuration("b", [0.6, 0.8, 0.8]))
    assert list(rows) == ["b", "a"]
    row = rows["b"]
    assert (row["n_seeds"], row["parameters"], row["time_s"]) == (3, 99, 0.75)
    assert row[f"{METRIC}_mean"] == pytest.approx(2.2 / 3)
    assert row["diff_mean"] == pytest.approx(0.2)
    assert row["p_value"] == pytest.approx(0.0742, abs=5e-5)
    assert row["diff_ci_high"] - row["diff_mean"] == pytest.approx(4.302653 * 0.1 / 3**0.5, rel=1e-6)
    assert row["test_accuracy_mean"] == pytest.approx(1.1 / 3)
    base = rows["a"]
    assert (base["diff_mean"], base["diff_ci_low"], base["diff_ci_high"], base["p_value"]) == (0, 0, 0, None)


scores = st.floats(0, 1)


@given(st.lists(st.lists(scores, min_size=4, max_size=4), min_size=2, max_size=6))
def test_the_numbers_are_those_of_scipy(table):
    rows = rows_of(*(configuration(index, values) for index, values in enumerate(table)))
    plain = {}
    for index, values in enumerate(table):
        row = rows[index]
        assert row[f"{METRIC}_mean"] == pytest.approx(np.mean(values), abs=1e-12)
        assert row[f"{METRIC}_std"] == pytest.approx(np.std(values, ddof=1), abs=1e-12)
        gaps = np.subtract(values, table[0])
        if np.std(gaps) > 1e-6:
            with np.errstate(over="ignore"):  # in scipy's check for cancellation, beside subnormal values
                plain[index] = scipy.stats.ttest_rel(values, table[0]).pvalue
    if {index for index, row in rows.items() if row["p_value"] is not None} == set(plain):
        for index, p in plain.items():  # Holm by its definition
            order = sorted(plain.values())
            expected = max(min(1, (len(order) - k) * q) for k, q in enumerate(order) if q <= p)
            assert rows[index]["p_value"] == pytest.approx(expected, rel=1e-6)


def test_ranks_follow_the_metric_either_way_and_ties_the_order_of_the_plan():
    made = [configuration(name, values) for name, values in zip("abcd", ([0.2], [0.9], [0.2], [0.5]), strict=True)]
    assert list(rows_of(*made)) == ["b", "d", "a", "c"]
    assert list(rows_of(*made, metric="val_loss")) == ["a", "c", "d", "b"]


def test_a_row_that_was_not_confirmed_differs_from_a_confirmed_baseline_by_the_earlier_seeds():
    """Seeds 0 and 1 chose, 2 and 3 confirmed the baseline and the best: (0.1 + 0.3) / 2 and (0.4 + 0.6) / 2.

    On one degree of freedom p is 2 / pi arctan(1 / t), with t = 2 and t = 5; each row is the only one of its kind.
    """
    earlier = [trial(0, 0.4), trial(1, 0.5)]
    base = Configuration(("base",), [trial(2, 0.2), trial(3, 0.1)], 0, True, earlier)
    best = Configuration(("best",), [trial(2, 0.6), trial(3, 0.7)], 0, True, [trial(0, 0.9), trial(1, 0.9)])
    other = Configuration(("other",), [trial(0, 0.5), trial(1, 0.8)], 0, False)
    rows = {row["name"]: row for row in summarize([base, best, other], ["name"], METRIC)}
    assert rows["best"]["diff_mean"] == pytest.approx(0.5) and rows["other"]["diff_mean"] == pytest.approx(0.2)
    assert rows["other"]["p_value"] == pytest.approx(2 / np.pi * np.arctan(1 / 2))
    assert rows["best"]["p_value"] == pytest.approx(2 / np.pi * np.arctan(1 / 5)) and rows["base"]["diff_mean"] == 0
    pruned = replace(base, earlier=[trial(0, 0.4, state="pruned"), trial(1, 0.5, state="pruned")])
    rows = {row["name"]: row for row in summarize([pruned, best, other], ["name"], METRIC)}
    assert rows["other"]["diff_mean"] == pytest.approx(0.2) and rows["other"]["diff_ci_low"] is None
    assert rows["best"]["p_value"] is not None


def test_confirmed_configurations_without_a_common_fresh_seed_have_no_difference():
    earlier = [trial(0, 0.4), trial(1, 0.5)]
    base = Configuration(("base",), [trial(2, 0.2), trial(3, None, None, "diverged", None)], 0, True, earlier)
    best = Configuration(("best",), [trial(2, None, None, "diverged", None), trial(3, 0.7)], 0, True, earlier)
    rows = {row["name"]: row for row in summarize([base, best], ["name"], METRIC)}
    assert [rows["best"][name] for name in ("diff_mean", "diff_ci_low", "p_value")] == [None] * 3
    assert rows["base"]["diff_mean"] == 0


def test_below_two_seeds_there_is_a_mean_only():
    rows = rows_of(configuration("a", [0.5]), configuration("b", [0.7]))
    empty = ("std", "ci_low", "ci_high")
    assert all(rows["b"][f"{METRIC}_{part}"] is None for part in empty)
    assert rows["b"]["diff_mean"] == pytest.approx(0.2)
    assert rows["b"]["diff_ci_low"] is rows["b"]["p_value"] is rows["b"]["test_accuracy_std"] is None


def test_pruned_rows_have_neither_spread_nor_p_and_come_after_the_others():
    rows = rows_of(
        configuration("base", [0.5, 0.6, 0.4]),
        configuration("early", [0.99, 0.98, 0.97], state="pruned", epochs=1),
        configuration("late", [0.3, 0.2, 0.1], state="pruned", epochs=3),
        configuration("whole", [0.1, 0.1, 0.2]),
    )
    assert list(rows) == ["base", "whole", "late", "early"]
    early = rows["early"]
    assert early[f"{METRIC}_mean"] == pytest.approx(0.98) and early["n_seeds"] == 3
    assert early[f"{METRIC}_std"] is early["diff_ci_low"] is early["p_value"] is None
    assert rows["whole"]["p_value"] is not None


@pytest.mark.parametrize("state", ["failed", "diverged"])
def test_a_seed_that_failed_puts_its_configuration_last(state):
    broken = Configuration(("broken",), [trial(0, 0.99), trial(1, 0.98), trial(2, None, None, state, None)], 0)
    rows = rows_of(configuration("a", [0.1, 0.2, 0.4]), broken, configuration("b", [0.3, 0.2, 0.2]))
    assert list(rows) == ["a", "b", "broken"]
    assert rows["broken"]["n_seeds"] == 2
    assert rows["broken"]["diff_mean"] == pytest.approx((0.89 + 0.78) / 2)  # over the seeds that both have


def test_nothing_but_failures_is_still_a_table():
    dead = Configuration(("dead",), [trial(0, None, None, "failed", None), trial(1, float("inf"))], 0)
    rows = rows_of(dead, configuration("a", [0.5, 0.6]))
    assert rows["dead"]["n_seeds"] == 0 and rows["dead"][f"{METRIC}_mean"] is None
    assert rows["a"]["diff_mean"] is None and rows["a"]["p_value"] is None


def test_another_baseline_and_none():
    rows = rows_of(
        configuration("a", [0.5, 0.6], baseline=1),
        configuration("b", [0.1, 0.3], baseline=1),
        configuration("c", [0.1, 0.3], baseline=None),
    )
    assert rows["a"]["diff_mean"] == pytest.approx(0.35) and rows["b"]["diff_mean"] == 0
    assert rows["c"]["diff_mean"] is None


def test_the_test_scores_never_rank():
    tables = [[0.5, 0.6], [0.4, 0.3], [0.7, 0.8]]
    for tests in itertools.permutations([0.1, 0.5, 0.9]):
        made = [
            Configuration((i,), [trial(s, v, test=test) for s, v in enumerate(values)], 0)
            for i, (values, test) in enumerate(zip(tables, tests, strict=True))
        ]
        assert list(rows_of(*made)) == [2, 0, 1]


def test_p_values_find_a_true_difference_and_no_false_one():
    """With 20 seeds and spread 0.02, a difference of 0.03 is found and one of 0 is not, in nearly all of 200 sweeps."""
    rng = np.random.default_rng(0)
    found, false = 0, 0
    for _ in range(200):
        table = rng.normal(0.8, 0.02, (3, 20))
        rows = rows_of(
            configuration("base", table[0]), configuration("same", table[1]), configuration("up", table[2] + 0.03)
        )
        found += rows["up"]["p_value"] < 0.05
        false += rows["same"]["p_value"] < 0.05
    assert found > 190 and false < 20


def test_the_best_beside_the_runner_up_and_the_median():
    """Means 0.9, 0.8, 0.6, 0.4, and one that was pruned and does not count."""
    found = [
        configuration("d", [0.3, 0.5], None),
        configuration("a", [0.8, 1.0], None),
        configuration("c", [0.6, 0.6], None),
        configuration("b", [0.8, 0.8], None),
        configuration("e", [0.7, 0.7], None, state="pruned"),
    ]
    runner_up, median = rivals_of_best(found, METRIC)
    assert (runner_up.name, runner_up.rank, median.name, median.rank) == ("runner-up", 2, "median", 3)
    assert runner_up.difference.mean == pytest.approx(0.1)  # of 0.0 and 0.2: std 0.1414, t = 1, p = 0.5
    assert runner_up.difference.p_value == pytest.approx(0.5)
    assert median.difference.mean == pytest.approx(0.3)
    assert [rival.name for rival in rivals_of_best(found[:3], METRIC)] == ["runner-up"]
    assert rivals_of_best(found[:1], METRIC) == rivals_of_best(found[4:], METRIC) == rivals_of_best([], METRIC) == []


def test_the_best_of_losses_is_below_its_rivals():
    (runner_up,) = rivals_of_best(
        [configuration("a", [0.2, 0.3], None), configuration("b", [0.1, 0.1], None)], "val_loss"
    )
    assert runner_up.difference.mean == pytest.approx(-0.15) and runner_up.rank == 2
