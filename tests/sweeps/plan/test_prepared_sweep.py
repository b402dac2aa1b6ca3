"""The data of a sweep's trials: prepared once for all that ask for the same, never shared by those that do not."""

from pathlib import Path

import numpy as np
import pytest

from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(40, 2))
    lines = [f"{at};{a};{b};{'yx'[at % 2]}" for at, (a, b) in enumerate(rows)]
    Path("t.csv").write_text("\n".join(["id;a;b;kind", *lines]))
    return tmp_path


def prepared(text: str, home: Path) -> PreparedSweep:
    Path("s.toml").write_text('[base]\ndataset = "t.csv"\ntarget = "kind"\ndelimiter = ";"\n' + text)
    return PreparedSweep(plan_sweep(Path("s.toml")), home)


def test_trials_with_other_columns_have_other_data(work: Path) -> None:
    found = prepared('[grid]\ndrop = [["id"], ["id", "b"]]\nwidth = [4, 8]\nseed = [0, 1]', work)
    assert [data.features for data in found.data] == [("a", "b")] * 4 + [("a",)] * 4
    assert len({id(data) for data in found.data}) == 2
    assert len({trial.run_id for trial in found.trials}) == 8
    assert [group.trials for group in found.groups(range(8))] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def plan_of(text: str, work: Path) -> PreparedSweep:
    Path("e.toml").write_text('seeds = 2\n[base]\ndataset = "iris"\nepochs = 2\n' + text)
    return PreparedSweep(plan_sweep(Path("e.toml")), work)


@pytest.mark.parametrize(
    ("tables", "shown", "duplicates"),
    [
        ('[grid]\noptimizer = ["adam", "momentum"]\nmomentum = [0.5, 0.9]',
         [("adam", None), ("momentum", 0.5), ("momentum", 0.9)], 2),
        ('[grid]\ninit = ["auto", "he", "glorot"]', [("auto",), ("glorot",)], 2),
        ('[grid]\ninit = ["auto", "he", "glorot"]\nactivation = ["relu", "tanh"]',
         [("auto", "relu"), ("auto", "tanh"), ("he", "tanh"), ("glorot", "relu")], 4),
        ('[grid]\nloss = ["auto", "squared", "cross-entropy"]\nscale = ["standard", "auto", "unit"]',
         [("auto", "standard"), ("auto", "auto"), ("squared", "standard"), ("squared", "auto")], 10),
        ('[grid]\nschedule = ["constant", "step"]\nlr_decay = [0.1, 0.5]\n[[points]]\nschedule = "cosine"\n'
         '[[points]]\nschedule = "cosine"\nlr_decay = 0.3',
         [("constant", None), ("step", 0.1), ("step", 0.5), ("cosine", None)], 4),
    ],
)  # fmt: skip
def test_configurations_that_resolve_to_one_run_are_one(
    work: Path, tables: str, shown: list[tuple[object, ...]], duplicates: int
) -> None:
    found = plan_of(tables, work)
    plan = found.plan
    assert [plan.shown(index) for index in range(plan.configurations)] == shown
    assert plan.duplicates == duplicates
    ids = [trial.run_id for trial in found.trials]
    assert len(set(ids)) == len(ids) == len(plan) == 2 * len(shown)
    assert [(trial.number, trial.configuration, trial.seed) for trial in found.trials] == [
        (2 * index + seed, index, seed) for index in range(len(shown)) for seed in (0, 1)
    ]
    assert {index: list(numbers) for index, numbers in plan.first.trials.items()} == {
        index: [2 * index, 2 * index + 1] for index in range(len(shown))
    }
    for number, trial in enumerate(found.trials):
        assert found.options(number).seed == trial.seed
        assert tuple(trial.options.values()) == plan.shown(trial.configuration)


def test_the_baseline_of_a_configuration_may_be_one_that_equals_another(work: Path) -> None:
    found = plan_of('[grid]\nactivation = ["tanh", "relu"]\ninit = ["glorot", "auto"]\n[compare]\ninit = "auto"', work)
    shown = [found.plan.shown(index) for index in range(found.plan.configurations)]
    assert shown == [("tanh", "glorot"), ("relu", "glorot"), ("relu", "auto")]
    assert found.plan.baselines == [0, 2, 2]


def test_a_split_that_follows_the_seed_differs_by_the_seeds_that_it_moves(work: Path) -> None:
    found = plan_of('[grid]\nsplit_seed = [0, "seed"]', work)
    assert found.plan.configurations == 2  # equal at seed 0 only
    Path("one.toml").write_text('seeds = [0]\n[base]\ndataset = "iris"\n[grid]\nsplit_seed = [0, "seed"]')
    assert PreparedSweep(plan_sweep(Path("one.toml")), work).plan.configurations == 1
