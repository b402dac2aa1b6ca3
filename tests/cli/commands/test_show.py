"""`mlpcli show` and `mlpcli train --from`: what is said of a run or trial, and that its command makes it again."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlpcli.cli.main import run
from tests.plot.folders import run_folder, sweep_folder

TRAIN = ["train", "--dataset", "iris", "--epochs", "2", "--quiet", "--width", "8"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a note and tags, and a sweep of two trials, the first of them equal to a run."""
    folder = tmp_path_factory.mktemp("show")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run([*TRAIN, "--name", "r", "--note", "before the fix", "--tag", "paper", "--tag", "old"]) == 0
        Path("s.toml").write_text(
            'name = "s"\n[base]\ndataset = "iris"\nepochs = 2\ndropout = 0.1\n[grid]\nwidth = [8, 16]\n'
        )
        assert run(["sweep", "s.toml", "--executor", "serial", "--quiet", "--note", "n", "--tag", "paper"]) == 0
        Path("f.toml").write_text(
            'name = "f"\nfolds = 2\n[base]\ndataset = "iris"\nepochs = 2\n[grid]\nwidth = [4, 8]\n'
        )
        assert run(["sweep", "f.toml", "--executor", "serial", "--quiet"]) == 0
        Path("t.csv").write_text("a,b\n" + "".join(f"{row % 7},{row % 3}\n" for row in range(60)))
        plain = ["--dataset", "t.csv", "--target", "b", "--task", "regression", "--scale", "none"]
        assert run(["train", *plain, "--epochs", "1", "--name", "t", "--quiet"]) == 0
    return folder


@pytest.fixture(autouse=True)
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)


