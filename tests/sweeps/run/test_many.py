"""Twenty thousand trials: what the coordinator costs beside the training, and how soon a finished sweep says so."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.sweeps import rows, write_sweep

MEASURED = """
import json, sys
from mlpcli.cli.main import run
from tests.measure import cpu_loops, peak_megabytes
measured = {}
measured["loops"] = cpu_loops(lambda: measured.update(code=run(sys.argv[1:])))
measured["megabytes"] = peak_megabytes()
print(json.dumps(measured), file=sys.stderr)
"""


def measure(place: Path, trials: int) -> dict[str, Any]:
    """A sweep of this many networks of 4 units for one epoch, in one worker; what the parent used."""
    draws = {"trials": trials // 5, "lr": {"low": 1e-6, "high": 1e-1, "log": True}}
    base = {"dataset": "iris", "width": 4, "depth": 1, "epochs": 1}
    file = write_sweep(place / f"n{trials}.toml", seeds=5, base=base, random=draws)
    flags = ["--results", str(place), "--max-trials", str(trials), "--jobs", "1", "--quiet"]
    command = [sys.executable, "-c", MEASURED, "sweep", str(file), *flags]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(result.stderr)
    assert measured["code"] == 0
    return measured


@pytest.mark.slow
def test_twenty_thousand_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    _, few, many, again = (measure(tmp_path, trials) for trials in (5, 2_000, 20_000, 20_000))  # 5 prepare the data
    trials = len(rows(tmp_path / "n20000", "trials.csv"))
    assert trials > 19_900  # a draw that comes twice is one trial
    overhead = (many["loops"] - few["loops"]) / 18_000
    growth = 1000 * (many["megabytes"] - few["megabytes"]) / 18_000
    print(f"{overhead:.4f} loops and {growth:.1f} kB per trial, {again['loops']:.0f} loops to look at them again")
    assert overhead < 0.02
    assert growth < 5
    assert again["loops"] < 60
