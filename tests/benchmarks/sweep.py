"""Whole sweeps side by side, from shell to results on disk, process start and imports included.

    python -m tests.benchmarks.sweep --write

Sixty-four trials (4 dropout rates, 16 seeds) on digits, batch 32, Adam, 10 epochs, scored on validation rows after
every epoch; contenders in turn, rounds interleaved, medians. The peers (extra `bench`) write a CSV of their scores;
mlpcli writes all its files, trains with its epochs' metrics and scores train, validation and test rows at the end.
Install it as users do, `pip install .`: a copy without its byte code is compiled again by every process.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.limits import beside
from tests.benchmarks.measured_on import measured_on, page, title

HERE = Path(__file__).parent
REFERENCE = page("sweep.md")
LIMITS = {"scikit-learn": 0.18, "PyTorch": 0.11, "JAX": 0.17, "mlpcli one by one": 1.0}
"""The share of a peer's time to reach."""

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
    """A markdown table: median, range, and ours as a share of each, bold where that is above its limit."""
    ours = statistics.median(times["mlpcli"])
    lines = [f"## {title}", "", "| | median s | min to max | mlpcli takes |", "|---|---|---|---|"]
    for name, taken in times.items():
        text = beside(ours / statistics.median(taken), LIMITS.get(name), " of it", digits=3)
        lines.append(f"| {name} | {statistics.median(taken):.2f} | {min(taken):.2f} to {max(taken):.2f} | {text} |")
    return [*lines, ""]


def report(lines: list[str], rounds: int) -> str:
    """The page that stands in the reference folder."""
    return "\n".join(
        [
            title("Sweeps beside their peers"),
            "",
            "Made by `python -m tests.benchmarks.sweep --write`: seconds from shell to results on disk, medians over",
            f"{rounds} rounds in which all take turns; in brackets the share to reach, bold where it is missed.",
            "",
            *lines,
            measured_on("scikit-learn", "joblib", "torch", "jax"),
            "",
        ]
    )


def main() -> None:
    """Run the comparisons and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    given = parser.parse_args()
    peers, own = ["mlpcli", "scikit-learn", "PyTorch", "JAX"], ["mlpcli", "mlpcli one by one"]
    lines = []
    for what, contenders, width, depth, epochs in (
        ("64 trials of 64 x 3, 10 epochs", peers, 64, 3, 10),
        ("64 trials of 16 x 2, 100 epochs, stacked and one by one", own, 16, 2, 100),
        ("64 trials of 256 x 3, 10 epochs, stacked and one by one", own, 256, 3, 10),
    ):
        lines += rows(what, compare(contenders, width, depth, epochs, given.rounds))
    text = report(lines, given.rounds)
    print(text)
    if given.write:
        REFERENCE.write_text(text, encoding="utf-8")
        print(f"written to {REFERENCE}", file=sys.stderr)


if __name__ == "__main__":
    main()