def show(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["show", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def test_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    out = show(capsys, "r")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["results/r:", "complete"]
    assert ["dataset", "iris", "digits"] in lines and ["width", "8", "64"] in lines and ["epochs", "2", "30"] in lines
    assert any(line[:1] == ["test"] for line in lines)
    for said in ("Note: before the fix", "Tags: paper, old", "* train_accuracy  o val_accuracy", "Again: mlpcli train"):
        assert said in out


def test_a_trial_lists_its_own_model_alone(capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("s.toml").read_text().replace('name = "s"', 'name = "all"')
    Path("all.toml").write_text(text)
    assert run(["sweep", "all.toml", "--executor", "serial", "--quiet", "--keep-models", "all"]) == 0
    assert run(["eval", "all/1", "--quiet"]) == 0
    of_sweep = json.loads(show(capsys, "all", "--json"))["files"]
    for number, tables in ((0, False), (1, True)):
        found = json.loads(show(capsys, f"all/{number}", "--json"))
        kept = [name for name in found["files"] if name.startswith("models/")]
        assert f"models/{found['run_id']}.safetensors" in kept
        assert (f"models/{found['run_id']}-eval/eval-test.csv" in kept) == tables
        assert all(found["run_id"] in name for name in kept) and "trials.csv" in found["files"]
    assert len([name for name in of_sweep if name.endswith(".safetensors")]) == 2


@pytest.mark.parametrize(
    ("made_by", "said"),
    [
        (
            {"started": "2026-01-01", "version": "9", "python": "CPython 3", "git_commit": "0" * 40, "cpu": "old"},
            "Made 2026-01-01 by mlpcli 9, CPython 3, commit 000000000000; old",
        ),
        ({"version": "9", "git_commit": None}, "Made at an unknown time by mlpcli 9"),
        ({"cpu": "old"}, "Made at an unknown time; old"),
    ],
)
def test_the_origin_says_what_is_known(
    capsys: pytest.CaptureFixture[str], made_by: dict[str, object], said: str
) -> None:
    shutil.copytree("results/r", "results/of", dirs_exist_ok=True)
    Path("results/of/provenance.json").write_text(json.dumps(made_by))
    assert said in show(capsys, "of").splitlines()
    shutil.rmtree("results/of")


def test_a_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    out = show(capsys, "s")
    assert "results/s: 2 complete" in out and "varied: width; ranked by val_accuracy" in out
    assert show(capsys, "s", "--command") == "mlpcli sweep results/s/sweep.toml\n"
    assert json.loads(show(capsys, "s", "--json"))["provenance"]["tags"] == ["paper"]


@pytest.mark.parametrize("name", ["r", "s/0", "s/best", "f/0", "f/3", "t"])
def test_the_command_makes_equal_numbers(capsys: pytest.CaptureFixture[str], name: str) -> None:
    before = json.loads(show(capsys, name, "--json"))
    again = shlex.split(show(capsys, name, "--command"))
    for words in (again[1:], ["train", "--from", name]):
        assert run([*words, "--quiet", "--name", "again", "--force", "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert result["run_id"] == before["run_id"]
        assert result["metrics"] == before["metrics"]


def test_flags_and_files_override_what_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.toml").write_text("width = 4\nseed = 5\n")
    words = [
        "train",
        "--from",
        "s/1",
        "--config",
        "c.toml",
        "--seed",
        "6",
        "--quiet",
        "--name",
        "o",
        "--force",
        "--json",
    ]
    capsys.readouterr()
    assert run(words) == 0
    config = json.loads(capsys.readouterr().out)["config"]
    assert (config["hidden"], config["seed"], config["dropout"], config["epochs"]) == ([4, 4], 6, 0.1, 2)


def test_notes_and_tags_are_in_no_run_id(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run([*TRAIN, "--name", "plain", "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == json.loads(show(capsys, "r", "--json"))["run_id"]
    assert "note" not in json.loads(Path("results/plain/provenance.json").read_text())


def test_the_command_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = show(capsys, "r", "--command").splitlines()
    assert json.loads(show(capsys, "r", "--command", "--json")) == {"command": line}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["zz"], "there are no results 'zz'"), (["s/9"], "has no trial '9'"), (["s/best:2"], "is a sweep of many trials")],
)
def test_what_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    err = show(capsys, *arguments, code=2)
    assert said in err and err.count("\n") == 1


def test_folders_made_by_hand_and_half_written_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_folder(tmp_path / "results" / "h")
    (tmp_path / "results" / "h" / "result.json").unlink()
    assert "unfinished" in show(capsys, str(tmp_path / "results" / "h"))
    sweep_folder(tmp_path / "results" / "f", {"width": [4]}, seeds=1, states={0: "failed"})
    assert "loss became nan" in show(capsys, str(tmp_path / "results" / "f" / "0"))
    (tmp_path / "results" / "f" / "trials.csv").unlink()
    assert "no trials yet" in show(capsys, str(tmp_path / "results" / "f"))


@pytest.mark.parametrize("name", ["r", "s", "s/0"])
def test_nothing_heavy_is_loaded(name: str) -> None:
    code = (
        f"import sys\nfrom mlpcli.cli.main import run\nassert run(['show', {name!r}]) == 0\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'rich'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_a_damaged_table_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    path = run_folder(Path("results/torn"))
    with open(path / "metrics.csv", "a") as file:
        file.write("9,x,\n")
    assert "results/torn/metrics.csv: row 7 has 3 cells" in show(capsys, "torn", code=65)


def test_the_command_of_a_pruned_trial_is_said_to_train_it_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_folder(Path("results/pruned"), {"width": [4, 8]}, seeds=1, states={1: "pruned"})
    assert run(["show", "pruned/1"]) == 0
    assert "Again, without pruning: mlpcli train" in capsys.readouterr().out


def test_tables_of_a_sweep_without_its_file_promise_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_folder(tmp_path / "copy", {"width": [4, 8]}, seeds=2)
    (tmp_path / "copy/sweep.toml").unlink()
    out = show(capsys, str(tmp_path / "copy"))
    assert out.startswith(f"{tmp_path / 'copy'}: 4 complete\n") and "unknown, because there is no sweep.toml" in out
    assert json.loads(show(capsys, str(tmp_path / "copy"), "--json"))["command"] is None
    said = show(capsys, str(tmp_path / "copy"), "--command", code=2)
    assert said.endswith("has no sweep.toml, so the command that made it is unknown. Copy the folder again\n")
    said = show(capsys, f"{tmp_path / 'copy'}/0", code=2)
    assert said.endswith("has no sweep.toml, which has the options of its trials. Copy the folder again\n")
