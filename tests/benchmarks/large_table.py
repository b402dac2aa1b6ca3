"""A table larger than the memory allowed: prepared and trained within `--memory`, and how fast beside data in memory.

    python -m tests.benchmarks.large_table [--rows 10000000] [--memory 1GB] [--write]

makes a CSV of 64 numbers and a class per row (5 GB), trains on it for an epoch in one command whose own memory it
watches, then takes two epochs from the memory map and two from arrays in memory, by turns. It needs Linux, the extra
`parquet`, 14 GB of free disk in --folder, and memory for 2.5 GB of arrays.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mlpcli.config import Source, build
from mlpcli.data import Prepared, prepare
from mlpcli.threads import blas_threads
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.planned_run import plan_run
from tests.benchmarks.measured_on import measured_on

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "large_table.md"
COLUMNS = 64
ROWS_AT_ONCE = 200_000
OPTIONS = ["--width", "64", "--depth", "2", "--batch-size", "256", "--test-size", "0.1", "--val-size", "0.1"]


def write_table(path: Path, rows: int) -> None:
    """Normal numbers of four decimals; the class is the sign of a product and a sum of some of them."""
    import pyarrow
    from pyarrow import csv

    rng = np.random.default_rng(0)
    names = [*(f"x{i}" for i in range(COLUMNS)), "y"]
    types = [*[pyarrow.float64()] * COLUMNS, pyarrow.string()]
    with csv.CSVWriter(path, pyarrow.schema(list(zip(names, types, strict=True)))) as writer:
        for start in range(0, rows, ROWS_AT_ONCE):
            x = rng.standard_normal((COLUMNS, min(ROWS_AT_ONCE, rows - start))).round(4)
            y = np.where(x[0] * x[1] + x[2] > 0, "high", "low")
            writer.write_table(pyarrow.table([*x, y], names=names))


def watch(command: list[str], folder: Path) -> tuple[dict[str, Any], float, int]:
    """The result of `mlpcli train --json`, its wall time, and the most anonymous memory that it held, in bytes."""
    started, most = time.perf_counter(), 0
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            held = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")]
            most = max([most, *held])
            time.sleep(0.05)
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode:
        raise SystemExit(process.returncode)
    return json.loads(output), time.perf_counter() - started, most * 1024


def in_memory(data: Prepared) -> Prepared:
    """The same, its training rows copied into memory."""
    part = data.train
    train = replace(part, x=np.array(part.x), y=np.array(part.y), rows=np.array(part.rows))
    return replace(data, train=train, val=None, test=None)


def rows_a_second(data: Prepared, options: Any) -> tuple[float, bytes]:
    """Rows trained on a second in one epoch, and the weights after it."""
    trainer = Trainer([options], data)
    started = time.perf_counter()
    with blas_threads(1):
        next(trainer.epochs())
    return len(data.train) / (time.perf_counter() - started), trainer.network.params.tobytes()


def compare(dataset: Path, home: Path) -> tuple[float, float]:
    """Rows a second from the memory map and from memory, medians of three epochs each; their weights are equal."""
    flags = zip(OPTIONS[::2], OPTIONS[1::2], strict=True)
    named = {flag.removeprefix("--").replace("-", "_"): value for flag, value in flags}
    given = {"dataset": str(dataset), "target": "y", "epochs": "1", "patience": "0", **named}
    options = build(Source(given, "", text=True))
    data = replace(prepare(options.data, home), val=None, test=None)
    resolved = plan_run(options, data, threads=1).options
    rates: dict[str, list[float]] = {"mapped": [], "copied": []}
    for _ in range(3):
        mapped, weights = rows_a_second(data, resolved)
        copied, same = rows_a_second(in_memory(data), resolved)
        if weights != same:
            raise SystemExit("the weights differ between data mapped and data in memory")
        rates["mapped"].append(mapped)
        rates["copied"].append(copied)
    return median(rates["mapped"]), median(rates["copied"])


def main() -> None:
    """Make the table, train, compare, and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--folder", type=Path, help="where the table is made")
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder, home = Path(name), Path(name) / "home"
        table = folder / "large.csv"
        write_table(table, given.rows)
        os.environ["MLPCLI_DATA_HOME"] = str(home)
        train = [sys.executable, "-m", "mlpcli", "train", "--dataset", str(table), "--target", "y", *OPTIONS]
        train += ["--memory", given.memory, "--threads", "1", "--epochs", "1", "--json"]
        lines = ["| | seed | seconds | own memory at most, MB | test accuracy |", "|---|---:|---:|---:|---:|"]
        for seed, what in enumerate(("table read, prepared and trained on", "prepared already")):
            result, seconds, held = watch([*train, "--seed", str(seed)], folder)
            accuracy = result["metrics"]["test"]["accuracy"]
            lines.append(f"| {what} | {seed} | {seconds:.0f} | {held / 1e6:.0f} | {accuracy:.4f} |")
            print(lines[-1], flush=True)
        mapped, copied = compare(table, home)
        size = table.stat().st_size / 1e9
    text = "\n".join(
        [
            "# A table larger than the memory allowed",
            "",
            f"{given.rows:,} rows of {COLUMNS} numbers and a class, a CSV of {size:.1f} GB, trained on for one epoch",
            f"with `mlpcli train --memory {given.memory} {' '.join(OPTIONS)} --threads 1 --epochs 1`.",
            "Own memory is the process's anonymous resident memory; the pages of mapped files are the system's.",
            "Made by `python -m tests.benchmarks.large_table --write`.",
            "",
            *lines,
            "",
            f"Rows trained on a second: {mapped:,.0f} from the memory map, {copied:,.0f} from arrays in memory "
            f"({copied / mapped:.2f} times as many), with equal weights, bit for bit, after the epoch.",
            "",
            measured_on(),
            "",
        ]
    )
    print(text)
    if given.write:
        REFERENCE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
