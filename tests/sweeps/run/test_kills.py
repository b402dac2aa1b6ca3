"""Killed at any moment, and run again: the same files, nothing finished run twice, nobody left behind."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.sweeps.sweeps import kill_group, rows, seconds, start_sweep, sweep, timeless, write_sweep
from tests.workers.processes import PATIENCE, alive, eventually

BASE = {"dataset": "digits", "test_size": 0.3, "epochs": 9, "width": 24, "optimizer": "sgd", "patience": 4}
KEYS: dict[str, Any] = {
    "seeds": 5,
    "base": BASE,
    "grid": {"dropout": [0.0, 0.2], "norm": ["none", "layer"], "depth": [1, 2]},
    "points": [{"lr": 1e38}],
}
HALVING = {"halving": {"min_epochs": 2, "factor": 2}}

POISONED = "import mlpcli.api.sweep_workers as s; s.PRELOAD = (*s.PRELOAD, 'poison')"
POISON = """
import os, signal
from mlpcli.training.ensembles import trainers as work

class Poisoned(work.Trainer):
    def epochs(self, *arguments, **options):
        for number, rows in enumerate(super().epochs(*arguments, **options)):
            if number == 1 and any(run.seed == 3 and run.dropout == 0.2 for run in self.runs):
                os.kill(os.getpid(), signal.SIGKILL)
            yield rows

work.Trainer = Poisoned
"""


@pytest.fixture(scope="module")
def halved(place: Path) -> tuple[Path, Path]:
    """A sweep file, and what it comes to undisturbed."""
    file = write_sweep(place / "halved.toml", **KEYS, **HALVING)
    return file, sweep(file, place / "golden", code=1)


@pytest.fixture(scope="module")
def goldens(place: Path, halved: tuple[Path, Path]) -> dict[Path, Path]:
    """Another one too."""
    plain = write_sweep(place / "plain.toml", **KEYS)
    return {plain: sweep(plain, place / "golden", code=1), halved[0]: halved[1]}


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        kill_group(process)


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    if process.poll() is not None:
        return []
    return psutil.Process(process.pid).children(recursive=True)


def kill_parent(process: subprocess.Popen[str], rng: random.Random) -> bool:
    if process.poll() is not None:
        return False
    process.kill()
    process.communicate()
    assert eventually(lambda: not alive(process.pid)), "orphans"
    return True


def kill_worker(process: subprocess.Popen[str], rng: random.Random) -> bool:
    found = workers_of(process)
    if not found:
        return False
    with suppress(psutil.NoSuchProcess):
        rng.choice(found).kill()
    return True


def disturb(
    kills: int, seed: int, place: Path, goldens: dict[Path, Path], started: list[subprocess.Popen[str]]
) -> dict[str, int]:
    """Run sweeps, each killed repeatedly, until this number of kills has struck; return how many of each kind did."""
    rng = random.Random(seed)
    struck = {"kill_parent": 0, "kill_worker": 0}
    lasted, round_ = 2.0, 0
    while sum(struck.values()) < kills:
        file, golden = rng.choice(list(goldens.items()))
        results, known = place / f"killed{seed}-{round_}", {}
        round_ += 1
        finished = False
        while not finished:
            process = start_sweep(file, results, "--jobs", "2", "--quiet")
            started.append(process)
            begin = time.monotonic()
            kill = rng.choice([kill_parent, kill_worker])
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, lasted) if sum(struck.values()) < kills else None)
            if kill(process, rng):
                struck[kill.__name__] += 1
            if kill is kill_worker or process.returncode != -signal.SIGKILL:
                _, err = process.communicate(timeout=PATIENCE)
                assert process.returncode == 1, err  # a trial diverges
                finished, lasted = True, 0.9 * (time.monotonic() - begin)
            assert eventually(lambda: not alive(process.pid)), "orphans"  # noqa: B023
            now = seconds(results / file.stem)
            assert all(now.get(run_id) == time_s for run_id, time_s in known.items()), "run twice"
            known = now
        assert timeless(results / file.stem) == timeless(golden)
        assert sorted(os.listdir(results / file.stem)) == sorted(os.listdir(golden))
    return struck


def test_a_worker_is_killed_and_then_the_command(
    place: Path, halved: tuple[Path, Path], started: list[subprocess.Popen[str]]
) -> None:
    file, golden = halved
    folder, rng = place / "killed" / file.stem, random.Random(0)
    process = start_sweep(file, folder.parent, "--jobs", "2", "--quiet")
    started.append(process)
    for count, kill in ((1, kill_worker), (len(rows(golden, "trials.csv")) // 2, kill_parent)):
        assert eventually(lambda: len(seconds(folder)) >= count or process.poll() is not None)  # noqa: B023 - at once
        kill(process, rng)
    known = seconds(folder)
    sweep(file, folder.parent, code=1)  # a trial diverges
    assert known.items() <= seconds(folder).items(), "run twice"
    assert timeless(folder) == timeless(golden)
    assert sorted(os.listdir(folder)) == sorted(os.listdir(golden))


@pytest.mark.slow
def test_a_hundred_random_kills(place: Path, goldens: dict[Path, Path], started: list[subprocess.Popen[str]]) -> None:
    struck = disturb(100, 1, place, goldens, started)
    print(struck)
    assert min(struck.values()) >= 25


def test_a_poisoned_trial(place: Path, started: list[subprocess.Popen[str]]) -> None:
    """What kills its worker each time is failed, and nothing else is; run again without poison, all is well."""
    small = {
        **KEYS,
        "base": {**BASE, "epochs": 3},
        "seeds": [1, 3],
        "grid": {"dropout": [0.0, 0.2], "norm": ["none", "layer"]},
        "points": [],
    }
    file = write_sweep(place / "poisoned.toml", **small)
    golden = sweep(file, place / "golden")
    (place / "poison.py").write_text(POISON)
    path = os.pathsep.join([str(place), os.environ["PYTHONPATH"]])
    process = start_sweep(file, place / "poison", "--jobs", "2", before=POISONED, environment={"PYTHONPATH": path})
    started.append(process)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, err
    trials = rows(place / "poison/poisoned", "trials.csv")
    failed = [row for row in trials if row["state"] == "failed"]
    assert [(row["dropout"], row["norm"], row["seed"]) for row in failed] == [
        ("0.2", "none", "3"),
        ("0.2", "layer", "3"),
    ]
    assert all("SIGKILL" in row["error"] for row in failed)
    others = {row["run_id"] for row in trials} - {row["run_id"] for row in failed}
    assert len(others) == 6
    assert timeless_of(place / "poison/poisoned", others) == timeless_of(golden, others)
    assert "2 of 8 trials failed or diverged" in err.splitlines()[-1] and "--retry-failed" in err.splitlines()[-1]
    assert "tried again in halves" in err
    before = seconds(place / "poison/poisoned")
    sweep(file, place / "poison", code=1)
    assert seconds(place / "poison/poisoned") == before
    sweep(file, place / "poison", "--retry-failed")
    assert timeless(place / "poison/poisoned") == timeless(golden)
    after = seconds(place / "poison/poisoned")
    assert {run_id for run_id in after if after[run_id] != before[run_id]} == {row["run_id"] for row in failed}


def timeless_of(folder: Path, run_ids: set[str]) -> dict[str, list[list[str]]]:
    found = timeless(folder, ("trials.csv", "metrics.csv"))
    return {name: [row for row in cells if row[1] in run_ids] for name, cells in found.items()}
