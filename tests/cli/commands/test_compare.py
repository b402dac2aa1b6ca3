"""`mlpcli compare` from the outside."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlpcli
from mlpcli.cli.main import run
from tests.plot.folders import run_folder, sweep_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep_folder(
        Path("results/s"), {"width": [4, 8]}, seeds=3, score=lambda values, seed: (seed / 8 + 1) * values["width"]
    )
    run_folder(Path("results/a"))
    run_folder(Path("results/b"), state="diverged")


def test_tables_of_trials_and_of_their_configurations(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "s/0", "s/best"]) == 0
    out, err = capsys.readouterr()
    first, second = out.split("\n\n")
    assert first.splitlines()[0].split()[:3] == ["name", "state", "width"]
    assert second.splitlines()[0].split()[:3] == ["name", "n_seeds", "val_accuracy_mean"]
    assert second.splitlines()[2].split()[:3] == ["results/s/5", "3", "9.0000"]
    assert err == "Differences of val_accuracy are against results/s/0, paired by seed; p after Holm\n"


def test_equal_options_and_what_differs_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "a", "b"]) == 0
    assert capsys.readouterr().out.endswith("\nNo option differs; results/b diverged\n")


def test_equal_options_on_other_data(capsys: pytest.CaptureFixture[str]) -> None:
    for name, rows in (("few", 40), ("more", 60)):
        data = Path("data.csv")
        data.write_text("a,y\n" + "".join(f"{row},{row % 3}\n" for row in range(rows)))
        options = ["--dataset", str(data), "--target", "y", "--epochs", "1", "--name", name, "--quiet"]
        assert run(["train", *options]) == 0
    capsys.readouterr()
    assert run(["compare", "few", "more"]) == 0
    assert capsys.readouterr().out.endswith("\nNo option differs; run_id does: other data, or another plugin\n")


@pytest.mark.parametrize("names", [["s/0", "s/1"], ["a", "b"]])
def test_a_narrow_terminal_keeps_what_ranks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    monkeypatch.setattr("mlpcli.cli.text_table.is_terminal", lambda: True)
    monkeypatch.setattr("mlpcli.cli.text_table.MOST_BOXED", 0)
    monkeypatch.setenv("COLUMNS", "70")
    assert run(["compare", *names]) == 0
    header, *_, said = capsys.readouterr().out.replace("No option differs; results/b diverged\n", "").splitlines()
    assert "val_accuracy" in header.split() and "val_loss" not in header.split() and said.endswith("(in --json)")


def test_csv_is_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "s/0", "s/best", "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert [line.split(",")[0] for line in out.splitlines()] == ["name", "results/s/0", "results/s/5"]
    assert err.startswith("The differences between configurations are a second table: --json has both\n")


def test_metrics_that_the_first_side_lacks_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    result = json.loads(Path("results/b/result.json").read_text())
    result["metrics"]["train"] = {"loss": 0.5, "rmse": 0.25}
    Path("results/b/result.json").write_text(json.dumps(result))
    assert run(["compare", "a", "b", "--format", "csv"]) == 0
    header, first, second = (line.split(",") for line in capsys.readouterr().out.splitlines())
    assert (first[header.index("train_rmse")], second[header.index("train_rmse")]) == ("", "0.25")


def test_runs_as_json_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "a", "b", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in found["compared"]] == ["complete", "diverged"] and found["configurations"] == []
    assert run(["compare", "a", "b", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| name | state |")


@pytest.mark.parametrize(
    ("names", "said"), [(["a"], "compare needs two or more"), (["a", "zz"], "there are no results 'zz'")]
)
def test_what_is_refused(capsys: pytest.CaptureFixture[str], names: list[str], said: str) -> None:
    assert run(["compare", *names]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_comparing_runs_loads_nothing_heavy() -> None:
    """Paired differences need the t distribution, and SciPy with it; runs have none."""
    code = (
        "import sys\nfrom mlpcli.cli.main import run\nassert run(['compare', 'a', 'b']) == 0\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'rich'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    "more",
    [
        {"halving": {"min_epochs": 1, "factor": 2}},
        {"halving": {"min_epochs": 1, "factor": 2}, "confirm": {"top": 1, "seeds": 3}},
        {"confirm": {"top": 1, "seeds": 3}},
        {"folds": 3},
    ],
)
def test_differences_are_those_of_the_summary(more: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Each configuration beside the baseline, pruned, confirmed or neither."""
    spec: dict[str, Any] = {"name": "h", "seeds": 2, "base": {"dataset": "moons:n=80", "epochs": 4, "depth": 1}}
    spec |= {"grid": {"width": [2, 16, 4, 8]}, "compare": {"width": 4}, **more}
    found = mlpcli.sweep(spec, executor="serial", results="results")
    trials = found.trials.set_index("width")["trial"]
    first = {width: int(numbers.iloc[0]) for width, numbers in trials.groupby(level=0)}
    assert len(found.summary) == 4
    for row in found.summary[found.summary["width"] != 4].to_dict("records"):
        assert run(["compare", f"h/{first[4]}", f"h/{first[row['width']]}", "--json"]) == 0
        _, compared = json.loads(capsys.readouterr().out)["configurations"]
        for name in ("diff_mean", "diff_ci_low", "diff_ci_high"):
            assert compared[name] == (None if np.isnan(row[name]) else row[name]), (row["width"], name)
        assert compared["n_seeds"] == row["n_seeds"] and compared["shared_seeds"] > 1


def test_differences_to_a_pruned_configuration_are_said_to_have_no_p_value(capsys: pytest.CaptureFixture[str]) -> None:
    spec: dict[str, Any] = {"name": "h", "seeds": 2, "base": {"dataset": "moons:n=80", "epochs": 4, "depth": 1}}
    spec |= {"grid": {"width": [2, 16, 4, 8]}, "halving": {"min_epochs": 1, "factor": 2}}
    trials = mlpcli.sweep(spec, executor="serial", results="results").trials
    one, other = trials[trials["state"] == "pruned"].groupby("width")["trial"].first().head(2)
    capsys.readouterr()
    assert run(["compare", f"h/{one}", f"h/{other}"]) == 0
    assert capsys.readouterr().err.endswith("paired by seed\n")
