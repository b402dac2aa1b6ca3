"""`mlpcli train` from the outside: what it prints, what it writes, and what a second command makes of it."""

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mlpcli.cli.main import run
from mlpcli.workers.registry import EXECUTORS

BLOBS = ["train", "--dataset", "blobs:n=120", "--width", "8", "--depth", "1", "--epochs", "3"]
FILES = ["columns.csv", "config.toml", "metrics.csv", "model.safetensors", "provenance.json", "result.json"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def train(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """What the command prints to stdout and stderr."""
    assert run([*BLOBS, *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds train in this process: what is said of them does not depend on workers, which take time to start."""
    monkeypatch.setitem(EXECUTORS, "local", EXECUTORS["serial"])


def words(line: str) -> list[str]:
    return line.split()


def folder() -> Path:
    (found,) = Path("results").iterdir()
    return found


def contents(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def numbers(place: Path) -> dict[str, Any]:
    """All that must be equal from run to run: everything but seconds and when it was made."""
    header, *lines = (line.split(",") for line in (place / "metrics.csv").read_text().splitlines())
    kept = [index for index, name in enumerate(header) if not name.endswith("_s")]
    result = json.loads((place / "result.json").read_bytes())
    made_by = json.loads((place / "provenance.json").read_bytes())
    return {
        "metrics": [[line[index] for index in kept] for line in (header, *lines)],
        "result": {name: value for name, value in result.items() if name != "time_s"},
        "made_by": {name: value for name, value in made_by.items() if name not in ("started", "command")},
        "model": (place / "model.safetensors").read_bytes(),
        "config": (place / "config.toml").read_bytes(),
    }


def test_what_is_printed_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = train(capsys)
    assert "\x1b" not in out + err
    lines = err.splitlines()
    assert lines[0] == "blobs:n=120: 84 train, 12 val, 24 test rows, 2 features, 5 classes"
    assert lines[1] == "  2 -> 8 -> 5 classes, relu, adam at lr 0.005, batches of 32, seed 0"
    number = r"[\d.e+-]+"
    names = ("lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "grad_norm")
    columns = "  ".join(f"{name} {number}" for name in names)
    epochs = [line for line in lines if line.startswith("epoch ")]
    assert len(epochs) == 3
    for epoch, line in enumerate(epochs, start=1):
        assert re.fullmatch(f"epoch {epoch}/3  {columns}", line)
    assert {line.split(":")[0] for line in lines[lines.index(epochs[-1]) + 1 :]} == {"Note"}
    place = folder()
    title, header, *parts, where, following = out.splitlines()
    assert re.fullmatch(r"69 parameters, weights of epoch \d of 3, \d+\.\d s", title)
    assert header.split() == ["loss", "accuracy"]
    assert [line.split("  ")[0] for line in parts] == [
        "train",
        "val",
        "test",
        parts[3].split("  ")[0],
        "test, linear model",
    ]
    assert re.match(r"test, always '\d'", parts[3])
    assert where == str(place)
    assert following == f"Next: mlpcli eval {place}"
    assert run(following.removeprefix("Next: mlpcli ").split()) == 0


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = train(capsys, "--quiet")
    assert err == ""
    assert "parameters" in out


def test_json_is_result_json(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = train(capsys, "--json")
    assert json.loads(out) == json.loads((folder() / "result.json").read_bytes())
    assert len([line for line in err.splitlines() if line.startswith("epoch ")]) == 3
    assert train(capsys, "--json", "--quiet")[1] == ""


def test_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = train(capsys, "--json")
    result = json.loads(out)
    place = folder()
    assert sorted(os.listdir(place)) == FILES
    assert place.name == f"blobs-n-120-{result['run_id']}"
    assert re.fullmatch(r"[0-9a-f]{12}", result["run_id"])
    config = tomllib.loads((place / "config.toml").read_text())
    assert config == {name: value for name, value in result["config"].items() if value is not None}
    assert (config["hidden"], config["loss"], config["init"], config["lr"]) == ([8], "cross-entropy", "he", 0.005)
    assert (config["monitor"], config["keep"], config["scale"]) == ("val_accuracy", "best", "standard")
    made_by = json.loads((place / "provenance.json").read_bytes())
    assert made_by["command"] == sys.argv
    assert list(result["metrics"]) == ["train", "val", "test"]


def test_two_runs_are_equal_but_for_their_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    extra = ("--dropout", "0.2", "--norm", "batch", "--threads", "1")
    train(capsys, *extra, "--results", "a")
    train(capsys, *extra, "--results", "b")
    (first,), (second,) = Path("a").iterdir(), Path("b").iterdir()
    assert first.name == second.name
    assert numbers(first) == numbers(second)


def test_the_config_that_was_written_trains_the_same_run(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, "--dropout", "0.2", "--max-norm", "1,2", "--label-smoothing", "0.1")
    place = folder()
    assert run(["train", "--config", str(place / "config.toml"), "--results", "again"]) == 0
    assert numbers(Path("again") / place.name) == numbers(place)


def test_what_is_typed_comes_before_the_config(capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.toml").write_text('dataset = "moons:n=60"\nepochs = 2\nwidth = 3\ndepth = 1\nactivation = "tanh"\n')
    assert run(["train", "-c", "c.toml", "--epochs", "1", "--json", "-q"]) == 0
    config = json.loads(capsys.readouterr().out)["config"]
    assert (config["dataset"], config["epochs"], config["hidden"]) == ("moons:n=60", 1, [3])
    assert config["activation"] == "tanh"


def test_width_and_depth_or_hidden_are_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys)
    train(capsys, "--hidden", "8")
    assert folder()


def test_the_same_command_again_trains_again(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys)
    place = folder()
    before, kept = numbers(place), (place / "model.safetensors").stat().st_ino
    assert run(["eval", str(place), "-q"]) == 0
    (place / "notes.txt").write_text("mine")
    train(capsys)
    assert numbers(place) == before
    assert (place / "model.safetensors").stat().st_ino != kept
    assert sorted(os.listdir(place)) == sorted([*FILES, "notes.txt"])  # the scores of the old model are gone


def test_resume_of_a_finished_run_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = train(capsys, "--json")
    before = contents(folder())
    again, err = train(capsys, "--json", "--resume")
    assert json.loads(again) == json.loads(out)
    assert err.splitlines()[0] == f"{folder()} is finished: nothing to do"
    assert contents(folder()) == before


def test_resume_without_a_checkpoint_starts_at_epoch_0(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = train(capsys, "--resume")
    assert "epoch 1/3" in err


def test_a_run_with_other_options_is_replaced_by_force_only(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, "--name", "r")
    before = contents(Path("results/r"))
    for extra in ([], ["--resume"]):
        out, err = train(capsys, "--name", "r", "--seed", "7", *extra, code=2)
        assert out == ""
        assert re.search(
            r"mlpcli: error: results/r has other options \(seed: 0 there, 7 now\)\. It is unchanged\.", err
        )
        assert err.count("\n") == 1
        assert contents(Path("results/r")) == before
    train(capsys, "--name", "r", "--seed", "7", "--force")
    assert json.loads(Path("results/r/result.json").read_bytes())["config"]["seed"] == 7
    assert sorted(os.listdir("results/r")) == FILES


def test_the_network_of_the_lecture_solves_xor(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words("train --dataset xor --hidden 2 --init xor --epochs 0 --json -q")) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["metrics"]["train"]["accuracy"] == 1.0
    assert (result["metrics"]["val"], result["metrics"]["test"]) == (None, None)
    assert (result["state"], result["best_epoch"], result["epochs_run"]) == ("complete", 0, 0)
    assert len((folder() / "metrics.csv").read_text().splitlines()) == 1


def test_no_validation_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words("train --dataset xor --epochs 2 --width 4")) == 0
    captured = capsys.readouterr()
    assert "val_" not in captured.err
    header, *lines = (line.split(",") for line in (folder() / "metrics.csv").read_text().splitlines())
    assert [line[header.index("val_loss")] for line in lines] == ["", ""]
    assert "best_epoch" in json.loads((folder() / "result.json").read_bytes())


def test_regression(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words("train --dataset friedman1:n=100 --epochs 2 --width 4")) == 0
    out, err = capsys.readouterr()
    assert "target y" in err
    assert "val_rmse" in err
    assert out.splitlines()[1].split() == ["loss", "rmse", "mae", "r2", "max_error"]


def test_what_is_not_a_number_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    """R2 of a single test row does not exist; JSON has no nan."""
    assert run(words("train --dataset friedman1:n=100 --test-size 1 --epochs 1 --width 4 --json -q")) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["metrics"]["test"]["r2"] is None
    assert run(words("train --dataset friedman1:n=100 --test-size 1 --epochs 1 --width 4 -q")) == 0
    assert "nan" not in capsys.readouterr().out


def test_a_divergence_is_reported_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    wild = ("--optimizer", "sgd", "--lr", "1e10", "--loss", "squared", "--depth", "2")
    out, err = train(capsys, *wild, "--json", "--quiet", code=1)
    result = json.loads(out)
    assert result["state"] == "diverged"
    place = folder()
    line = (
        rf"mlpcli: error: training of {place} diverged: loss became (inf|nan) at epoch 1, batch \d+ \(lr 1e\+10\)\. "
        r"The weights of epoch 0 are kept\. Try a lower --lr, or --clip-norm 1\n"
    )
    assert re.fullmatch(line, err)
    assert sorted(os.listdir(place)) == FILES
    assert len((place / "metrics.csv").read_text().splitlines()) == 1
    before = contents(place)
    again, err = train(capsys, *wild, "--json", "--quiet", "--resume", code=1)
    assert json.loads(again) == result
    assert re.fullmatch(line, err)
    assert contents(place) == before
    assert run(["eval", str(place), "-q"]) == 0


def test_a_dataset_that_was_prepared_needs_no_scikit_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor pandas, SciPy or, without a terminal, rich."""
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    code = "import sys; from mlpcli.cli.main import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    command = ["train", "--dataset", "iris", "--epochs", "1", "--width", "4", "-q"]
    assert run(command) == 0
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert "mlpcli.training.session" in loaded
    assert set(loaded).isdisjoint(
        ("sklearn", "pandas", "scipy", "rich.live", "http.client", "mlpcli.sweeps", "mlpcli.cli.commands.eval")
    )
    assert set(loaded).isdisjoint(  # nor what reads files, sparse rows or columns that are to be fitted
        (
            "mlpcli.data.readers.file_format",
            "mlpcli.data.cache.sparse_table",
            "mlpcli.data.prepared.fitting.fit_columns",
        )
    )
    assert set(loaded).isdisjoint(  # nor what only messages and notebooks need
        ("mlpcli.config.sources.foreign", "mlpcli.results.folders.find", "mlpcli.api.views.progress")
    )


def test_initial_weights_that_are_not_finite_end_with_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    command = words("train --dataset xor --init-scale 1e300 --record-weights")
    assert run(command) == 1
    out, err = capsys.readouterr()
    said = f"mlpcli: error: training of {folder()} diverged"
    advice = "Use a smaller --init-scale or --init-bias, or another --init\n"
    assert err.endswith(f"{said}: the initial weights are not finite. {advice}")
    assert "Next:" not in out and "weights of epoch" not in out
    assert not list(folder().glob("*.safetensors"))
    assert run([*command, "--resume"]) == 1
    assert capsys.readouterr().err.endswith(f"{said}: the initial weights are not finite. {advice}")
    assert run(["show", str(folder())]) == 0
    assert "weights of epoch" not in capsys.readouterr().out
    assert run(["eval", str(folder())]) == 2
    said = f"mlpcli: error: {folder()} diverged before its first epoch, and keeps no weights\n"
    assert capsys.readouterr().err == said


def test_what_made_a_training_diverge_is_kept_with_its_result(capsys: pytest.CaptureFixture[str]) -> None:
    command = words("train --dataset moons:n=100 --lr 1e30 --optimizer sgd --resume")
    where = "training of {} diverged: loss became nan at epoch 1, batch 2 (lr 1e+30). "
    kept, advice = "The weights of epoch 0 are kept. ", "Try a lower --lr, or --clip-norm 1\n"
    for _ in range(2):
        assert run(command) == 1
        assert capsys.readouterr().err.endswith(where.format(folder()) + kept + advice)
    (folder() / "model.safetensors").unlink()
    assert run(command) == 1
    assert capsys.readouterr().err.endswith(where.format(folder()) + advice)
    assert run(["eval", str(folder())]) == 2
    assert "before its first epoch" not in capsys.readouterr().err
    file = folder() / "result.json"
    result = json.loads(file.read_text())
    assert result.pop("diverged")["what"] == "loss became nan"
    file.write_text(json.dumps(result))  # as an earlier version wrote it
    assert run(command) == 1
    assert capsys.readouterr().err.endswith(f"training of {folder()} diverged. {advice}")


@pytest.mark.usefixtures("no_workers")
def test_seeds_that_all_diverge_are_told_what_helps_here(capsys: pytest.CaptureFixture[str]) -> None:
    diverging = ["--optimizer", "sgd", "--loss", "squared", "--activation", "identity", "--lr", "1e30"]
    code = run(["train", "--dataset", "blobs:n=120", "--epochs", "2", "--seeds", "2", *diverging])
    assert code == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("mlpcli: error: 2 of 2 trials failed or diverged: see the column error of ")
    assert last.endswith("trials.csv. Try a lower --lr, or --clip-norm 1")
    (table,) = Path("results").glob("*/trials.csv")
    before = table.stat().st_mtime_ns
    assert run(["train", "--dataset", "blobs:n=120", "--epochs", "2", "--seeds", "2", *diverging]) == 1
    assert table.stat().st_mtime_ns > before  # trained again


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]])
@pytest.mark.parametrize(
    ("diverging", "advice", "cure"),
    [
        (["--init-scale", "1e300"], "Use a smaller --init-scale or --init-bias, or another --init", "--init-scale=1"),
        (["--scale", "none"], "Try --dtype float64, a smaller --init-scale, or another --scale", "--dtype=float64"),
    ],
)
def test_losses_that_no_step_made_infinite_have_another_remedy(
    capsys: pytest.CaptureFixture[str], seeds: list[str], diverging: list[str], advice: str, cure: str
) -> None:
    rows = (f"{at % 4}e38,{at % 3}e38,{at % 2}\n" for at in range(40))
    Path("large.csv").write_text("a,b,y\n" + "".join(rows))
    command = ["train", "--dataset", "large.csv", "--target", "y", "--epochs", "1", *diverging, *seeds]
    assert run(command) == 1
    assert capsys.readouterr().err.endswith(f" {advice}\n")
    assert run([*command, cure]) == 0


def test_several_seeds_are_a_sweep_of_one_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """Each equals a run of its own with one thread; more seeds train what is new."""
    out, _ = train(capsys, "--seeds", "3", "--quiet")
    lines = out.splitlines()
    assert lines[0].split()[:2] == ["train_loss", "train_accuracy"]
    scores = [[float(cell) for cell in line.split()[2:]] for line in lines[1:4]]
    assert [line.split()[:2] for line in lines[1:4]] == [["seed", "0"], ["seed", "1"], ["seed", "2"]]
    assert [float(cell) for cell in lines[4].split()[1:]] == pytest.approx(np.mean(scores, axis=0), abs=1e-4)
    halves = stats.t.ppf(0.975, 2) * np.std(scores, axis=0, ddof=1) / 3**0.5
    assert [float(cell) for cell in lines[5].split()[1:]] == pytest.approx(halves, abs=5e-4)
    assert lines[4].startswith("mean ") and lines[5].startswith("±  ")
    place = Path(lines[-1].removeprefix("Next: mlpcli eval "))
    assert place.name.startswith("blobs-n-120-") and place.name.endswith("-seeds")
    train(capsys, "--seed", "2", "--threads", "1", "--name", "alone", "--quiet")
    alone = json.loads(Path("results/alone/result.json").read_bytes())
    rows = (place / "trials.csv").read_text().splitlines()
    assert rows[3].split(",")[1] == alone["run_id"]
    _, err = train(capsys, "--seeds", "0,1,2,7")
    assert "4 trials (3 known)" in err and err.count("complete") == 1
    assert run(["eval", place.name, "--quiet"]) == 0


@pytest.mark.parametrize("damage", ["version", "origin", "table"])
def test_a_remedy_for_the_folder_of_several_seeds_works(capsys: pytest.CaptureFixture[str], damage: str) -> None:
    seeds = ("--seeds", "2", "--name", "s", "--quiet")
    train(capsys, *seeds)
    origin = Path("results/s/provenance.json")
    if damage == "version":
        origin.write_text(json.dumps(json.loads(origin.read_text()) | {"version": "0.0.1"}))
    elif damage == "origin":
        origin.unlink()
    else:
        Path("results/s/trials.csv").write_text("trial,state\n")
    _, err = train(capsys, *seeds, code=2 if damage == "version" else 65)
    assert err.endswith(". Start over with mlpcli sweep and --restart, or choose another --name\n")
    train(capsys, *seeds, "--name", "other")
    assert run(["sweep", "results/s/sweep.toml", "--restart", "--quiet"]) == 0
    train(capsys, *seeds)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--seeds", "0"], "--seeds: got '0', expected a number of at least 1, or a list: 0,1,2"),
        (["--seeds", "3", "--seed", "1"], "--seeds, --seed: only one of them is possible. Leave one out"),
        (
            ["--seeds", "3", "--folds", "2"],
            "--seeds, --folds: a sweep file with folds = N and seeds = M",
        ),
        (["--seeds", "3", "--resume"], "--seeds, --resume: only one of them is possible. Leave one out"),
    ],
)
def test_seeds_that_cannot_be(capsys: pytest.CaptureFixture[str], flags: list[str], message: str) -> None:
    out, err = train(capsys, *flags, code=2)
    assert (out, err.count("\n")) == ("", 1) and message in err
    assert not Path("results").exists()


