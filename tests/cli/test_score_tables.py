"""Commands that score a run while it is trained again: what they write belongs to the model beside it."""

from pathlib import Path
from shlex import split
from typing import Any

import pytest

from mlpcli.api import evaluate
from mlpcli.cli import score_tables
from mlpcli.cli.main import run

TRAIN = split("train --dataset moons:n=40 --width 3 --depth 1 --epochs 2 --name r --force --quiet --seed")
COMMANDS = {"eval r": "eval-test.csv", "explain r": "explain-test.csv"}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_that_is_trained_again_meanwhile_is_scored_again(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, prepare = COMMANDS[command], evaluate.own_data
    seeds = iter(["7"])

    def training_meanwhile(*arguments: Any) -> Any:
        for seed in seeds:
            assert run([*TRAIN, seed]) == 0
        return prepare(*arguments)

    assert run([*TRAIN, "0"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "own_data", training_meanwhile)
        assert run(split(command)) == 0
    assert capsys.readouterr().err.count("8 test rows") == 1
    of_the_new_model = Path("results/r", name).read_bytes()
    assert not list(seeds)
    assert run(split(command)) == 0
    assert Path("results/r", name).read_bytes() == of_the_new_model


def test_texts_that_a_model_does_not_know_are_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{number % 7},{'red' if number % 3 else 'blue'},{number % 2}" for number in range(40)]
    Path("old.csv").write_text("\n".join(["size,color,y", *rows]))
    Path("new.csv").write_text("size,color\n1,green\n")
    train = split("train --dataset old.csv --target y --epochs 1 --name r --force --quiet --seed")
    prepare, seeds = evaluate.other_rows, iter(["7"])

    def training_meanwhile(*arguments: Any) -> Any:
        for seed in seeds:
            assert run([*train, seed]) == 0
        return prepare(*arguments)

    assert run([*train, "0"]) == 0
    monkeypatch.setattr(evaluate, "other_rows", training_meanwhile)
    assert run(split("eval r --dataset new.csv")) == 0
    assert capsys.readouterr().err.count("does not know, 'green'") == 1


def test_a_run_that_is_trained_again_all_the_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare = evaluate.own_data

    def training_meanwhile(*arguments: Any) -> Any:
        assert run([*TRAIN, "0"]) == 0
        return prepare(*arguments)

    assert run([*TRAIN, "0"]) == 0
    monkeypatch.setattr(score_tables, "ATTEMPTS", 2)
    monkeypatch.setattr(evaluate, "own_data", training_meanwhile)
    assert run(split("eval r --quiet")) == 74
    assert capsys.readouterr().err == (
        "mlpcli: error: results/r is trained again all the time. Nothing was written. Try again later\n"
    )
    assert not list(Path("results/r").glob("eval*"))
