"""A ranking that cannot compare its rows says so: ensembles of different sizes validate on different rows."""

from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.main import run
from tests.sweeps.sweeps import write_sweep

BASE: dict[str, Any] = {"dataset": "blobs:n=120", "width": 4, "depth": 1, "epochs": 1}
CAUTION = "val_accuracy of different values of ensemble is measured on different rows"


@pytest.mark.parametrize(
    ("keys", "cautioned"),
    [
        ({"grid": {"ensemble": [1, 3]}}, True),
        ({"grid": {"preset": ["none", "tabular"]}}, True),
        ({"grid": {"ensemble": [1, 3]}, "folds": 3}, False),
        ({"grid": {"ensemble": [1, 3]}, "metric": "train_accuracy"}, False),
        ({"grid": {"width": [3, 4]}, "base": BASE | {"ensemble": 3}}, False),
    ],
)
def test_the_dry_run_says_so(
    keys: dict[str, Any], cautioned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_sweep(tmp_path / "s.toml", **{"base": BASE, **keys})
    assert run(["sweep", str(file), "--dry-run"]) == 0
    assert (CAUTION in capsys.readouterr().err) == cautioned


def test_the_sweep_says_so_quiet_or_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_sweep(tmp_path / "s.toml", base=BASE, grid={"ensemble": [1, 2]})
    words = ["sweep", str(file), "--results", str(tmp_path), "--executor", "serial", "--quiet"]
    assert run(words) == 0
    assert CAUTION in capsys.readouterr().err
