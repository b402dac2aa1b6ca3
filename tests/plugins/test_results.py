"""Results trained with parts of the user's own: tables are read without their file, networks ask for it."""

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlpcli
from mlpcli.cli.main import run
from mlpcli.config.choices import ACTIVATIONS
from mlpcli.errors import ExitCode
from mlpcli.plugins.files import loaded, use
from tests.plugins.parts import ALL_KINDS, NAMES, tables_restored
from tests.sweeps.sweeps import rows, sweep, write_sweep

SMALL = ["--dataset", "sine:n=60", "--epochs", "2", "--width", "4", "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run `own` with a part of every kind, a run `plain` with none, and a sweep over an activation; the file."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "parts.py").write_text(ALL_KINDS)
    flags = ["--plugin", str(folder / "parts.py")]
    choices = [word for option, name in NAMES.items() for word in (f"--{option}", name)]
    with tables_restored():
        assert run(["train", *SMALL, *choices, "--beta1", "0.8", *flags, *in_(folder), "--name", "own"]) == 0
        assert run(["train", *SMALL, *in_(folder), "--name", "plain"]) == 0
        base = {"dataset": "sine:n=60", "epochs": 2, "width": 4}
        file = write_sweep(folder / "both.toml", seeds=2, base=base, grid={"activation": ["relu", "snake"]})
        sweep(file, folder / "results", "--keep-models", "all", *flags)
    return folder


@pytest.fixture(autouse=True)
def beside_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def in_(folder: Path) -> list[str]:
    return ["--results", str(folder / "results")]


@pytest.mark.parametrize(
    "command",
    [
        "list --columns name,activation",
        "list both",
        "show own",
        "show both",
        "show both/best",
        "show both/3",
        "compare own plain",
        "compare both/0 both/3",
        "report own both -o page.html",
        "export own --to tensorboard log",
    ],
)
def test_tables_are_read_without_running_the_file(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*shlex.split(command), "--quiet"]) == 0, capsys.readouterr().err
    assert loaded() == () and "snake" not in ACTIVATIONS
    assert command.startswith(("report", "export", "show both")) or "snake" in capsys.readouterr().out


@pytest.mark.parametrize("flags", [[], ["--plugin", "parts.py"]], ids=["without", "with"])
def test_the_command_that_show_prints_makes_the_run_again(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "own", "--command", *flags]) == 0
    command = capsys.readouterr().out.split()
    assert command[-2:] == ["--plugin", "parts.py"]
    use(())
    assert run([*command[1:], "--name", "again", "--quiet", "--force"]) == 0
    models = [Path(f"results/{name}/model.safetensors").read_bytes() for name in ("own", "again")]
    assert models[0] == models[1]


def test_what_follows_from_parts_that_are_absent_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "own", "--json"]) == 0
    absent = json.loads(capsys.readouterr().out)["options"]
    assert run(["show", "own", "--json", "--plugin", "parts.py"]) == 0
    present = json.loads(capsys.readouterr().out)["options"]
    assert {name: value for name, value in absent.items() if name not in present} == {"lr": 1e-3, "beta2": 0.999}
    assert present.items() <= absent.items() and "loss" in present and "monitor" not in absent


def test_a_run_is_trained_from_another_with_its_file_or_without_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--from", "both/best", "--name", "x", "--quiet", "--activation", "relu"]) == 0
    capsys.readouterr()
    snake = next(row["trial"] for row in rows(Path("results/both"), "trials.csv") if row["activation"] == "snake")
    for name, place in (("own", "results/own/config.toml: "), (f"both/{snake}", "trials.csv: ")):
        assert run(["train", "--from", name, "--name", "y", "--quiet"]) == ExitCode.USAGE
        error = capsys.readouterr().err
        assert f"{place}activation: got 'snake'" in error and "; it came with --plugin parts.py" in error
        assert not Path("results/y").exists()
    assert run(["train", "--from", f"both/{snake}", "--name", "z", "--quiet", "--plugin", "parts.py"]) == 0
    trained = json.loads(Path("results/z/result.json").read_bytes())
    (trial,) = (row for row in rows(Path("results/both"), "trials.csv") if row["trial"] == snake)
    assert trained["run_id"] == trial["run_id"] and repr(trained["metrics"]["val"]["loss"]) == trial["val_loss"]


def test_a_trial_without_its_model_names_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree("results/both", tmp_path / "both", ignore=shutil.ignore_patterns("models"))
    assert run(["eval", f"{copy}/0", "--quiet"]) == ExitCode.USAGE
    assert "both/0 --plugin parts.py" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["eval {}", "predict {} sine:n=60", "explain {}", "export {} model.py"])
def test_a_network_of_a_trial_names_its_file(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    snake = next(row["trial"] for row in rows(Path("results/both"), "trials.csv") if row["activation"] == "snake")
    words = [*command.format(f"both/{snake}").split(), "--quiet"]
    assert run(words) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Name that file with --plugin parts.py" in error
    assert run([*words, "--plugin", "parts.py"]) == 0


def test_a_file_that_has_changed_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "parts.py").write_text(f"{ALL_KINDS}# another form\n")
    for file, told in ((tmp_path / "parts.py", "parts.py is not what own was trained with, so that"), ("parts.py", "")):
        assert run(["train", "--from", "own", "--name", "c", "--force", "--quiet", "--plugin", str(file)]) == 0
        assert told in (error := capsys.readouterr().err) and bool(told) == bool(error)
        use(())


def test_next_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", *SMALL, "--activation", "snake", "--plugin", "parts.py", "--name", "next"]) == 0
    assert "Next: mlpcli eval results/next --plugin parts.py\n" in capsys.readouterr().out


def test_python_opens_the_tables_and_asks_for_the_file_of_a_network() -> None:
    opened = mlpcli.open("own")
    assert opened.options.activation == "snake" and len(opened.history) == 2 and opened.state == "complete"
    with pytest.raises(mlpcli.Error, match=r"comes from parts\.py, and is not registered here"):
        _ = opened.model
    with pytest.raises(mlpcli.Error, match="config: activation: got 'snake', expected one of"):
        mlpcli.train(config=opened.options, progress=False)
    assert mlpcli.open("both", plugin="parts.py").best.predict([[0.5]]).shape == (1,)


def test_an_unfinished_run_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    unfinished = Path("results/unfinished")
    unfinished.mkdir()
    (unfinished / "config.toml").write_bytes(Path("results/own/config.toml").read_bytes())
    assert run(["list", "--where", "name == 'unfinished'", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["results"]
    assert (row["state"], row["activation"]) == ("interrupted", "snake")
