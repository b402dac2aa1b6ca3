"""The memory of a training on 60,000 x 784 float32: the data, mapped, and not much more."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlpcli.cli.main import run

ROWS, FEATURES = 60_000, 784
MEGABYTE = 1 << 20
CODE = """
import sys
from mlpcli.cli.main import run
from tests.measure import peak_megabytes
print(run(sys.argv[1:]), peak_megabytes())
"""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and bounds the memory of a process")


@on_linux
@pytest.mark.slow
def test_peak_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 1.3 times the data plus 150 MB, while the data are prepared too."""
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    rng = np.random.default_rng(0)
    x = rng.random((ROWS, FEATURES), dtype=np.float32)
    np.savez(tmp_path / "big.npz", X=x, y=rng.integers(0, 10, ROWS))
    limit = 1.3 * x.nbytes + 150 * MEGABYTE
    train = [
        "train",
        "--dataset",
        str(tmp_path / "big.npz"),
        "--test-size",
        "0",
        "--val-size",
        "0",
        "--quiet",
        "--json",
    ]
    sizes = ["--batch-size", "128", "--depth", "3", "--epochs", "1", "--results", str(tmp_path / "results")]
    for attempt in ("prepared again", "from the cache"):
        done = subprocess.run([sys.executable, "-c", CODE, *train, *sizes], capture_output=True, text=True, check=True)
        code, megabytes = map(float, done.stdout.splitlines()[-1].split())
        assert code == 0
        assert megabytes * MEGABYTE < limit, f"{attempt}: {megabytes:.0f} MB"


TRAIN = ("train", "--dataset", "blobs:n=120", "--epochs", "1", "--memory")


def limited(size: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlpcli", *TRAIN, size, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@on_linux
def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of 2 x 2100 x 2100 are 35 MB; with gradients, moments and NumPy itself over 200 MB, not 2 GB."""
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    large = ["--width", "2100", "--depth", "3", "--batch-size", "full"]
    refused = limited("200MB", *large)
    assert (refused.returncode, refused.stdout) == (65, "")
    assert "more --memory if it is given" in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr
    assert limited("2GiB", *large).returncode == 0


@pytest.mark.parametrize("size", ["", "much", "1", "-1GB", "1TB", "100MB"])
def test_sizes_that_are_none(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*TRAIN, size]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"mlpcli: error: --memory {size!r}: " in err
