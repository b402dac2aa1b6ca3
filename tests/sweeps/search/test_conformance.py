"""Every strategy of the package, and a toy one, against the conformance suite; the suite against broken strategies."""

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mlpcli.sweeps.search.listed import Listed
from mlpcli.sweeps.search.registry import REFINEMENTS, SOURCES, make_strategy
from mlpcli.sweeps.search.strategy import Batch, Proposal, Strategy
from mlpcli.sweeps.search.successive_halving import SuccessiveHalving
from mlpcli.sweeps.spec.strategy_tables import Halving
from mlpcli.sweeps.spec.sweep_file import SweepFile, read_sweep
from tests.sweeps.search.conformance import conforms, run_through
from tests.sweeps.search.ternary import BATCHES, TernarySearch
from tests.sweeps.sweeps import write_sweep

TABLES: dict[str, dict[str, Any]] = {
    "grid": {"lr": [0.1, 0.2, 0.1], "dropout": [0.0, 0.5]},
    "zip": {"width": [4, 8], "depth": [2, 1]},
    "random": {"trials": 5, "momentum": {"low": 0.0, "high": 0.9}},
    "points": [{"lr": 0.3}, {}],  # type: ignore[dict-item] # a list, as [[points]] is
    "search": {
        "trials": 7,
        "batch": 3,
        "lr": {"low": 1e-4, "high": 1.0, "log": True},
        "norm": {"choices": ["none", "layer"]},
    },
    "halving": {"min_epochs": 2, "factor": 2, "brackets": 2},
    "race": {"min_seeds": 2},
    "confirm": {"top": 2, "seeds": 2},
}
LISTS, SEARCHES = ("grid", "zip", "random", "points"), ("search",)


def smooth(given: Mapping[str, Any], seed: int, epochs: int) -> float:
    """The nearer lr is to 0.05 the better, with some noise per seed."""
    noise = random.Random(repr((sorted(given.items()), seed))).random()
    return -abs(math.log(given.get("lr", 0.01) / 0.05)) + 0.1 * noise + epochs / 100


def failing(given: Mapping[str, Any], seed: int, epochs: int) -> float:
    return math.nan if seed == 1 and given.get("lr", 0) > 0.1 else smooth(given, seed, epochs)


def flat(given: Mapping[str, Any], seed: int, epochs: int) -> float:
    return 0.5


def read(folder: Path, *tables: str) -> SweepFile:
    file, problems = read_sweep(write_sweep(folder / "s.toml", seeds=3, **{name: TABLES[name] for name in tables}))
    assert not problems.lines
    return file


def interval(folder: Path) -> SweepFile:
    return read_sweep(write_sweep(folder / "s.toml", grid={"lr": [1e-4, 1.0]}))[0]


def subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [chosen for size in range(len(names) + 1) for chosen in itertools.combinations(names, size)]


SETS = [
    (*source, *refined)
    for source in (*subsets(LISTS), SEARCHES)
    for refined in subsets(("halving", "race", "confirm"))
    if not {"halving", "race"} <= {*refined}
]


@pytest.mark.parametrize("tables", SETS, ids="+".join)
def test_strategies_of_the_package(tables: tuple[str, ...], tmp_path: Path) -> None:
    file = read(tmp_path, *tables)
    conforms(lambda: make_strategy(file), smooth, failing, flat)


def test_every_registered_table_is_among_them() -> None:
    assert {*SOURCES, *REFINEMENTS} <= TABLES.keys()


@pytest.mark.parametrize("halving", [None, Halving(3, 2)])
def test_an_adaptive_strategy(halving: Halving | None, tmp_path: Path) -> None:
    file = interval(tmp_path)

    def make() -> Strategy:
        search = TernarySearch(file)
        return search if halving is None else SuccessiveHalving(search, halving)

    conforms(make, smooth, failing, flat)
    assert len(run_through(make, smooth).asked) == BATCHES * (1 if halving is None else 2)


def test_halving_goes_on_with_the_best_of_each_batch() -> None:
    """By hand: 7 configurations, 3 after 2 epochs, 1 after 4, to the end; scores grow with lr."""
    rates = [0.3, 0.1, 0.7, 0.2, 0.6, 0.5, 0.4]

    class Rates(Listed):
        def __init__(self) -> None:
            self._batch: Batch | None = Batch([Proposal({"lr": lr}) for lr in rates])
            self.outcomes: Any = None

        names = ("lr",)

        def remaining(self, seeds: int) -> int:
            return 0 if self._batch is None else 7 * seeds

        def ask(self) -> Batch | None:
            batch, self._batch = self._batch, None
            return batch

        def tell(self, outcomes: Any) -> None:
            self.outcomes = outcomes

    inner = Rates()
    asked = run_through(lambda: SuccessiveHalving(inner, Halving(2, 2)), lambda given, seed, epochs: given["lr"]).asked
    assert [([given["lr"] for given in proposals], epochs) for proposals, _, epochs in asked] == [
        (rates, 2),
        ([0.7, 0.6, 0.5], 4),
        ([0.7], None),
    ]
    assert [outcome.ended for outcome in inner.outcomes] == [lr == 0.7 for lr in rates]
    assert [outcome.scores[0] for outcome in inner.outcomes] == rates


class Careless(TernarySearch):
    """Broken on purpose."""

    shared = itertools.count()

    def __init__(self, file: SweepFile) -> None:
        super().__init__(file)
        self.high += next(self.shared)


class Undercounted(TernarySearch):
    def remaining(self, seeds: int) -> int:
        return super().remaining(seeds) // 2


class Forgetful(TernarySearch):
    names = ()  # type: ignore[assignment] # it varies lr all the same


@pytest.mark.parametrize("broken", [Careless, Undercounted, Forgetful])
def test_the_suite_catches_what_is_broken(broken: Callable[[SweepFile], Strategy], tmp_path: Path) -> None:
    file = interval(tmp_path)
    with pytest.raises(AssertionError):
        conforms(lambda: broken(file), smooth)
