"""[search]: Optuna's samplers as a strategy: what is asked for, what is left out, and what is told."""

import math
import random
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mlpcli.errors import UsageError
from mlpcli.sweeps.search import samplers
from mlpcli.sweeps.search.registry import make_strategy
from mlpcli.sweeps.spec.keys import SAMPLERS
from mlpcli.sweeps.spec.sweep_file import SweepFile, read_sweep
from tests.sweeps.search.conformance import Pretended, conforms, run_through
from tests.sweeps.sweeps import write_sweep

HERE = [name for name in SAMPLERS if name != "gp" or find_spec("torch")]
SPACE: dict[str, Any] = {
    "lr": {"low": 1e-4, "high": 1.0, "log": True},
    "dropout": {"low": 0, "high": 0.5, "step": 0.1},
    "width": {"low": 8, "high": 64, "step": 8},
    "depth": {"low": 1, "high": 3},
    "batch_size": {"low": 8, "high": 128, "log": True},
    "norm": {"choices": ["none", "batch", "layer"]},
    "max_norm": {"choices": [0, 1, [1, 2]]},
}


def near(given: Mapping[str, Any], seed: int, epochs: int) -> float:
    """Best at lr 0.03 with layer norm, with some noise per seed."""
    noise = random.Random(repr((sorted(given.items()), seed))).random()
    return -abs(math.log10(given["lr"] / 0.03)) + 0.3 * (given.get("norm") == "layer") + 0.05 * noise


def failing(given: Mapping[str, Any], seed: int, epochs: int) -> float:
    return math.nan if given["lr"] > 0.1 else near(given, seed, epochs)


def read(folder: Path, options: Mapping[str, Any] = SPACE, where: list[str] | None = None, **keys: Any) -> SweepFile:
    search = {"trials": 20, **keys, **options}
    file, problems = read_sweep(write_sweep(folder / "s.toml", seeds=3, where=where or [], search=search))
    problems.stop()
    return file


def asked(file: SweepFile, score: Any = near) -> list[dict[str, Any]]:
    return [given for proposals, *_ in run_through(lambda: make_strategy(file), score).asked for given in proposals]


@pytest.mark.parametrize("sampler", HERE)
def test_every_sampler_is_a_strategy(sampler: str, tmp_path: Path) -> None:
    options = {name: SPACE[name] for name in ("lr", "norm", "width")}
    file = read(tmp_path, options, sampler=sampler, trials=12, batch=5)
    conforms(lambda: make_strategy(file), near, failing)


@pytest.mark.parametrize("sampler", HERE)
def test_values_are_those_of_the_ranges(sampler: str, tmp_path: Path) -> None:
    file = read(tmp_path, sampler=sampler, trials=30, where=["width * depth <= 96"])
    found = asked(file)
    assert len(found) == 30 and len({repr(given) for given in found}) == 30
    for given in found:
        assert 1e-4 <= given["lr"] <= 1 and given["lr"] == float(f"{given['lr']:.6g}")
        assert given["dropout"] in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
        assert given["width"] in range(8, 65, 8) and given["depth"] in (1, 2, 3) and 8 <= given["batch_size"] <= 128
        assert {type(given[name]) for name in ("width", "depth", "batch_size")} == {int}
        assert given["norm"] in ("none", "batch", "layer") and given["max_norm"] in (
            (0.0,),
            (1.0,),
            (1.0, 2.0),
            0.0,
            1.0,
        )
        assert given["width"] * given["depth"] <= 96
        assert not isinstance(given["max_norm"], tuple) or given["depth"] + 1 == len(given["max_norm"])  # a rule


def test_more_trials_begin_with_those_of_fewer(tmp_path: Path) -> None:
    """With the default batches and with batches that do not divide the trials."""
    for batch in ({}, {"batch": 7}):
        fewer, more = (asked(read(tmp_path, trials=trials, **batch)) for trials in (24, 40))
        assert more[:24] == fewer and len(more) == 40


