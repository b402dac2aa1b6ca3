"""What the shell offers: read from folders and headers, and nothing at all where they cannot be read."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlpcli.cli import completion
from mlpcli.cli.main import run


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run and a sweep of 12 trials, whose tables have their first columns only."""
    monkeypatch.chdir(tmp_path)
    for file, text in (
        ("results/digits-1/result.json", "{}"),
        ("results/dropout/sweep.toml", ""),
        ("results/dropout/trials.csv", "trial,run_id,val_loss\n" + "".join(f"{n},ab,0.5\n" for n in range(12))),
        ("results/other/notes.txt", ""),
        ("datasets/mine.toml", ""),
    ):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text)
    return tmp_path


def context(**parameters: Any) -> Any:
    return SimpleNamespace(params=parameters)


def test_datasets_are_those_of_cards_here_and_shipped() -> None:
    assert completion.datasets("m") == ["mine", "mnist", "moons"]


def test_runs_sweeps_and_trials() -> None:
    assert completion.results(context(), "d") == ["digits-1", "dropout"]
    assert completion.runs(context(), "dr") == ["dropout"]
    assert completion.runs(context(), "dropout/1") == ["dropout/1", "dropout/10", "dropout/11"]
    assert completion.runs(context(), "dropout/b") == ["dropout/best"]
    assert completion.runs(context(results="elsewhere"), "") == []
    assert completion.runs(context(), "results/dropout/b") == ["results/dropout/best"]


def test_columns_of_the_sweep_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = completion.columns("trials.csv")
    monkeypatch.setenv("COMP_WORDS", "mlpcli list dropout --sort ")
    assert complete(context(), "") == ["run_id", "trial", "val_loss"]
    assert complete(context(), "trial,v") == ["trial,val_loss"]
    monkeypatch.setenv("COMP_WORDS", "mlpcli list results/dropout --sort ")
    assert complete(context(), "trial,v") == ["trial,val_loss"]
    monkeypatch.setenv("COMP_WORDS", "mlpcli list digits-1 --sort ")
    assert complete(context(), "") == []


def test_what_cannot_be_read_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "mlpcli list dropout --sort ")
    Path("results/dropout/trials.csv").write_bytes(b"trial,\xff\n\xff")
    assert completion.runs(context(), "dropout/") == ["dropout/best"]
    assert completion.columns("trials.csv")(context(), "") == []


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mlpcli eval dr", "dropout"),
        ("mlpcli datasets moo", "moons"),
        ("mlpcli train --dataset moo", "moons"),
        ("mlpcli train --activation mi", "mish"),
        ("mlpcli list dropout --sort val", "val_loss"),
        ("mlpcli list dropout --columns trial,val", "trial,val_loss"),
        ("mlpcli plot dropout --metric val", "val_loss"),
        ("mlpcli plot dropout --by run", "run_id"),
        ("mlpcli swe", "sweep"),
    ],
)
def test_in_bash(line: str, offered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["mlpcli"])
    for name, value in asked(line).items():
        monkeypatch.setenv(name, value)
    with suppress(SystemExit):
        run()
    out, err = capsys.readouterr()
    assert (out.split(), err) == ([offered], "")


def test_in_a_process_of_its_own() -> None:
    """As the script has it that --install-completion writes."""
    command = [sys.executable, "-c", "from mlpcli.cli.main import run; run()"]
    environment = {**os.environ, **asked("mlpcli list dropout --columns trial,val")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout.split(), done.stderr) == (["trial,val_loss"], "")


def asked(line: str) -> dict[str, str]:
    return {"_MLPCLI_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
