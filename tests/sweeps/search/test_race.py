"""[race]: who gets another seed, by hand, and against intervals of scipy's."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from mlpcli.sweeps.search.race import in_the_race
from mlpcli.sweeps.search.registry import make_strategy
from mlpcli.sweeps.spec.sweep_file import read_sweep
from tests.sweeps.search.conformance import run_through
from tests.sweeps.sweeps import write_sweep


def test_intervals_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        table = {number: rng.normal(0.1 * number, 0.1, 4).tolist() for number in range(8)}
        ends = {number: stats.t.interval(0.95, 3, np.mean(row), stats.sem(row)) for number, row in table.items()}
        best = max(table, key=lambda number: np.mean(table[number]))
        assert in_the_race(table) == {number for number in table if ends[number][1] >= ends[best][0]}


def test_overlap_widens_the_intervals() -> None:
    table = {0: [0.90, 0.91, 0.92], 1: [0.78, 0.80, 0.82]}
    assert in_the_race(table) == {0} and in_the_race(table, overlap=1.0) == {0, 1}


def test_a_failed_seed_ends_the_race() -> None:
    assert in_the_race({0: [0.9, math.nan], 1: [0.1, 0.2]}) == {1}
    assert in_the_race({0: [math.nan, math.nan]}) == set()


def test_rounds_by_hand(tmp_path: Path) -> None:
    """0.1 is far behind at once; 0.2 is behind once the fourth seed has narrowed the intervals."""

    def score(given: Any, seed: int, epochs: int) -> float:
        mean = {0.1: 0.1, 0.2: 0.88, 0.3: 0.9}[given["lr"]]
        return mean + 0.004 * (-1) ** seed

    keys = {"seeds": 5, "race": {"min_seeds": 2}, "grid": {"lr": [0.1, 0.2, 0.3]}}
    file, _ = read_sweep(write_sweep(tmp_path / "s.toml", **keys))
    found = run_through(lambda: make_strategy(file), score, range(5)).asked
    assert [([given["lr"] for given in proposals], list(seeds)) for proposals, seeds, _ in found] == [
        ([0.1, 0.2, 0.3], [0, 1]),
        ([0.2, 0.3], [0, 1, 2]),
        ([0.2, 0.3], [0, 1, 2, 3]),
        ([0.3], [0, 1, 2, 3, 4]),
    ]