def test_every_batch_says_where_the_search_stands(tmp_path: Path) -> None:
    keys: dict[str, Any] = {"search": {"trials": 8, "batch": 4, "lr": SPACE["lr"]}, "confirm": {"top": 1, "seeds": 2}}

    def names(**more: Any) -> list[str]:
        file, problems = read_sweep(write_sweep(tmp_path / "s.toml", seeds=3, **keys, **more))
        problems.stop()
        return run_through(lambda: make_strategy(file), near).names

    confirmation = "confirmation by fresh seeds"
    assert names() == ["batch 1 of 2", "batch 2 of 2", confirmation]
    halved = names(halving={"min_epochs": 4, "factor": 2})
    assert halved[:3] == ["batch 1 of 2, rung 1", "batch 1 of 2, rung 2", "batch 1 of 2, rung 3"]
    assert halved[-2:] == ["batch 2 of 2, rung 3", confirmation]
    bracketed = names(halving={"min_epochs": 4, "factor": 2, "brackets": 2})
    assert bracketed[0] == "batch 1 of 2, bracket 1 of 2, rung 1"
    assert "batch 1 of 2, bracket 2 of 2, rung 1" in bracketed
    assert names(race={"min_seeds": 2})[:2] == ["batch 1 of 2, 2 of 3 seeds", "batch 1 of 2, 3 of 3 seeds"]


def test_the_sampler_learns(tmp_path: Path) -> None:
    """By chance a tenth of 60 draws would be as near to 0.03 as a third of an order, with layer norm."""
    for seed in range(3):
        found = asked(read(tmp_path, {name: SPACE[name] for name in ("lr", "norm")}, trials=60, seed=seed))
        good = [abs(math.log10(given["lr"] / 0.03)) < 0.33 and given["norm"] == "layer" for given in found]
        assert sum(good[20:]) >= 12, seed


def test_it_leaves_the_region_that_fails(tmp_path: Path) -> None:
    found = asked(read(tmp_path, {"lr": SPACE["lr"]}, trials=60), failing)
    assert sum(given["lr"] > 0.1 for given in found[30:]) <= 5  # a quarter of them by chance


def test_a_space_that_ends(tmp_path: Path) -> None:
    """Six combinations, of which `where` leaves four: all of them are found, and then the search ends."""
    options = {"norm": SPACE["norm"], "depth": {"low": 1, "high": 2}}
    file = read(tmp_path, options, trials=50, where=["norm != 'batch'"])
    found = asked(file, lambda given, seed, epochs: given["depth"])
    assert sorted((given["norm"], given["depth"]) for given in found) == [
        (norm, depth) for norm in ("layer", "none") for depth in (1, 2)
    ]


def test_a_pruned_configuration_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[samplers.OptunaSampler] = []
    init = samplers.OptunaSampler.__init__

    def noted(self: samplers.OptunaSampler, search: Any) -> None:
        init(self, search)
        made.append(self)

    monkeypatch.setattr(samplers.OptunaSampler, "__init__", noted)
    keys = {
        "seeds": 3,
        "halving": {"min_epochs": 2, "factor": 3},
        "search": {"trials": 10, "batch": 5, "lr": SPACE["lr"]},
    }
    file, _ = read_sweep(write_sweep(tmp_path / "s.toml", **keys))
    sweep = Pretended(make_strategy(file), failing)
    while sweep.step():
        pass
    states = [trial.state.name for trial in made[0]._study.trials]
    assert states.count("COMPLETE") == 2 and states.count("PRUNED") == 8
    failed = [trial for trial in made[0]._study.trials if trial.params["lr"] > 0.1]
    assert failed and all(trial.state.name == "PRUNED" and not trial.intermediate_values for trial in failed)


@pytest.mark.parametrize(
    ("sampler", "missing", "end"),
    [("tpe", "optuna", r"\[search\]['\"]"), ("cmaes", "cmaes", r"\[search\]['\"]"), ("gp", "torch", " torch")],
)
def test_what_is_not_installed(
    sampler: str, missing: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyTorch, which gp needs, is in no extra that users install."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(
        UsageError, match=rf"sampler {sampler}: {missing} is not installed. Nothing was written. Type: .*{end}$"
    ):
        make_strategy(read(tmp_path, sampler=sampler)).ask()


def test_optunas_own_settings_stay(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import optuna

    before = optuna.logging.get_verbosity()
    assert asked(read(tmp_path, trials=3))
    assert optuna.logging.get_verbosity() == before and capfd.readouterr() == ("", "")
