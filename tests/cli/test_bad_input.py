"""What users get wrong: each has its exit code and one line or one list, no traceback, and nothing is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlpcli.cli.main import run

SMALL = ["train", "--dataset", "blobs:n=60", "--width", "4", "--epochs", "1"]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def contents() -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in Path().rglob("*")}


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int) -> str:
    """The lines on stderr of a command that ends with `code` and leaves the working folder as it is."""
    before = contents()
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert err.startswith("mlpcli: error: ")
    assert contents() == before
    return err.removeprefix("mlpcli: error: ").removesuffix("\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--activation", "rleu"],
            "--activation: got 'rleu', expected one of relu, leaky-relu, elu, selu, gelu, silu, mish, softplus, "
            "sigmoid, tanh, identity; did you mean relu?",
        ),
        (["--norm", "bach"], "--norm: got 'bach', expected one of none, batch, layer; did you mean batch?"),
        (["--depth", "-1"], "--depth: got -1, expected an integer from 0 to 1000"),
        (["--dropout", "1.0"], "--dropout: got 1.0, expected a number of at least 0 and below 1"),
        (["--lr", "nan"], "--lr: got nan, expected a number above 0"),
        (["--lr", "inf"], "--lr: got inf, expected a number above 0"),
        (["--batch-size", "0"], "--batch-size: got 0, expected an integer from 1 to 1000000000, or full"),
        (["--epochs", "1.5"], "--epochs: got 1.5, expected an integer from 0 to 1000000"),
        (["--seed", "-1"], "--seed: got -1, expected an integer from 0 to 9223372036854775807"),
        (["--width", "ten"], "--width: got 'ten', expected an integer from 1 to 1000000"),
    ],
)
def test_a_bad_value_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], line: str) -> None:
    assert refused(capsys, [*SMALL, *arguments], 2) == line


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--norm", "batch", "--batch-size", "1"], "batch norm needs batches of two rows or more"),
        (["--patience", "3", "--val-size", "0"], "patience: there are no validation rows"),
        (["--monitor", "val_rmse"], "classification has no val_rmse"),
        (["--max-norm", "1,2,3,4,5,6,7"], "for 3 layers, output included"),
        (["--init", "xor", "--hidden", "2"], "the construction needs two inputs and two classes"),
        (
            ["--dataset", "friedman1:n=60", "--loss", "cross-entropy"],
            "is for classes and labels, and the task is regression",
        ),
        (["--dataset", "blobs:n=60,d=200", "--lift", "quadratic"], "200 inputs become 20,300 features"),
        (["--dataset", "blobbs"], "did you mean blobs?"),
        (["--dataset", "blobs:n=60,m=3"], "m"),
        (["--name", "../up"], "cannot use the name '../up'"),
        (["--name", ""], "cannot use the name ''"),
        (["--config", "missing.toml"], "missing.toml: No such file or directory"),
        (["--dept", "3"], "no such option --dept; did you mean --depth?"),
        (["--depth"], "requires an argument"),
        (["surplus"], "unexpected extra argument"),
    ],
)
def test_what_cannot_be_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], part: str) -> None:
    err = refused(capsys, [*SMALL, *arguments], 2)
    assert part in err
    assert "\n" not in err


def test_all_problems_of_a_config_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.toml").write_text('activation = "rleu"\ndepth = "two"\nbach_size = 32\nwidth = 16\n')
    assert refused(capsys, ["train", "--config", "c.toml", "--lr", "0"], 2).splitlines() == [
        "4 problems:",
        "  c.toml: bach_size: no such option; did you mean batch_size?",
        "  c.toml: activation: got 'rleu', expected one of relu, leaky-relu, elu, selu, gelu, silu, mish, softplus, "
        "sigmoid, tanh, identity; did you mean relu?",
        "  c.toml: depth: got the string 'two', expected an integer from 0 to 1000",
        "  --lr: got 0, expected a number above 0",
    ]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"depth = ", "c.toml:"),
        (b"depth = 1\ndepth = 2\n", "c.toml:2:"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[a" * 5000, "c.toml"),
        (b"a." * 5000 + b"a = 1", "more than 32 parts"),
    ],
)
def test_a_config_that_is_no_toml(capsys: pytest.CaptureFixture[str], content: bytes, part: str) -> None:
    Path("c.toml").write_bytes(content)
    err = refused(capsys, ["train", "--config", "c.toml"], 2)
    assert part in err
    assert "\n" not in err


def test_a_results_folder_that_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("results").write_text("mine")
    err = refused(capsys, SMALL, 74)
    assert err == "cannot create results: it exists and is not a folder"
    assert Path("results").read_text() == "mine"


def test_a_run_folder_that_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("results").mkdir()
    Path("results/r").write_text("mine")
    assert refused(capsys, [*SMALL, "--name", "r"], 74) == "cannot create results/r: it exists and is not a folder"


def test_a_run_folder_that_is_something_else(capsys: pytest.CaptureFixture[str]) -> None:
    Path("results/r").mkdir(parents=True)
    Path("results/r/thesis.tex").write_text("mine")
    err = refused(capsys, [*SMALL, "--name", "r"], 2)
    assert err == "results/r is not a run's folder: it holds 'thesis.tex'. Choose another --name"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder where even root cannot write")
def test_a_results_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(capsys, [*SMALL, "--results", "/proc/results"], 74)
    assert err == "cannot create /proc/results: No such file or directory"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_results_folder_without_permission(capsys: pytest.CaptureFixture[str]) -> None:
    Path("locked").mkdir(mode=0o500)
    err = refused(capsys, [*SMALL, "--results", "locked/results"], 74)
    assert err == "cannot create locked/results: Permission denied"


def test_a_cache_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_text("mine")
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    err = refused(capsys, SMALL, 74)
    assert "home" in err
    assert "\n" not in err


def test_a_name_with_control_characters_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(capsys, [*SMALL, "--dataset", "\x1b[2J\nnew"], 2)
    assert "\x1b" not in err
    assert "\n" not in err


def test_the_same_from_a_shell() -> None:
    """Once through a process of its own: the code and the line reach the process that started it."""
    done = subprocess.run(
        [sys.executable, "-m", "mlpcli", *SMALL, "--lr", "nan"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mlpcli: error: --lr: got nan, expected a number above 0\n"
