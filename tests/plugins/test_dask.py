"""Parts of the user's own on Dask clusters: one that the command starts, and one that shares no files with it."""

from pathlib import Path

import pytest

from tests.plugins.parts import NAMES
from tests.sweeps.sweeps import start_sweep, sweep, timeless, write_sweep
from tests.workers.hand_cluster import HandCluster
from tests.workers.processes import PATIENCE

pytestmark = pytest.mark.slow


def test_a_cluster_gives_the_bytes_of_one_process(
    parts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of part. The workers by hand are in empty folders; the file is here alone, and is not importable."""
    for name in ("PYTHONSAFEPATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    base = {"dataset": "moons:n=60", "epochs": 2, "width": 4, "loss": "squared"}
    points = [{option: name} for option, name in NAMES.items()]
    file = write_sweep(tmp_path / "s.toml", seeds=2, base=base, points=points)
    flags = ["--plugin", "parts.py", "--quiet", "--keep-models", "all"]
    here = sweep(file, Path("results"), "--executor", "serial", "--name", "here", *flags)
    (tmp_path / "cluster").mkdir()
    with HandCluster(tmp_path / "cluster", workers=2) as by_hand:
        for name, executor in (("own", "dask"), ("joined", f"dask://{by_hand.location}")):
            process = start_sweep(file, Path("results"), "--executor", executor, "--name", name, "--jobs", "2", *flags)
            _, error = process.communicate(timeout=2 * PATIENCE)
            assert process.returncode == 0, error
            assert timeless(Path("results", name)) == timeless(here)
            models = [sorted(Path(folder, "models").iterdir()) for folder in (here, Path("results", name))]
            assert len(models[0]) == 2 * len(NAMES)
            assert [path.read_bytes() for path in models[1]] == [path.read_bytes() for path in models[0]]
        assert not list(by_hand.folder.rglob("parts.py"))