def test_an_ensemble_from_training_to_predictions(capsys: pytest.CaptureFixture[str]) -> None:
    """The average that `train` scores is the one that `eval`, `predict` and a second training give."""
    out, err = train(capsys, "--ensemble", "4", "--name", "e", "--json")
    assert "4 networks, each validated on a fold of the train rows:" in err
    result = json.loads(out)
    assert (result["config"]["ensemble"], result["config"]["val_size"]) == (4, 0.1)
    assert run(["eval", "e", "--json", "--predictions", "p.csv", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == result["metrics"]["test"]["accuracy"]
    assert run(["predict", "e", "blobs:n=120"]) == 0
    predicted = [line.split(",")[1] for line in capsys.readouterr().out.splitlines()[1:]]
    lines = [line.split(",") for line in Path("p.csv").read_text().splitlines()[1:]]
    assert [predicted[int(row)] for row, *_ in lines] == [line[2] for line in lines]
    assert run(["eval", "e", "--split", "val"]) == 2
    assert "validated on folds of the train rows" in capsys.readouterr().err
    assert run(["show", "e"]) == 0
    assert "4 networks with weights of epoch" in capsys.readouterr().out
    out, _ = train(capsys, "--ensemble", "4", "--name", "f", "--json", "--quiet")
    assert contents(Path("results/e"))["model.safetensors"] == contents(Path("results/f"))["model.safetensors"]
    assert run(["train", "--from", "e", "--name", "g", "--quiet"]) == 0
    assert contents(Path("results/e"))["model.safetensors"] == contents(Path("results/g"))["model.safetensors"]
    _, err = train(capsys, "--ensemble", "200", code=65)
    assert "too few rows or groups for 200 folds: 96 rows. Nothing was written. Lower ensemble" in err


def test_the_options_of_another_version_are_taken_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, "--name", "r")
    assert run(["train", "--from", "r", "--name", "same", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    made = Path("results/r/provenance.json")
    recorded = json.loads(made.read_text())
    made.write_text(json.dumps(recorded | {"version": "0.1.0"}))
    assert run(["train", "--from", "r", "--name", "other", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert err == f"mlpcli: warning: r was made by mlpcli '0.1.0', this is {recorded['version']}: numbers may differ\n"


def test_a_preset_with_several_seeds_is_the_preset(capsys: pytest.CaptureFixture[str], no_workers: None) -> None:
    """What it decides by the data too: initial scales, rates and smoothing."""
    preset = ("--preset", "tabular", "--ensemble", "2", "--threads", "1", "--quiet")
    train(capsys, *preset, "--name", "one")
    train(capsys, *preset, "--seeds", "2", "--name", "two")
    alone = json.loads(Path("results/one/result.json").read_text())
    with open("results/two/trials.csv", newline="") as file:
        first, _ = csv.DictReader(file)
    assert first["run_id"] == alone["run_id"]
    assert float(first["test_loss"]) == alone["metrics"]["test"]["loss"]
    given = ("--init-scale", "1", "--label-smoothing", "0", "--lr-multiplier", "1")
    train(capsys, *preset, *given, "--seeds", "2", "--name", "three")


def test_a_preset_over_all_options_of_a_run_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    train(capsys, "--name", "r")
    for source in (["--from", "r"], ["--config", "results/r/config.toml"]):
        assert run(["train", *source, "--preset", "tabular", "--name", "s"]) == 2
        assert "--preset: all options that it fills in are given" in capsys.readouterr().err
    assert not Path("results/s").exists()


def test_a_table_without_its_flag_is_answered_by_the_flag(capsys: pytest.CaptureFixture[str]) -> None:
    Path("t.csv").write_text("a,b\n1,2\n")
    assert run(["train", "t.csv", "--target", "b"]) == 2
    assert "a table is given with --dataset t.csv" in capsys.readouterr().err


def test_a_val_size_that_nothing_reads_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--ensemble", "2"], ["--folds", "3"], ["--preset", "tabular"]):
        _, err = train(capsys, *words, "--val-size", "0.2", "--quiet", "--force", "--name", "r")
        assert err.startswith("mlpcli: warning: --val-size has no effect beside")
    _, err = train(capsys, "--val-size", "0.2", "--quiet", "--force", "--name", "r")
    assert err == ""
