"""A sweep whose plan grows: any executor, any order, killed and run again, extended; always the same files."""

import json
import random
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.main import run
from mlpcli.sweeps.plan.stacks import Group, Stack
from mlpcli.sweeps.run import stack_jobs
from mlpcli.sweeps.run.engine import Engine
from mlpcli.sweeps.search.registry import SOURCES
from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Steps
from mlpcli.sweeps.spec.sweep_file import SweepFile
from tests.sweeps.search import ternary
from tests.sweeps.search.ternary import BATCHES, TernarySearch
from tests.sweeps.sweeps import rows, run_killed, seconds, sweep, timeless, write_sweep

BASE = {"dataset": "iris", "width": 8, "depth": 1, "epochs": 6, "optimizer": "sgd", "batch_size": 16}
KEYS: dict[str, Any] = {"seeds": 3, "base": BASE, "grid": {"lr": [1e-4, 1.0]}}
HALVING = {"halving": {"min_epochs": 2, "factor": 2}}
REGISTER = """
from mlpcli.sweeps.search.registry import SOURCES
from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Steps
from mlpcli.sweeps.spec.sweep_file import SweepFile
from tests.sweeps.search.ternary import TernarySearch
SOURCES["grid"] = TernarySearch
"""


@pytest.fixture(scope="module", autouse=True)
def ternary_search(place: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SOURCES, "grid", TernarySearch)
        yield


@pytest.fixture(scope="module", params=["plain", "halved"])
def file(place: Path, request: pytest.FixtureRequest) -> Path:
    return write_sweep(place / f"{request.param}.toml", **KEYS, **(HALVING if request.param == "halved" else {}))


@pytest.fixture(scope="module")
def serial(place: Path, file: Path) -> Path:
    return sweep(file, place / "serial")


def test_the_first_configuration_of_a_search_is_no_baseline(serial: Path) -> None:
    assert not any(row.get("diff_mean") for row in rows(serial, "summary.csv"))


def test_each_batch_follows_from_the_scores_before(serial: Path) -> None:
    """The search worked again from trials.csv."""
    trials = rows(serial, "trials.csv")
    assert len(trials) == 2 * BATCHES * 3
    rates = list(dict.fromkeys(float(row["lr"]) for row in trials))
    means = {}
    for lr in rates:
        means[lr] = sum(float(row["val_accuracy"]) for row in trials if float(row["lr"]) == lr) / 3
    for first in range(0, len(rates) - 2, 2):
        left, right = rates[first : first + 2]
        following = rates[first + 2 : first + 4]
        assert (min(following) > left) if means[left] < means[right] else (max(following) < right)
    assert {row["n_seeds"] for row in rows(serial, "summary.csv")} == {"3"}
    assert len(rows(serial, "summary.csv")) == 2 * BATCHES


