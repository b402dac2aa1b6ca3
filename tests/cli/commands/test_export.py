"""`mlpcli export` from the outside: what is written and printed, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli.cli.main import run
from tests.export.tables import import_file, run_onnx


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results with one run, `one`."""
    folder = tmp_path_factory.mktemp("results")
    mlpcli.train("iris", width=8, depth=1, epochs=2, results=folder, name="one")
    return folder


@pytest.fixture(autouse=True)
def here(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)


def export(capsys: pytest.CaptureFixture[str], results: Path, *words: str, code: int = 0) -> tuple[str, str]:
    """What the command prints to stdout and stderr."""
    assert run(["export", *words, "--results", str(results)]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_the_suffix_says_which_format(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, rows = mlpcli.load("one", results=results), np.array([[5.0, 3.5, 1.5, 0.2], [6.0, 3.0, 5.0, 2.0]])
    columns = {column.name: rows[:, at] for at, column in enumerate(model.preprocessing.columns)}
    for name in ("m.onnx", "m.py", "m.safetensors"):
        out, err = export(capsys, results, "one", name)
        assert out == f"{name}\n"
        assert err == f"{results.name}/one/model.safetensors: exported\n"
    wanted = model.predict(rows).tolist()
    assert run_onnx(Path("m.onnx"), pd.DataFrame(columns))["prediction"].tolist() == wanted
    assert import_file(Path("m.py")).predict(columns).tolist() == wanted
    assert mlpcli.load("m.safetensors").predict(rows).tolist() == wanted


def test_as_json(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = export(capsys, results, "one", "m.py", "--json", "--quiet")
    assert json.loads(out) == {"model": f"{results.name}/one/model.safetensors", "files": ["m.py"]}
    assert err == ""


def test_a_history_goes_to_a_tracker(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = export(capsys, results, "one", "--to", "tensorboard", "logs")
    assert out == "1 written, 0 there already, 0 not ended\n"
    assert err == f"{results.name}/one: writing the history to logs\n"
    assert list(Path("logs/one").glob("events*"))
    out, _ = export(capsys, results, "one", "logs", "--to", "tensorboard", "--json")
    counts = {"written": 0, "there_already": 1, "not_ended": 0}
    assert json.loads(out) == {"results": f"{results.name}/one", "to": "logs", **counts}


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["one", "m.pt"], 2, "export 'm.pt': the suffix says which format is written. Nothing was written. Give a"),
        (["two", "m.py"], 2, "there is no run 'two'"),
        (["two", "logs", "--to", "tensorboard"], 2, "there are no results 'two'"),
        (["one", "no/m.py"], 74, "cannot write no/m.py: No such file or directory"),
    ],
)
def test_what_is_refused(
    words: list[str], code: int, reason: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = export(capsys, results, *words, "--quiet", code=code)
    assert out == "" and err.startswith(f"mlpcli: error: {reason}") and err.count("\n") == 1
