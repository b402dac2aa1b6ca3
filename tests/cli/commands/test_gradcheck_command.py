"""`mlpcli gradcheck`: rows, exit codes, and what it may and may not load."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mlpcli.autodiff import central_differences, ops
from mlpcli.cli.main import run
from mlpcli.errors import ExitCode
from mlpcli.gradcheck import oracle
from mlpcli.nn import ACTIVATIONS

KEYS = ["component", "parameters", "differences", "tape", "skipped", "verdict"]


def test_one_network_as_json_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gradcheck", "--hidden", "6,5", "--norm", "batch", "--dropout", "0.2", "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)
    assert list(found) == ["ok", "tolerance", "seed", "rows"]
    assert (found["ok"], found["tolerance"], found["seed"]) == (True, 1e-7, 0)
    assert [list(row) for row in found["rows"]] == [KEYS] * 8
    assert [row["component"] for row in found["rows"]][:3] == [
        "hidden.0.weight",
        "hidden.0.norm.gain",
        "hidden.0.norm.bias",
    ]
    assert [row["parameters"] for row in found["rows"]] == [384, 6, 6, 30, 5, 5, 50, 10]
    assert all(row["differences"] < 1e-8 and row["tape"] < 1e-12 for row in found["rows"])


def test_a_wrong_gradient_is_exit_1_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        ACTIVATIONS["sigmoid"], "gradient", lambda self, z, h, g, out: np.multiply(g, z * (1 - z), out=out)
    )
    assert run(["gradcheck", "--seed", "7", "--json", "-q"]) == ExitCode.BAD_RESULT  # a seed is no option of a network
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["ok"], found["seed"], len(found["rows"]) > 30) == (False, 7, True)
    assert [row["component"] for row in found["rows"] if row["verdict"] == "wrong"] == ["activation sigmoid"]
    assert err.count("\n") == 1
    assert err.startswith("mlpcli: error: gradient of activation sigmoid: relative error ")
    for part in (", more than 1e-07", ", by ", f"1 of {len(found['rows'])} rows failed"):
        assert part in err


def test_the_entry_named_is_the_one_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlpcli.nn import Linear

    right = Linear.backward

    def backward(self: Linear, grad_output: np.ndarray, input_needed: bool = True) -> np.ndarray | None:
        dx = right(self, grad_output, input_needed)
        if self.out_features == 7:
            self.weight_grad[3, 2] = 0.5
        return dx

    monkeypatch.setattr(Linear, "backward", backward)
    assert run(["gradcheck", "--hidden", "7", "-q"]) == ExitCode.BAD_RESULT
    out, err = capsys.readouterr()
    assert [line.split()[-1] for line in out.splitlines()[2:]] == ["wrong", "ok", "ok", "ok"]
    assert "gradient of hidden.0.weight: relative error " in err
    assert "hidden.0.weight[3, 2] is 0.5, by " in err


def test_the_remedy_suits_the_judge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Differences know only what the layer computes; the tape has a formula."""
    line = ["gradcheck", "--hidden", "3", "--activation", "sigmoid", "-q"]
    monkeypatch.setitem(oracle.ACTIVATIONS, "sigmoid", ops.tanh)
    assert run(line) == ExitCode.BAD_RESULT
    advice = "Nothing was written. Compare the layer's backward with its"
    assert capsys.readouterr().err.endswith(f"{advice} formula\n")
    monkeypatch.delitem(oracle.ACTIVATIONS, "sigmoid")
    monkeypatch.setattr(ACTIVATIONS["sigmoid"], "gradient", lambda self, z, h, g, out: out.fill(0.1))
    assert run(line) == ExitCode.BAD_RESULT
    assert capsys.readouterr().err.endswith(f"{advice} forward\n")


def test_gradients_that_are_not_finite_are_null_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ACTIVATIONS["tanh"], "gradient", lambda self, z, h, g, out: out.fill(np.nan))
    assert run(["gradcheck", "--hidden", "2", "--activation", "tanh", "--json"]) == ExitCode.BAD_RESULT
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["differences"], row["verdict"]) for row in rows[:2]] == [(None, "wrong")] * 2
    assert [row["verdict"] for row in rows[2:]] == ["ok", "ok"]


def test_the_tolerance_decides(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gradcheck", "--depth", "0", "-q"]) == ExitCode.OK
    assert run(["gradcheck", "--depth", "0", "-q", "--tolerance", "1e-18"]) == ExitCode.BAD_RESULT
    for wrong in ("0", "-1", "nan", "inf"):
        assert run(["gradcheck", "--tolerance", wrong]) == ExitCode.USAGE
        assert "--tolerance" in capsys.readouterr().err


def test_too_many_kinks_are_exit_1_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps of 1 carry every residual of an absolute loss across its kink."""
    monkeypatch.setattr("mlpcli.gradcheck.probe.central_differences", partial(central_differences, step=1.0))
    assert run(["gradcheck", "--depth", "0", "--task", "regression", "--loss", "absolute"]) == ExitCode.BAD_RESULT
    out, err = capsys.readouterr()
    assert [line.split()[-1] for line in out.splitlines()[2:]] == ["unchecked", "unchecked"]
    assert "gradient of output.weight: of 64 entries 64 met a kink" in err


def test_options_from_a_file_and_from_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.toml"
    file.write_text('hidden = [1]\nactivation = "gelu"\n')
    assert run(["gradcheck", "--config", str(file), "--lift", "quadratic", "--json"]) == ExitCode.OK
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows[0]["parameters"] == 64 + 64 * 65 // 2


def test_a_dataset_gives_the_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["gradcheck", "--dataset", "iris", "--hidden", "5", "--data-home", str(tmp_path), "--json"]
    assert run(line) == ExitCode.OK
    out, err = capsys.readouterr()
    assert [row["parameters"] for row in json.loads(out)["rows"]] == [20, 5, 15, 3]
    assert err == "checking one network on iris\n"


def test_data_that_are_not_scaled_are_scaled_to_be_checked() -> None:
    """Columns of breast_cancer reach from 0.01 to 4,254; differences of step 1e-5 are then wrong by 5e-7."""
    line = ["gradcheck", "--dataset", "breast_cancer", "--norm", "batch", "--width", "8", "--scale", "none", "-q"]
    assert run(line) == ExitCode.OK


def test_bad_options_are_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gradcheck", "--activation", "rleu", "--depth", "-1"]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert "2 problems" in err and "did you mean relu" in err
    assert run(["gradcheck", "--task", "regression", "--loss", "cross-entropy"]) == ExitCode.USAGE


def timed(code: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """A Python program that has ended, and the seconds of CPU that it used."""
    before = os.times()
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    after = os.times()
    return done, after.children_user - before.children_user + after.children_system - before.children_system


def test_every_component_as_a_table_quickly_and_without_heavy_libraries(tmp_path: Path) -> None:
    code = (
        "import sys; from mlpcli.cli.main import run; code = run(['gradcheck']);"
        "assert not {'sklearn', 'pandas'} & set(sys.modules), 'heavy'; sys.exit(code)"
    )  # SciPy multiplies the sparse rows
    done, used = timed(code, tmp_path)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "checking every component\n")
    _, header, *lines = done.stdout.splitlines()
    assert header.split() == KEYS
    assert all(line.endswith("  ok") for line in lines)
    assert any(line.startswith("activation relu ") for line in lines)
    imports, yardstick = timed("import numpy, pydantic, typer", tmp_path)
    assert imports.returncode == 0 and used < 25 * yardstick, "measured: 6 times"
    assert list(tmp_path.iterdir()) == []