@pytest.mark.parametrize("jobs", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_worker_processes(place: Path, file: Path, serial: Path, jobs: str) -> None:
    assert timeless(sweep(file, place / jobs, "--jobs", jobs)) == timeless(serial)


def test_any_order_within_a_batch(place: Path, file: Path, serial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(groups: Sequence[Group], count: int) -> list[Stack]:
        stacks = [Stack((number,), 0.0) for group in groups for number in group.trials]
        random.Random(0).shuffle(stacks)
        return stacks

    monkeypatch.setattr(stack_jobs, "make_stacks", one_by_one)
    assert timeless(sweep(file, place / "shuffled")) == timeless(serial)


def test_resumed_after_any_number_of_trials(
    place: Path, file: Path, serial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted each time a few more trials are on disk: nothing that came to its end is trained twice.

    The files end up the same. What was stopped at a rung is recorded as pruned, and trains further if it goes on.
    """
    from mlpcli.results.folders.sweep_folder import SweepFolder

    add: Callable[..., None] = SweepFolder.add

    def interrupted(self: Any, *recorded: Any) -> None:
        add(self, *recorded)
        raise KeyboardInterrupt

    known: dict[str, str] = {}
    folder, rounds = place / "resumed" / file.stem, 0
    while not (folder / "summary.csv").exists():
        with monkeypatch.context() as patch:
            patch.setattr(SweepFolder, "add", interrupted)
            code = run(["sweep", str(file), "--results", str(folder.parent), "--quiet", "--executor", "serial"])
        now = seconds(folder)
        assert code in (0, 130) and known.items() <= now.items()
        ended = {row["run_id"] for row in rows(folder, "trials.csv") if row["state"] != "pruned"}
        known, rounds = {run_id: time for run_id, time in now.items() if run_id in ended}, rounds + 1
    assert rounds >= BATCHES
    assert timeless(folder) == timeless(serial)
    sweep(file, folder.parent)
    assert seconds(folder) == now and not (folder / "unused").exists()


def test_killed_and_run_again(place: Path, file: Path, serial: Path) -> None:
    """In a later batch; or while the first one is halved, and again in a later one."""
    moments = {"plain": (13,), "halved": (2, 13)}[file.stem]
    assert timeless(run_killed(file, place / "killed", moments, before=REGISTER)) == timeless(serial)


def test_interrupted_before_anything_is_trained(place: Path, serial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batches that are asked for again later stay in the tables meanwhile."""
    folder = Path(shutil.copytree(serial, place / "unmoved" / serial.name))
    join, calls = Engine._join, 0

    def interrupted(self: Engine) -> None:
        nonlocal calls
        join(self)
        if (calls := calls + 1) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "_join", interrupted)
    file = place / f"{serial.name}.toml"
    assert run(["sweep", str(file), "--results", str(folder.parent), "--quiet", "--executor", "serial"]) == 130
    assert calls == 2 and timeless(folder) == timeless(serial) and not (folder / "unused").exists()


def test_more_batches_train_what_is_new(place: Path, file: Path, serial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ternary, "BATCHES", BATCHES - 2)
    folder = sweep(file, place / "extended")
    before = seconds(folder)
    monkeypatch.setattr(ternary, "BATCHES", BATCHES)
    sweep(file, place / "extended")
    assert len(before) == 2 * (BATCHES - 2) * 3 and before.items() <= seconds(folder).items()
    assert timeless(folder) == timeless(serial)


def test_the_plan_says_what_may_come(place: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["sweep", str(file), "--dry-run", "--jobs", "2"]) == 0
    said = capsys.readouterr().out
    assert f"6 trials; up to {2 * (BATCHES - 1) * 3} more are chosen by the results of these" in said
    assert run(["sweep", str(file), "--dry-run", "--max-trials", "23"]) == 2
    assert "24 trials are more than 23" in capsys.readouterr().err
    assert run(["sweep", str(file), "--dry-run", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["trials"]) == 6


def test_what_a_later_batch_may_not_have_is_left_out(place: Path) -> None:
    """`where` cuts the interval: the strategy is told, and goes on without."""
    file = write_sweep(place / "cut.toml", **KEYS, where=["lr < 0.06"])
    folder = sweep(file, place)
    rates = [float(row["lr"]) for row in rows(folder, "trials.csv")]
    assert rates and max(rates) < 0.06 and len(rates) < 2 * BATCHES * 3


class TwoBatches(Steps):
    """Asks for two configurations, then for five that the file does not show."""

    names = ("init", "lr_multiplier")

    def __init__(self, file: SweepFile) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.told: list[Sequence[Scored]] = []
        MADE.append(self)

    def remaining(self, seeds: int) -> int:
        return (7, 5, 0)[len(self.asked)] * seeds

    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        self.asked.append(2)
        self.told.append((yield Batch([Proposal({"init": init, "lr_multiplier": 1.0}) for init in ("he", "glorot")])))
        self.asked.append(5)
        later = [("xor", 1.0), ("auto", 1.0), ("lecun", (1.0, 2.0, 3.0)), ("lecun", 1.0), ("zeros", 1.0)]
        self.told.append((yield Batch([Proposal({"init": init, "lr_multiplier": rate}) for init, rate in later])))


MADE: list[TwoBatches] = []


def test_what_the_data_or_a_rule_refuse_in_a_later_batch_is_left_out_and_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Xor's weights need two inputs and three multipliers three layers; `auto` is `he` again and trains nothing new."""
    monkeypatch.setitem(SOURCES, "grid", TwoBatches)
    base = {"dataset": "iris", "width": 2, "depth": 1, "epochs": 2}
    file = write_sweep(place / "refused.toml", seeds=2, base=base, grid={"init": ["he"]})
    assert run(["sweep", str(file), "--results", str(place), "--executor", "serial"]) == 0
    said = capsys.readouterr().err
    assert "left out: init = 'xor', lr_multiplier = 1.0: " in said and "inputs" in said
    assert "left out: [search] lr_multiplier, [base] depth: 3 values for 2 layers" in said
    assert [row["init"] for row in rows(place / "refused", "trials.csv")] == [
        init for init in ("he", "glorot", "lecun", "zeros") for _ in range(2)
    ]
    _, told = MADE[-1].told
    assert [outcome.configuration for outcome in told] == [None, 0, None, 2, 3]
    assert all(len(outcome.scores) == 2 for outcome in told if outcome.configuration is not None)
    known = seconds(place / "refused")
    assert run(["sweep", str(file), "--results", str(place), "--executor", "serial", "--quiet"]) == 0
    assert seconds(place / "refused") == known
