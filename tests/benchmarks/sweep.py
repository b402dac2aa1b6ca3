"""Whole sweeps side by side, from shell to results on disk, process start and imports included.

    python tests/benchmarks/sweep.py --write results/reference/sweep.md

Sixty-four trials (4 dropout rates, 16 seeds) on digits, batch 32, Adam, 10 epochs, scored on validation rows after
every epoch; contenders in turn, rounds interleaved, medians. The peers (extra `bench`) write a CSV of their scores;
mlpcli writes all its files, trains with its epochs' metrics and scores train, validation and test rows at the end.
Install it as users do, `pip install .`: a copy without its byte code is compiled anew by every process.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent

SWEEP = """
name = "bench"
seeds = 16
[base]
dataset = "digits"
width = {width}
depth = {depth}
epochs = {epochs}
[grid]
dropout = [0.0, 0.1, 0.2, 0.5]
"""


def command(contender: str, width: int, depth: int, epochs: int, folder: Path) -> list[str]:
    """The command line of a contender; `mlpcli one by one` is ours without stacks."""
    if contender.startswith("mlpcli"):
        (folder / "bench.toml").write_text(SWEEP.format(width=width, depth=depth, epochs=epochs))
        start = [str(HERE / "one_by_one.py")] if "one by one" in contender else ["-m", "mlpcli"]
        return [sys.executable, *start, "sweep", "bench.toml", "-q"]
    script = {"scikit-learn": "sklearn_joblib", "PyTorch": "torch_processes", "JAX": "jax_vmap"}[contender]
    return [sys.executable, str(HERE / "peers" / f"{script}.py"), "64", str(epochs), str(width), str(depth), "out.csv"]


def seconds(contender: str, width: int, depth: int, epochs: int) -> float:
    """Wall time of one run of a contender, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        words = command(contender, width, depth, epochs, Path(folder))
        started = time.perf_counter()
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - started


def compare(contenders: list[str], width: int, depth: int, epochs: int, rounds: int) -> dict[str, list[float]]:
    """The times of each contender, rounds interleaved, after one round to warm up caches."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name in contenders:
            taken = seconds(name, width, depth, epochs)
            if number:
                times[name].append(taken)
    return times


def rows(title: str, times: dict[str, list[float]]) -> list[str]:
    """A markdown table: median, range, and ours as a share of each."""
    ours = statistics.median(times["mlpcli"])
    lines = [f"## {title}", "", "| | median s | min to max | mlpcli takes |", "|---|---|---|---|"]
    for name, taken in times.items():
        median = statistics.median(taken)
        lines.append(f"| {name} | {median:.2f} | {min(taken):.2f} to {max(taken):.2f} | {ours / median:.2f} of it |")
    return [*lines, ""]


def main() -> None:
    """Run the comparisons and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    peers = ["mlpcli", "scikit-learn", "PyTorch", "JAX"]
    lines = [
        "# Sweeps side by side",
        "",
        f"`python tests/benchmarks/sweep.py --rounds {chosen.rounds} --write results/reference/sweep.md`, "
        f"{len(os.sched_getaffinity(0))} cores. Targets: at most 0.25 of scikit-learn, 0.14 of PyTorch, 0.25 of JAX.",
        "",
        *rows("64 trials of 64 x 3, 10 epochs", compare(peers, 64, 3, 10, chosen.rounds)),
    ]
    own = ["mlpcli", "mlpcli one by one"]
    lines += rows("64 trials of 16 x 2, 100 epochs, stacked and one by one", compare(own, 16, 2, 100, chosen.rounds))
    lines += rows("64 trials of 256 x 3, 10 epochs, stacked and one by one", compare(own, 256, 3, 10, chosen.rounds))
    text = "\n".join(lines)
    print(text)
    if chosen.write:
        chosen.write.write_text(text)


if __name__ == "__main__":
    main()
