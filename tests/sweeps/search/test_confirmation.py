"""[confirm]: which configurations go on, with which seeds, by hand."""

import math
from pathlib import Path
from typing import Any

import pytest

from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.plan.sweep_plan import Round
from mlpcli.sweeps.search.registry import make_strategy
from mlpcli.sweeps.search.strategy import Scored
from mlpcli.sweeps.spec.sweep_file import read_sweep
from tests.sweeps.search.conformance import run_through
from tests.sweeps.sweeps import write_sweep


def confirmed(folder: Path, score: Any, **keys: Any) -> tuple[list[dict[str, Any]], Any]:
    """The configurations and the seeds of the last batch."""
    file, problems = read_sweep(
        write_sweep(folder / "s.toml", **{"seeds": 3, "confirm": {"top": 2, "seeds": 4}, **keys})
    )
    problems.stop()
    proposals, seeds, epochs = run_through(lambda: make_strategy(file), score).asked[-1]
    assert epochs is None
    return proposals, seeds


RANGE = {"lr": {"low": 1e-3, "high": 1e-1, "log": True}}
GRID = {"lr": [0.1, 0.2, 0.3, 0.4]}


def test_the_best_go_on_with_fresh_seeds(tmp_path: Path) -> None:
    found = confirmed(tmp_path, lambda given, seed, epochs: given["lr"], grid=GRID)
    assert found == ([{"lr": 0.4}, {"lr": 0.3}], range(3, 7))


def test_fresh_seeds_are_none_that_was_used(tmp_path: Path) -> None:
    def score(given: Any, seed: int, epochs: int) -> float:
        return -float(given["lr"])

    assert confirmed(tmp_path, score, grid=GRID, seeds=[9, 2])[1] == range(10, 14)


def test_what_failed_or_was_pruned_does_not_go_on(tmp_path: Path) -> None:
    def score(given: Any, seed: int, epochs: int) -> float:
        return math.nan if given["lr"] == 0.4 and seed == 1 else given["lr"]

    assert confirmed(tmp_path, score, grid=GRID)[0] == [{"lr": 0.3}, {"lr": 0.2}]
    assert confirmed(tmp_path, score, grid=GRID, halving={"min_epochs": 2, "factor": 3})[0] == [{"lr": 0.3}]


def test_a_race_that_was_lost_is_no_confirmation(tmp_path: Path) -> None:
    """0.3 has the better mean of those that leave the race with two seeds; 0.2, noisier and worse, ran to its end."""

    def score(given: Any, seed: int, epochs: int) -> float:
        mean, noise = {0.1: (0.1, 0.001), 0.2: (0.6, 0.1), 0.3: (0.8, 0.001), 0.4: (0.9, 0.001)}[given["lr"]]
        return mean + noise * (-1) ** seed

    assert confirmed(tmp_path, score, grid=GRID, race={"min_seeds": 2})[0] == [{"lr": 0.4}, {"lr": 0.2}]


@pytest.mark.parametrize(
    ("grid", "compare", "baseline"),
    [
        ({"lr": [0.1, 0.2], "norm": ["none", "layer"]}, {"norm": "none"}, 2),
        ({"width": [4, 8, 2]}, {"width": 4}, 0),
        ({"hidden": [[4, 4], [8, 8], [2, 2]]}, {"width": 4}, 0),
        ({"optimizer": ["sgd", "adam"], "beta1": [0.8, 0.9]}, {"optimizer": "sgd"}, 0),  # sgd reads no beta1
    ],
)
def test_the_compared_configuration_is_confirmed_too(
    grid: dict[str, Any], compare: dict[str, Any], baseline: int, tmp_path: Path
) -> None:
    """The last configuration is the best; the one that [compare] makes of it gets the same fresh seeds."""
    keys = {"seeds": 2, "grid": grid, "compare": compare, "confirm": {"top": 1, "seeds": 3}}
    plan = plan_sweep(write_sweep(tmp_path / "s.toml", **keys))
    last = plan.configurations - 1
    confirmation = plan.tell([Scored(index, dict.fromkeys(range(2), index or 0), True) for index in plan.first.placed])
    assert confirmation is not None and confirmation.placed == [last]
    assert list(confirmation.trials) == [last, baseline]
    for numbers in confirmation.trials.values():
        assert [plan.seed(number) for number in numbers] == [2, 3, 4]


@pytest.mark.parametrize(
    "source",
    [{"search": {"trials": 2, "batch": 1, **RANGE}}, {"random": {"trials": 2, **RANGE}}, {"grid": {"lr": [0.1, 0.2]}}],
)
def test_the_compared_configuration_joins_where_values_are_drawn(source: dict[str, Any], tmp_path: Path) -> None:
    """No draw has the learning rate of another, so the partner with norm none is made."""
    keys = {"seeds": 2, "base": {"norm": "layer"}, "compare": {"norm": "none"}, "confirm": {"top": 1, "seeds": 3}}
    plan = plan_sweep(write_sweep(tmp_path / "s.toml", **keys, **source))
    asked: Round | None = plan.first
    while asked is not None and asked.name != "confirmation by fresh seeds":
        drawn = plan.configurations
        scores = [Scored(index, dict.fromkeys(range(2), float(index == 0)), True) for index in asked.placed]
        asked = plan.tell(scores)
    assert asked is not None and asked.placed == [0] and list(asked.trials) == [0, drawn]
    best, partner = plan.options(0), plan.options(drawn)
    assert (best.norm, partner.norm) == ("layer", "none") and best.lr == partner.lr
    assert [plan.seed(number) for number in asked.trials[drawn]] == [2, 3, 4] and plan.baseline(0) == drawn
    assert plan.varied == ("lr", "norm")
    assert len({plan.shown(index) for index in range(plan.configurations)}) == plan.configurations


def test_where_leaves_the_compared_configuration_out(tmp_path: Path) -> None:
    search = {"search": {"trials": 1, **RANGE}, "where": ["norm == 'layer'"], "base": {"norm": "layer"}}
    keys = {"seeds": 2, "compare": {"norm": "none"}, "confirm": {"top": 1, "seeds": 3}, **search}
    plan = plan_sweep(write_sweep(tmp_path / "s.toml", **keys))
    asked = plan.tell([Scored(0, dict.fromkeys(range(2), 0.5), True)])
    assert asked is not None and list(asked.trials) == [0]
