"""What a step costs each replica of a stack, by the size of the stack: `mlpcli.sweeps.plan.training_cost` rests on it.

    python -m tests.benchmarks.stack [--write]

prints the table, and with --write puts it into results/reference/stack.md. Stacks of every size take turns in rounds;
a time is processor time, the median over the rounds. It needs one core and some three minutes.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from time import process_time
from typing import Any

from mlpcli.config import RunOptions
from mlpcli.data import Prepared, prepare
from mlpcli.sweeps.plan.caches import core_cache
from mlpcli.sweeps.plan.training_cost import cost_of
from mlpcli.threads import blas_threads
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.planned_run import plan_run
from tests.benchmarks.contenders import Problem, products
from tests.benchmarks.measured_on import measured_on, page, title

REFERENCE = page("stack.md")
NETWORKS: tuple[dict[str, Any], ...] = tuple(
    {"width": width, "depth": depth, "dropout": dropout}
    for width, depth in ((4, 1), (16, 2), (32, 3), (64, 3), (128, 3), (256, 3))
    for dropout in (0.0, 0.2)
)
REPLICAS = (1, 2, 4, 8, 16, 32, 64, 128)

Times = dict[int, float]
"""Seconds of a step and replica, by the number of replicas."""


def run_of(network: dict[str, Any], data: Prepared, seed: int = 0) -> RunOptions:
    """A run that has no end, on one thread."""
    return plan_run(RunOptions(**network, seed=seed, epochs=1_000_000), data, threads=1).options


def measure(network: dict[str, Any], data: Prepared, rounds: int) -> Times:
    """Every stack in each round, for as many epochs as it takes to warm up; evaluation on validation rows included."""
    trainers = {n: Trainer([run_of(network, data, seed) for seed in range(n)], data) for n in REPLICAS}
    epochs = {n: trainer.epochs() for n, trainer in trainers.items()}
    seconds: dict[int, list[float]] = {n: [] for n in REPLICAS}
    for turn in range(1 + rounds):  # the first warms up
        for n, stack in epochs.items():
            repeats = max(1, 32 // n)
            started = process_time()
            for _ in range(repeats):
                next(stack)
            if turn:
                seconds[n].append((process_time() - started) / (repeats * len(trainers[n].bounds) * n))
    return {n: median(times) for n, times in seconds.items()}


def measure_products(network: dict[str, Any], replicas: int, rounds: int) -> float:
    """Seconds of the bare matrix products of a step and replica, in a stack of this size."""
    run = products(Problem(64, network["width"], 32, steps=50, depth=network["depth"], replicas=replicas))
    seconds = []
    for turn in range(1 + rounds):
        started = process_time()
        run()
        if turn:
            seconds.append((process_time() - started) / (50 * replicas))
    return median(seconds)


def table(measured: Sequence[tuple[dict[str, Any], Times, int, float]]) -> Iterator[str]:
    """The lines of the report in Markdown; the fastest stack is bold, `most` the size that a sweep stops at."""
    yield "| width x depth | dropout | " + " | ".join(map(str, REPLICAS)) + " | most | products |"
    yield "|---|---:|" + "---:|" * (len(REPLICAS) + 2)
    for network, times, most, bare in measured:
        least = min(times.values())
        cells = [f"**{t * 1e6:.1f}**" if t == least else f"{t * 1e6:.1f}" for t in times.values()]
        name = f"{network['width']} x {network['depth']}"
        yield f"| {name} | {network['dropout']} | " + " | ".join(cells) + f" | {most} | {bare / least:.0%} |"


def report(lines: Sequence[str], rounds: int) -> str:
    """The page that stands in the reference folder."""
    return "\n".join(
        [
            title("What a step costs each replica of a stack"),
            "",
            "Made by `python -m tests.benchmarks.stack --write`: microseconds of a step and replica, by the number of",
            "replicas. Digits (64 inputs, 10 classes), batches of 32, adam, float32, one thread; processor time,",
            f"validation included, the median of {rounds} rounds. `most` is the limit of",
            "`mlpcli.sweeps.plan.training_cost`, `products` what the bare matrix products of the fastest stack take",
            "of its time.",
            "",
            *lines,
            "",
            measured_on(),
            "",
        ]
    )


def main() -> None:
    """Measure every network and report it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    data = prepare(RunOptions().data, None)
    measured = []
    print(*table([]), sep="\n")
    with blas_threads(1):
        for network in NETWORKS:
            sizes = len(data.features), len(data.classes or ()), len(data.train)
            most = cost_of(run_of(network, data), *sizes, core_cache()).replicas
            times = measure(network, data, given.rounds)
            fastest = min(times, key=lambda replicas: times[replicas])
            measured.append((network, times, most, measure_products(network, fastest, given.rounds)))
            print(list(table(measured[-1:]))[-1], flush=True)
    if given.write:
        REFERENCE.write_text(report(list(table(measured)), given.rounds), encoding="utf-8")
        print(f"written to {REFERENCE}", file=sys.stderr)


if __name__ == "__main__":
    main()
