"""Folders of sweeps whose plan grows or may end early: their state, what a dry run says, and which trials may leave."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.main import run
from mlpcli.results.reading.folder_rows import list_results
from mlpcli.sweeps.run.engine import Engine
from mlpcli.sweeps.run.trial_records import TrialRecords
from tests.sweeps.sweeps import rows, sweep, write_sweep

BASE = {"dataset": "iris", "width": 8, "depth": 1, "epochs": 5, "batch_size": 8}
RATES = {"grid": {"lr": [1e-5, 0.01, 0.1, 0.3]}}
KINDS: dict[str, dict[str, Any]] = {
    "race": {"grid": {"lr": [1e-5, 0.03]}, "metric": "train_loss", "seeds": 4, "race": {"min_seeds": 3}},
    "confirm": {**RATES, "halving": {"min_epochs": 2, "factor": 4}, "confirm": {"top": 3, "seeds": 2}},
    "exhausted": {
        "search": {"trials": 9, "batch": 2, "lr": {"choices": [0.1, 0.3]}, "norm": {"choices": ["none", "layer"]}}
    },
    "brackets": {**RATES, "halving": {"min_epochs": 1, "factor": 2, "brackets": 2}},
}


pytestmark = pytest.mark.usefixtures("place")


def write(place: Path, kind: str, **keys: Any) -> Path:
    return write_sweep(place / f"{kind}.toml", **{"seeds": 2, "base": BASE, **KINDS[kind], **keys})


@pytest.fixture(scope="module", params=KINDS)
def swept(place: Path, request: pytest.FixtureRequest) -> Path:
    return sweep(write(place, request.param), place / "swept")


def listed(folder: Path) -> dict[str, Any]:
    (row,) = [row for row in list_results(folder.parent) if row["name"] == folder.name]
    return row


def test_a_sweep_that_ended_is_complete(swept: Path) -> None:
    trials = len(rows(swept, "trials.csv"))
    planned = json.loads((swept / "provenance.json").read_text())["trials"]
    assert planned > trials or swept.name == "brackets"
    found = listed(swept)
    assert (found["state"], found["done"], found["planned"]) == ("complete", trials, trials)


@pytest.mark.parametrize("kind", ["race", "confirm", "brackets"])
def test_what_a_file_lists_is_known_before_it_runs(place: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["sweep", str(write(place, kind)), "--dry-run", "--json"]) == 0
    assert {trial["lr"] for trial in json.loads(capsys.readouterr().out)["trials"]} == {*KINDS[kind]["grid"]["lr"]}


@pytest.mark.parametrize("kind", ["race", "confirm", "brackets"])
def test_finished_trials_leave_by_force_alone(place: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of a configuration that the file no longer has; further seeds of the others may still be asked for."""
    folder = sweep(write(place, kind), place / "leaving")
    before = (folder / "trials.csv").read_bytes()
    rates = [row["lr"] for row in rows(folder, "trials.csv") if row["state"] == "complete"]
    file = write(place, kind, grid={"lr": [lr for lr in (*KINDS[kind]["grid"]["lr"], 0.02) if str(lr) not in rates]})
    file.write_text(file.read_text().replace("factor = 4", "factor = 2"))
    flags = ["sweep", str(file), "--results", str(folder.parent), "--executor", "serial"]
    capsys.readouterr()
    assert run(flags) == 2
    assert f"has {len(rates)} finished trials that this plan lacks" in capsys.readouterr().err
    assert (folder / "trials.csv").read_bytes() == before
    assert run([*flags, "--force"]) == 0
    assert "leaving/" in (said := capsys.readouterr().err) and "recorded trials that this plan lacks" in said


def test_trials_that_a_changed_search_asks_for_no_more_leave_with_a_word(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sweep(write(place, "exhausted"), place / "word")
    search = {"trials": 2, "lr": {"choices": [0.02]}, "norm": {"choices": ["none", "layer"]}}
    file = write(place, "exhausted", search=search)
    capsys.readouterr()
    assert run(["sweep", str(file), "--results", str(folder.parent), "--executor", "serial"]) == 0
    assert "word/exhausted/unused: 8 recorded trials that this plan lacks" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["race", "exhausted"])
def test_a_finished_sweep_that_is_extended_is_unfinished_until_it_ends(
    place: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after the new batch or seeds have begun, it has no summary, which would be that of the old file."""
    folder = sweep(write(place, kind), place / "extended")
    more: dict[str, Any] = {"race": {"seeds": 5, "metric": "val_loss"}, "exhausted": {"seeds": 3}}[kind]
    file = write(place, kind, **more)
    add = TrialRecords._add

    def stopped(self: TrialRecords, *recorded: Any) -> None:
        add(self, *recorded)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TrialRecords, "_add", stopped)
        sweep(file, place / "extended", code=130)
    assert listed(folder)["state"] == "interrupted" and not (folder / "summary.csv").exists()
    sweep(file, place / "extended")
    assert listed(folder)["state"] == "complete"


def test_a_trial_that_goes_on_from_a_rung_after_an_interruption_is_never_there_twice(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(place, "brackets", base={**BASE, "record": True})
    add = TrialRecords._add

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "_told", stopped)
        folder = sweep(file, place / "rungs", code=130)
    assert {row["state"] for row in rows(folder, "trials.csv")} == {"pruned"}

    def watched(self: TrialRecords, *recorded: Any) -> None:
        add(self, *recorded)
        trials = [row["trial"] for row in rows(folder, "trials.csv")]
        assert len(trials) == len(set(trials))
        for name in ("metrics.csv", "diagnostics.csv"):
            epochs = [tuple(row[key] for key in ("trial", "epoch")) for row in rows(folder, name)]
            assert len(epochs) == len(set(epochs))
        found = listed(folder)
        assert found["done"] <= found["planned"]

    monkeypatch.setattr(TrialRecords, "_add", watched)
    sweep(file, place / "rungs")


def test_an_unfinished_sweep_is_read_by_its_own_metric(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several targets rank by val_r2, which no file of the user says; --report and list know it from the beginning."""
    base = {"dataset": "linnerud", "width": 2, "depth": 1, "epochs": 2}
    file = write_sweep(place / "targets.toml", base=base, search={"trials": 6, "lr": {"low": 1e-3, "high": 0.1}})
    add = TrialRecords._add

    def stopped(self: TrialRecords, *recorded: Any) -> None:
        add(self, *recorded)
        if len(self._folder.known) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrialRecords, "_add", stopped)
    folder = sweep(file, place / "targets", code=130)
    assert listed(folder)["metric"] == "val_r2"
    assert run(["report", str(folder), "--output", str(place / "targets.html")]) == 0


def test_a_file_without_search_leaves_no_course_of_one(place: Path) -> None:
    folder = sweep(write(place, "exhausted"), place / "changed")
    assert (folder / "search.jsonl").is_file()
    sweep(write_sweep(place / "exhausted.toml", seeds=2, base=BASE, grid={"lr": [0.1]}), place / "changed", "--force")
    assert not (folder / "search.jsonl").exists()
