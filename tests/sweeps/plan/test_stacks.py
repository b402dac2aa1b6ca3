"""Stacks: every trial in one, none too large, no job idle; and costs that order networks as measurements do."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config import RunOptions, resolve
from mlpcli.config.choices import OPTIMIZERS as OPTIMIZER_ROWS
from mlpcli.optim import OPTIMIZERS, Optimizer
from mlpcli.sweeps.plan.stacks import MOST, Group, Stack, make_stacks, makespan
from mlpcli.sweeps.plan.training_cost import BUDGET, MAX_REPLICAS, Cost, cost_of
from tests.measure import cpu_loops


def sizes(stacks: list[Stack]) -> list[int]:
    return [len(stack.trials) for stack in stacks]


def group(trials: int, cap: int, *, start: int = 0, stack: float = 0.0, trial: float = 1.0) -> Group:
    return Group(range(start, start + trials), Cost(cap, stack, trial))


@pytest.mark.parametrize(
    ("groups", "jobs", "expected"),
    [
        ([group(64, 32)], 2, [32, 32]),
        ([group(64, 64)], 2, [32, 32]),
        ([group(64, 30)], 2, [16, 16, 16, 16]),  # three stacks would leave one job waiting
        ([group(64, 64)], 1, [64]),
        ([group(64, 30)], 1, [22, 21, 21]),
        ([group(5, 64)], 2, [3, 2]),
        ([group(5, 64, stack=10)], 2, [3, 2]),
        ([group(2, 64)], 4, [1, 1]),
        ([group(1, 64)], 4, [1]),
        ([group(7, 1)], 2, [1] * 7),
        ([group(10, 10), group(10, 10, start=10)], 2, [10, 10]),
        ([group(10, 10, trial=10), group(2, 10, start=10)], 2, [5, 5, 2]),  # not 100 seconds beside 2
        ([], 2, []),
    ],
)
def test_by_hand(groups: list[Group], jobs: int, expected: list[int]) -> None:
    assert sizes(make_stacks(groups, jobs)) == expected


def test_the_costliest_stack_comes_first_and_trials_stay_in_order() -> None:
    stacks = make_stacks([group(3, 8), group(3, 8, start=3, trial=2.0), group(1, 8, start=6, stack=2.5)], 1)
    assert [stack.trials for stack in stacks] == [(3, 4, 5), (6,), (0, 1, 2)]
    assert [stack.seconds for stack in stacks] == [6.0, 3.5, 3.0]


GROUPS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 20), st.floats(0, 3), st.floats(0.01, 5)), min_size=1, max_size=6
)


@settings(deadline=None)
@given(GROUPS, st.integers(1, 8))
def test_stacks_partition_the_trials(drawn: list[tuple[int, int, float, float]], jobs: int) -> None:
    starts = itertools.accumulate((count for count, *_ in drawn), initial=0)
    groups = [
        group(count, cap, start=start, stack=stack, trial=trial)
        for (count, cap, stack, trial), start in zip(drawn, starts, strict=False)
    ]
    stacks = make_stacks(groups, jobs)
    count = sum(count for count, *_ in drawn)
    assert sorted(trial for stack in stacks for trial in stack.trials) == list(range(count))
    for stack in stacks:
        [home] = [group for group in groups if stack.trials[0] in group.trials]
        assert set(stack.trials) <= set(home.trials)
        assert len(stack.trials) <= home.cost.replicas
        assert stack.seconds == pytest.approx(home.cost.stack + len(stack.trials) * home.cost.trial)
    fewest = sum(-(-count // cap) for count, cap, *_ in drawn)
    assert fewest <= len(stacks) <= max(fewest, MOST * jobs)
    unsplit = [piece for one in groups for piece in one.split(-(-len(one.trials) // one.cost.replicas))]
    assert makespan(stacks, jobs) <= makespan(unsplit, jobs)
    assert [stack.seconds for stack in stacks] == sorted((stack.seconds for stack in stacks), reverse=True)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=7), st.integers(1, 3))
def test_makespan_is_within_grahams_bound_of_the_best(seconds: list[float], jobs: int) -> None:
    best = min(
        max(sum(s for s, job in zip(seconds, where, strict=True) if job == k) for k in range(jobs))
        for where in itertools.product(range(jobs), repeat=len(seconds))
    )
    found = makespan([Stack((index,), s) for index, s in enumerate(seconds)], jobs)
    assert best - 1e-9 <= found <= (4 / 3 - 1 / (3 * jobs)) * best + 1e-9


def test_no_job_is_idle_where_there_are_trials_enough() -> None:
    for jobs in range(1, 9):
        stacks = make_stacks([group(64, 64, stack=0.1)], jobs)
        assert len(stacks) >= jobs
        assert makespan(stacks, jobs) <= 1.1 * sum(stack.seconds for stack in stacks) / jobs


def test_many_jobs_beside_one_long_trial_are_no_long_search() -> None:
    groups = [group(5000, 128, stack=0.1, trial=0.01), group(1, 1, start=5000, trial=5000)]
    assert make_stacks(groups, 256)[0].trials == (5000,)
    assert cpu_loops(lambda: make_stacks(groups, 256)) < 20  # measured: 0.01


L2 = 2 * 2**20


def resolved(**options: object) -> RunOptions:
    return resolve(
        RunOptions.model_validate(options), task="classification", scale="unit", has_validation=True, threads=1
    )


def digits(**options: object) -> Cost:
    return cost_of(resolved(**options), 64, 10, 1258, L2)


@pytest.mark.parametrize(
    ("options", "replicas"),
    [
        ({"width": 4, "depth": 1}, MAX_REPLICAS),
        ({"width": 16, "depth": 2}, MAX_REPLICAS),
        ({"width": 64, "depth": 3, "dropout": 0.2}, 36),
        ({"width": 128, "depth": 3}, 14),
        ({"width": 256, "depth": 3}, 4),
        ({"width": 2048, "depth": 3}, 1),
        ({"width": 128, "depth": 3, "batch_size": "full"}, 1),
    ],
)
def test_replicas_on_digits(options: dict[str, object], replicas: int) -> None:
    assert digits(**options).replicas == replicas


@pytest.mark.parametrize(("kilobytes", "replicas"), [(512, [51, 24, 9, 3, 1]), (1024, [103, 48, 19, 7, 2])])
def test_stacks_follow_the_cache(kilobytes: int, replicas: list[int]) -> None:
    """256 x 3 alone with 512 KB of L2, and in stacks of two with 1 MB: what was measured on two kinds of EPYC."""
    costs = [cost_of(resolved(width=w, depth=3), 64, 10, 1258, kilobytes * 1024) for w in (16, 32, 64, 128, 256)]
    assert [cost.replicas for cost in costs] == replicas


def test_replicas_by_hand() -> None:
    # 64 -> 128 -> 10 in float64 with sgd, batches of 32: 9,610 parameters and as many gradients; 64 inputs, z, h and
    # their gradients for 32 rows
    busy = 8 * (2 * (65 * 128 + 129 * 10) + 32 * (64 + 4 * 128))
    assert digits(width=128, depth=1, optimizer="sgd", dtype="float64").replicas == BUDGET * L2 // busy == 41


def test_seconds_are_those_measured() -> None:
    """Microseconds a replica and step on digits, for stacks of 1 and 32, where `training_cost` was measured."""
    measured = {
        (4, 1): (83, 9),
        (16, 2): (99, 15),
        (32, 3): (119, 30),
        (64, 3): (145, 67),
        (128, 3): (263, 197),
        (256, 3): (767, 690),
    }
    for (width, depth), times in measured.items():
        cost = digits(width=width, depth=depth, epochs=1)
        for replicas, microseconds in zip((1, 32), times, strict=True):
            step = (cost.stack / replicas + cost.trial) / 40 * 1e6
            assert step == pytest.approx(microseconds, rel=1 / 3), (width, depth, replicas)


def test_more_work_costs_more() -> None:
    plain = digits()
    for options in ({"epochs": 60}, {"depth": 3}, {"norm": "batch"}, {"dropout": 0.5}, {"lift": "quadratic"}):
        cost = digits(**options)
        assert (cost.stack >= plain.stack) and (cost.trial > plain.trial), options
        assert cost.replicas <= plain.replicas
    assert digits(epochs=0) == Cost(digits().replicas, 0.0, 0.0)
    assert digits(depth=0).trial > 0
    assert cost_of(resolved(), 64, 10, 5, L2).trial < plain.trial


def test_every_optimizer_has_its_memories() -> None:
    kept = {
        name: sum(array.shape == (1, 3) for array in Optimizer(name, (1, 3), "float32").state.values())
        for name in OPTIMIZERS
    }
    assert kept == {name: len(row.memory) for name, row in OPTIMIZER_ROWS.items() if not row.full_batch}


def test_an_optimizer_that_takes_all_rows_trains_alone() -> None:
    assert digits(width=4).replicas > 1 == digits(width=4, optimizer="lbfgs").replicas


def test_the_networks_of_ensembles_share_the_bound_on_replicas() -> None:
    """They keep their memory while others train."""
    single, several, many = (
        cost_of(resolved(width=4, depth=1, ensemble=count), 4, 3, 120, L2) for count in (1, 8, 500)
    )
    assert single.replicas == MAX_REPLICAS
    assert (several.replicas, many.replicas) == (MAX_REPLICAS // 8, 1)
    assert several.trial == pytest.approx(8 * single.trial)
