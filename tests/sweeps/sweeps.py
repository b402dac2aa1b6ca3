"""Sweeps run from the outside, and what has to be equal of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w

from mlpcli.cli.main import run
from mlpcli.results.files.csv_text import parse
from tests.workers.processes import eventually

ENTER = "from mlpcli.__main__ import main; main()"
TABLES = ("trials.csv", "metrics.csv", "summary.csv")


def write_sweep(path: Path, **keys: Any) -> Path:
    """A sweep file with these keys and tables."""
    path.write_text(tomli_w.dumps(keys))
    return path


def sweep(file: Path, results: Path, *flags: str, code: int = 0) -> Path:
    """Run it in this process, quietly and one job after the other unless `flags` say otherwise; its folder."""
    executor = () if "--executor" in flags or "--jobs" in flags else ("--executor", "serial")
    assert run(["sweep", str(file), "--results", str(results), "--quiet", *executor, *flags]) == code
    name = flags[flags.index("--name") + 1] if "--name" in flags else file.stem
    return results / name


def start_sweep(
    file: Path, results: Path, *flags: str, before: str = "", environment: dict[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Start it as a process that leads a group of its own; `before` is Python to run first."""
    script = f"{before}\n{ENTER}" if before else ENTER
    return subprocess.Popen(
        [sys.executable, "-c", script, "sweep", str(file), "--results", str(results), *flags],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        **options,
    )


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """A table's rows by column."""
    header, *cells = parse((folder / name).read_bytes())
    return [dict(zip(header, row, strict=True)) for row in cells]


def timeless(folder: Path, names: tuple[str, ...] = TABLES) -> dict[str, list[list[str]]]:
    """The tables' cells as they stand there, without the columns of seconds."""
    found = {}
    for name in names:
        header, *cells = parse((folder / name).read_bytes())
        kept = [index for index, column in enumerate(header) if not column.endswith("_s")]
        found[name] = [[row[index] for index in kept] for row in (header, *cells)]
    return found


def seconds(folder: Path) -> dict[str, str]:
    """How long each trial trained, as it is recorded: another training would have another time."""
    path = folder / "trials.csv"
    if not path.exists():
        return {}
    data = path.read_bytes()
    header, *cells = parse(data[: data.rfind(b"\n") + 1])
    table = [dict(zip(header, row, strict=True)) for row in cells]
    return {row["run_id"]: row["time_s"] for row in table}


def run_killed(file: Path, results: Path, moments: Sequence[int], before: str = "") -> Path:
    """Run a sweep that is killed each time this many trials are recorded, and let it end; its folder.

    Nothing that was recorded is trained again. A busy machine does not change the moments.
    """
    folder, known = results / file.stem, dict[str, str]()
    for count in moments:
        process = start_sweep(file, results, "--jobs", "2", "--quiet", before=before)
        try:
            assert eventually(lambda: len(seconds(folder)) >= count or process.poll() is not None)  # noqa: B023 - at once
        finally:
            kill_group(process)
        now = seconds(folder)
        assert known.items() <= now.items(), "trained twice"
        known = now
    sweep(file, results)
    assert known.items() <= seconds(folder).items(), "trained twice"
    return folder


def kill_group(process: subprocess.Popen[str]) -> None:
    """End a process that runs and all it started; of one that was waited for, the number may be another's by now."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
