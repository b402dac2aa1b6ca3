"""Reading at scale: predictions for a table of ten million rows, and lists of many runs and trials.

    python -m tests.benchmarks.reading [--rows 10000000] [--write]

makes a CSV of 8 numbers per row (0.6 GB at ten million), predicts it with a network of 3 hidden layers of 256 units in
a process whose own memory is watched, and compares its rows per second with those of the network's forward pass alone,
on the same rows from memory. Then it lists 1,000 runs, and a sweep of 20,000 trials, from modules that are compiled
already, as an installation has them. Speeds are taken from processor time, which other programs disturb less than the
clock does; both sides use one thread. It needs Linux, the extra `parquet`, and 2 GB of free disk.
"""

import argparse
import compileall
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import mlpcli
from mlpcli.data.new_rows_in_memory import encode_in_memory
from mlpcli.threads import blas_threads
from tests.benchmarks.measured_on import measured_on
from tests.plot.folders import sweep_folder

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "predict.md"
COLUMNS = [f"x{at}" for at in range(8)]
ROWS_AT_ONCE = 200_000
RUNS, TRIALS, TURNS, LISTINGS = 1_000, 20_000, 3, 9
ASKED_SECONDS, ASKED_SPEED, ASKED_MEMORY = 0.5, 0.5, 500_000_000
HELP = "`mlpcli --help`"
COMMAND = [sys.executable, "-m", "mlpcli"]


def write_rows(path: Path, rows: int) -> None:
    """Normal numbers of four decimals."""
    import pyarrow
    from pyarrow import csv

    rng = np.random.default_rng(0)
    schema = pyarrow.schema([(name, pyarrow.float64()) for name in COLUMNS])
    with csv.CSVWriter(path, schema) as writer:
        for start in range(0, rows, ROWS_AT_ONCE):
            x = rng.standard_normal((len(COLUMNS), min(ROWS_AT_ONCE, rows - start))).round(4)
            writer.write_table(pyarrow.table([*x], names=COLUMNS))


def trained(folder: Path) -> mlpcli.Model:
    """A network of default options but its size, in the folder `net`; how well it learned does not matter."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2_000, len(COLUMNS)))
    frame = dict(zip(COLUMNS, x.T, strict=True)) | {"y": x[:, 0] * x[:, 1] + x[:, 2]}
    options = {"width": 256, "depth": 3, "epochs": 2, "threads": 1}
    return mlpcli.train(frame, target="y", results=folder, name="net", progress=False, **options).model


def watched(command: list[str], folder: Path) -> tuple[float, int]:
    """Processor time of a command, and the most anonymous memory that it held, in bytes."""
    before, most = resource.getrusage(resource.RUSAGE_CHILDREN), 0
    with subprocess.Popen(command, cwd=folder) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            most = max([most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:"))])
            time.sleep(0.05)
    if process.returncode:
        raise SystemExit(process.returncode)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, most * 1024


def forward_alone(model: mlpcli.Model) -> float:
    """Processor time of the forward pass, in seconds per row; the median of some turns."""
    x = encode_in_memory(np.random.default_rng(2).standard_normal((ROWS_AT_ONCE, len(COLUMNS))), model.preprocessing)
    seconds = []
    with blas_threads(1):
        for _ in range(TURNS):
            started = time.process_time()
            model.scores(x)
            seconds.append((time.process_time() - started) / len(x))
    return median(seconds)


def listed(folder: Path, *words: str) -> tuple[float, float]:
    """Processor time and time on the clock of a command that prints into a pipe, each the least of some turns.

    Other programs only ever add to both; a first turn fills the cache of the disk.
    """
    processor, clock = [], []
    for _ in range(LISTINGS + 1):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*COMMAND, *words], cwd=folder, check=True, capture_output=True)
        clock.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(processor[1:]), min(clock[1:])


def many_results(folder: Path) -> None:
    """`runs` has copies of one run that differ in their seed; `sweeps` has one sweep."""
    mlpcli.train("moons", width=8, epochs=5, results=folder, name="one", progress=False)
    result = json.loads((folder / "one/result.json").read_text())
    for seed in range(RUNS):
        copy = folder / "runs" / f"moons-{seed:04}"
        shutil.copytree(folder / "one", copy)
        config = {**result["config"], "seed": seed}
        (copy / "result.json").write_text(json.dumps({**result, "run_id": f"{seed:012x}", "config": config}, indent=2))
    rates = [10 ** (at / 500 - 4) for at in range(TRIALS // 20)]
    sweep_folder(folder / "sweeps/sweep", {"lr": rates, "width": [16, 32, 64, 128]}, seeds=5, epochs=1)


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "not reached"


def main() -> None:
    """Predict, list, and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the table is made")
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        os.environ["MLPCLI_DATA_HOME"] = str(folder / "home")
        model = trained(folder)
        write_rows(folder / "rows.csv", given.rows)
        forward = [forward_alone(model)]
        seconds, held = watched([*COMMAND, "predict", "-q", "net/model.safetensors", "rows.csv", "-o", "p.csv"], folder)
        forward.append(forward_alone(model))
        many_results(folder)
        compileall.compile_dir(Path(mlpcli.__file__).parent, quiet=1)
        lists = {
            HELP: listed(folder, "--help"),
            "`list` of an empty folder": listed(folder, "list", "--results", "nothing"),
            f"`list` of {RUNS:,} runs": listed(folder, "list", "--results", "runs"),
            f"`list` of a sweep of {TRIALS:,} trials": listed(folder, "list", "sweep", "--results", "sweeps"),
            "the same with `--sort -val_accuracy --top 20`": listed(
                folder, "list", "sweep", "--results", "sweeps", "--sort", "-val_accuracy", "--top", "20"
            ),
        }
    each, speed = seconds / given.rows, median(forward) * given.rows / seconds
    slowest = max(clock for what, (_, clock) in lists.items() if what != HELP)
    asked = (
        f"Asked: lists within {ASKED_SECONDS} s, `predict` at {ASKED_SPEED} of the forward pass's speed in under"
        f" {ASKED_MEMORY / 1e6:.0f} MB.\nReached: {slowest:.2f} s ({_verdict(slowest <= ASKED_SECONDS)}), {speed:.2f}"
        f" ({_verdict(speed >= ASKED_SPEED)}), {held / 1e6:.0f} MB ({_verdict(held < ASKED_MEMORY)})."
    )
    text = "\n".join(
        [
            "# Reading at scale",
            "",
            f"`mlpcli predict` on a CSV of {given.rows:,} rows of {len(COLUMNS)} numbers, by a network of 3 hidden",
            f"layers of 256 units ({model.network.size:,} parameters), on one thread. Speeds are of processor time;",
            "memory is the process's anonymous resident memory; lists must be there in time on the clock. Made",
            "by `python -m tests.benchmarks.reading --write`.",
            "",
            asked,
            "",
            "| | µs per row | rows per second |",
            "|---|---:|---:|",
            f"| forward pass alone, rows in memory | {median(forward) * 1e6:.2f} | {1 / median(forward):,.0f} |",
            f"| `predict`, from CSV to CSV | {each * 1e6:.2f} | {1 / each:,.0f} |",
            "",
            f"The least of {LISTINGS} turns, each printing every row into a pipe:",
            "",
            "| | processor time, s | on the clock, s |",
            "|---|---:|---:|",
            *(f"| {what} | {processor:.2f} | {clock:.2f} |" for what, (processor, clock) in lists.items()),
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
