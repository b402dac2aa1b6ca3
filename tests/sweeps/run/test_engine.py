"""What a second run of a sweep makes of the first: nothing twice, nothing lost, whatever changed in between."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import scipy.stats

from mlpcli.cli.main import run
from tests.sweeps.sweeps import rows, seconds, sweep, timeless, write_sweep

BASE = {"dataset": "iris", "width": 4, "depth": 1, "epochs": 4, "batch_size": 16}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(seeds: Any = 2, base: dict[str, Any] | None = None, **keys: Any) -> Path:
    return write_sweep(Path("s.toml"), seeds=seeds, base={**BASE, **(base or {})}, **keys)


def go(file: Path, *flags: str, code: int = 0) -> Path:
    return sweep(file, Path("results"), *flags, code=code)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def states(folder: Path) -> list[str]:
    return [row["state"] for row in rows(folder, "trials.csv")]


def models(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "models").glob("*.safetensors")}


def test_a_finished_sweep_is_left_as_it_is() -> None:
    file = write(grid={"lr": [0.01, 0.1]})
    folder = go(file)
    before = contents(folder)
    dates = {name: (folder / name).stat().st_mtime_ns for name in before}
    assert go(file) == folder
    changed = {name for name, data in contents(folder).items() if data != before.get(name)}
    assert changed <= {"provenance.json"} and contents(folder).keys() == before.keys()
    assert {name for name in dates if (folder / name).stat().st_mtime_ns != dates[name]} <= {"provenance.json"}


def test_a_larger_grid_runs_what_is_new() -> None:
    folder = go(write(grid={"lr": [0.01, 0.1]}))
    before = seconds(folder)
    go(write(seeds=3, grid={"lr": [0.05, 0.1, 0.01], "dropout": [0.0, 0.1]}))
    after = seconds(folder)
    assert len(after) == 18 and before.items() <= after.items()
    assert [row["trial"] for row in rows(folder, "trials.csv")] == [str(number) for number in range(18)]
    fresh = sweep(Path("s.toml"), Path("fresh"))
    assert timeless(folder) == timeless(fresh)
    assert not (folder / "unused").exists()


def test_trials_with_identities_of_another_format_or_other_data_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write(grid={"lr": [0.01, 0.1]})
    folder = go(file)
    for name in ("trials.csv", "metrics.csv"):
        text = (folder / name).read_text()
        (folder / name).write_text(re.sub(r",([0-9a-f]{12}),", lambda identity: f",{identity[1][::-1]},", text))
    before = timeless(folder)
    capsys.readouterr()
    sweep(file, Path("results"), code=2)
    assert "this plan lacks: their data, their plugins, their version of mlpcli or options" in capsys.readouterr().err
    assert timeless(folder) == before


def test_what_is_not_planned_waits_until_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    folder = go(write(grid={"lr": [0.01, 0.1]}))
    before, whole = seconds(folder), timeless(folder)
    file = write(grid={"lr": [0.1]})
    capsys.readouterr()
    sweep(file, Path("results"), code=2)
    assert (
        "results/s has 2 finished trials that this plan lacks. It is unchanged. Use --force" in capsys.readouterr().err
    )
    assert timeless(folder) == whole
    go(file, "--force")
    assert len(rows(folder, "trials.csv")) == 2
    aside = rows(folder / "unused", "trials.csv")
    assert [row["lr"] for row in aside] == ["0.01", "0.01"]
    assert len(rows(folder / "unused", "metrics.csv")) == 8
    go(write(grid={"lr": [0.2]}), "--force")
    assert len(rows(folder / "unused", "trials.csv")) == 4
    made_for_others = (folder / "provenance.json").stat().st_mtime_ns
    go(write(grid={"lr": [0.01, 0.1]}), "--force")
    assert (folder / "provenance.json").stat().st_mtime_ns > made_for_others  # though nothing was trained
    assert seconds(folder) == before and timeless(folder) == whole
    assert [row["lr"] for row in rows(folder / "unused", "trials.csv")] == ["0.2", "0.2"]
    go(write(grid={"lr": [0.01, 0.1, 0.2]}))
    assert not (folder / "unused").exists()


def test_another_version_is_refused_until_restart(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(grid={"lr": [0.01, 0.1]})
    folder = go(file)
    made_by = json.loads((folder / "provenance.json").read_text())
    (folder / "provenance.json").write_text(json.dumps({**made_by, "version": "0.0.1"}))
    before = contents(folder)
    capsys.readouterr()
    go(file, code=2)
    assert contents(folder) == before
    err = capsys.readouterr().err
    assert "0.0.1" in err and "--restart" in err and err.count("\n") == 1
    whole, times = timeless(folder), seconds(folder)
    go(file, "--restart")
    assert timeless(folder) == whole
    assert not set(seconds(folder).values()) & set(times.values())
    assert (folder / "unused/replaced-1/trials.csv").read_bytes() == before["trials.csv"]
    go(file)  # and from here on it is one of ours


def test_failures_stay_until_they_are_tried_again() -> None:
    file = write(grid={"lr": [0.1, 1e38]}, base={"optimizer": "sgd", "depth": 2})
    folder = go(file, code=1)
    assert states(folder) == ["complete", "complete", "diverged", "diverged"]
    before = seconds(folder)
    go(file, code=1)
    assert seconds(folder) == before
    go(file, "--retry-failed", code=1)
    after = seconds(folder)
    assert [run_id for run_id in before if before[run_id] != after[run_id]] == list(before)[2:]


def test_fail_fast_stops_and_keeps(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(grid={"lr": [1e38], "depth": [2, 3, 4]}, base={"optimizer": "sgd"}, seeds=1)
    folder = go(file, "--fail-fast", code=1)
    assert len(states(folder)) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "diverged" in err and "1 of 3 trials are kept" in err
    assert not (folder / "summary.csv").exists()
    go(file, code=1)
    assert states(folder) == ["diverged"] * 3


def test_models_that_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for later, they are trained again to the same bytes."""
    file = write(grid={"lr": [0.01, 0.1]})
    folder = go(file, "--keep-models", "none")
    assert models(folder) == set()
    before = seconds(folder)
    assert "eval" not in capsys.readouterr().out
    go(file)
    best = max(rows(folder, "trials.csv"), key=lambda row: (float(row["val_accuracy"]), -int(row["trial"])))["run_id"]
    assert models(folder) == {best}
    out = capsys.readouterr().out
    assert "Next: mlpcli eval results/s\n" in out
    assert run(["sweep", str(file), "--executor", "serial", "--keep-models", "all"]) == 0
    assert "3; these trials are trained again" in capsys.readouterr().err
    assert models(folder) == set(before) == set(seconds(folder)) and seconds(folder) == before
    every = contents(folder / "models")
    assert contents(sweep(file, Path("fresh"), "--keep-models", "all") / "models") == every
    capsys.readouterr()
    assert run(["eval", f"results/s/models/{best}.safetensors", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    (row,) = [row for row in rows(folder, "trials.csv") if row["run_id"] == best]
    assert repr(measured["accuracy"]) == row["test_accuracy"]
    go(file)
    assert models(folder) == {best}
    go(file, "--keep-models", "none")
    assert models(folder) == set()


def test_summary_is_what_scipy_says_of_the_trials() -> None:
    file = write(seeds=6, grid={"lr": [0.001, 0.01, 0.1]}, compare={"lr": 0.01})
    folder = go(file)
    trials, summary = rows(folder, "trials.csv"), rows(folder, "summary.csv")
    scores = {lr: [float(row["val_accuracy"]) for row in trials if row["lr"] == lr] for lr in ("0.001", "0.01", "0.1")}
    means = [float(row["val_accuracy_mean"]) for row in summary]
    assert [row["rank"] for row in summary] == ["1", "2", "3"] and means == sorted(means, reverse=True)
    tests = {lr: scipy.stats.ttest_rel(scores[lr], scores["0.01"]) for lr in ("0.001", "0.1")}
    (small, large) = sorted(test.pvalue for test in tests.values())
    corrected = {small: min(1, 2 * small), large: min(1, max(2 * small, large))}
    for row in summary:
        values = scores[row["lr"]]
        interval = scipy.stats.t.interval(0.95, 5, scipy.stats.tmean(values), scipy.stats.sem(values))
        assert (float(row["val_accuracy_ci_low"]), float(row["val_accuracy_ci_high"])) == pytest.approx(interval)
        assert float(row["val_accuracy_std"]) == pytest.approx(scipy.stats.tstd(values))
        if row["lr"] == "0.01":
            assert row["p_value"] == "" and row["diff_mean"] == "0.0"
            continue
        test = tests[row["lr"]]
        assert float(row["p_value"]) == pytest.approx(corrected[test.pvalue])
        interval = test.confidence_interval(0.95)
        assert (float(row["diff_ci_low"]), float(row["diff_ci_high"])) == pytest.approx(tuple(interval))


def test_no_epochs() -> None:
    folder = go(write(base={"epochs": 0}))
    assert (folder / "metrics.csv").read_text().count("\n") == 1
    for row in rows(folder, "trials.csv"):
        assert (row["state"], row["epochs_run"], row["best_epoch"]) == ("complete", "0", "0")
        assert 0 <= float(row["val_accuracy"]) <= 1
    before = contents(folder)
    go(folder.parent.parent / "s.toml")
    assert {name for name, data in contents(folder).items() if before[name] != data} <= {"provenance.json"}


def test_different_numbers_of_epochs() -> None:
    folder = go(write(grid={"epochs": [0, 1, 3, 7]}))
    assert [row["epochs_run"] for row in rows(folder, "trials.csv")] == ["0", "0", "1", "1", "3", "3", "7", "7"]
    assert len(rows(folder, "metrics.csv")) == 22


def test_without_validation_rows() -> None:
    folder = go(write(base={"val_size": 0, "test_size": 0}, grid={"lr": [0.01, 0.1]}))
    assert all(row["val_accuracy"] == row["test_loss"] == "" for row in rows(folder, "trials.csv"))
    assert all(row["val_loss"] == "" for row in rows(folder, "metrics.csv"))
    assert all(float(row["train_accuracy_mean"]) > 0 for row in rows(folder, "summary.csv"))
    assert {row["test_accuracy_mean"] for row in rows(folder, "summary.csv")} == {""}
    assert len(models(folder)) == 1


def test_what_is_no_number_is_an_empty_cell() -> None:
    """R2 of a single row."""
    folder = go(write(base={"dataset": "diabetes", "val_size": 1}))
    assert all(row["val_r2"] == "" and float(row["val_rmse"]) > 0 for row in rows(folder, "trials.csv"))


def test_datasets_and_tasks_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    grid = {"dataset": ["iris", "diabetes", "linnerud"]}
    go(write(grid=grid), code=2)
    assert "metric" in capsys.readouterr().err and not Path("results").exists()
    folder = go(write(grid=grid, metric="val_loss"))
    trials = rows(folder, "trials.csv")
    assert [row["dataset"] for row in trials] == ["iris"] * 2 + ["diabetes"] * 2 + ["linnerud"] * 2
    for row in trials:
        classes = row["dataset"] == "iris"
        assert (row["val_accuracy"] != "") == classes == (row["val_rmse"] == "")
    epochs = rows(folder, "metrics.csv")
    assert all((row["train_accuracy"] == "") == (row["trial"] in "2345") for row in epochs) and len(epochs) == 24
    whole = timeless(folder)
    go(write(grid={"dataset": ["diabetes"]}, metric="val_loss"), "--force")
    go(write(grid=grid, metric="val_loss"))
    assert timeless(folder) == whole


def test_a_split_that_follows_the_seed() -> None:
    file = write(seeds=3, base={"split_seed": "seed"}, grid={"lr": [0.01, 0.1]})
    folder = go(file, "--keep-models", "all")
    flags = [word for name, value in BASE.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    trial = rows(folder, "trials.csv")[5]
    flags += ["--lr", "0.1", "--split-seed", "seed", "--seed", "2", "--threads", "1", "--quiet", "--name", "one"]
    assert run(["train", *flags]) == 0
    result = json.loads(Path("results/one/result.json").read_bytes())
    assert result["run_id"] == trial["run_id"] and repr(result["metrics"]["test"]["loss"]) == trial["test_loss"]
    model = folder / "models" / f"{trial['run_id']}.safetensors"
    assert model.read_bytes() == Path("results/one/model.safetensors").read_bytes()


def test_more_threads_are_for_a_single_run(capsys: pytest.CaptureFixture[str]) -> None:
    go(write(base={"threads": 2}), code=2)
    assert "threads" in capsys.readouterr().err and not Path("results").exists()


def test_equal_runs_under_two_names() -> None:
    """`init = "he"` is what auto means for relu: one run, whichever of them the file names."""
    file = write(grid={"init": ["auto", "he"], "lr": [0.01]})
    folder = go(file, "--keep-models", "all")
    assert [row["init"] for row in rows(folder, "trials.csv")] == ["auto", "auto"]
    whole = timeless(folder)
    go(write(grid={"init": ["he"], "lr": [0.01]}))
    assert [row["init"] for row in rows(folder, "trials.csv")] == ["he", "he"]
    assert timeless(folder)["metrics.csv"] == whole["metrics.csv"] and not (folder / "unused").exists()
    go(write(grid={"init": ["auto", "he"], "lr": [0.01]}))
    assert timeless(folder) == whole


def test_two_configurations_may_share_a_run() -> None:
    """A split that follows the seed is the fixed one at seed 0 alone."""
    folder = go(write(grid={"split_seed": [0, "seed"]}))
    trials = rows(folder, "trials.csv")
    assert [row["seed"] for row in trials] == ["0", "1", "0", "1"]
    assert trials[0]["run_id"] == trials[2]["run_id"] and len({row["run_id"] for row in trials}) == 3
    assert len(rows(folder, "metrics.csv")) == 4 * 4
