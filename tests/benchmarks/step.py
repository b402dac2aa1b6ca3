"""What a training step costs beside its peers, who take the same steps in the same minutes.

    python -m tests.benchmarks.step [--write]

prints the table, and with --write puts it into results/reference/step.md. Contenders take turns in rounds, each in a
process of its own, so that all meet the same disturbances; a time is the median over the rounds, a ratio one of
medians; with one thread it is processor time. It needs the `bench` extra, a quiet machine and eight minutes.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context
from statistics import median

from mlpcli.threads import set_up_blas
from tests.benchmarks.contenders import CONTENDERS, Problem, set_up, time_steps
from tests.benchmarks.limits import beside
from tests.benchmarks.measured_on import measured_on, page, title

REFERENCE = page("step.md")
PEERS = ("products", "scikit-learn", "PyTorch", "JAX", "bare PyTorch")
PROBLEMS = (
    Problem(inputs=64, width=16, batch=32, steps=1000),
    Problem(inputs=64, width=64, batch=32, steps=1000),
    Problem(inputs=784, width=64, batch=128, steps=300),
    Problem(inputs=784, width=256, batch=128, steps=120),
    Problem(inputs=784, width=1024, batch=128, steps=40),
)
SIZES = [(problem.inputs, problem.width) for problem in PROBLEMS]
LIMITS = {
    "products": {(784, 256): 1.2, (784, 1024): 1.15},
    "scikit-learn": dict.fromkeys(SIZES, 0.65),
    "PyTorch": {(784, 256): 0.75, (784, 1024): 0.9},
    "JAX": dict(zip(SIZES, (1.6, 1.6, 1.0, 1.0, 1.0), strict=True)),
    "bare PyTorch": {},
}
"""The most that ours may take with one thread, as a multiple of each peer's time, by inputs and width."""

ADAM = 0.05
"""What Adam's update may take beyond that of momentum, as a share of the products, which update nothing."""

Times = dict[str, float]


def environment(threads: int) -> dict[str, str]:
    """What tells each library how many threads to use."""
    return dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))


def measure(problems: Sequence[Problem], rounds: int) -> Iterator[tuple[Problem, Times]]:
    """The median seconds of a step for every contender, problem by problem; all of them with as many threads."""
    set_up_blas()
    os.environ.update(environment(problems[0].threads))
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn"))) for name in CONTENDERS
        }
        for problem in problems:
            for name, process in processes.items():
                process.submit(set_up, name, problem).result()
            times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
            for _ in range(rounds):
                for name, process in processes.items():
                    times[name].append(process.submit(time_steps, problem.steps).result())
            yield problem, {name: median(seconds) for name, seconds in times.items()}


def table(measured: Sequence[tuple[Problem, Times]]) -> Iterator[str]:
    """The lines of the report in Markdown; a ratio beyond its limit is bold."""
    ratios = [*(f"ours / {peer}" for peer in PEERS), "products / PyTorch"]
    yield "| threads | optimizer | inputs | width | batch | ours, µs | " + " | ".join(ratios) + " |"
    yield "|---:|---|---:|---:|---:|---:|" + "---:|" * len(ratios)
    for problem, times in measured:
        cells = [problem.threads, problem.optimizer, problem.inputs, problem.width, problem.batch]
        cells.append(f"{times['ours'] * 1e6:,.0f}")
        for peer in PEERS:
            ratio = times["ours"] / times[peer]
            limit = LIMITS[peer].get((problem.inputs, problem.width)) if problem.threads == 1 else None
            if limit is not None and peer == "products" and problem.optimizer == "adam":
                limit = round(limit + ADAM, 2)
            cells.append(beside(ratio, limit))
        cells.append(f"{times['products'] / times['PyTorch']:.2f}")
        yield "| " + " | ".join(map(str, cells)) + " |"


def report(lines: Sequence[str], rounds: int, threads: Sequence[int]) -> str:
    """The page that stands in the reference folder."""
    flags = " --write" if len(threads) > 1 else f" --threads {threads[0]} --write"
    return "\n".join(
        [
            title("A training step beside its peers"),
            "",
            f"Made by `python -m tests.benchmarks.step{flags}`: the time of a step with three hidden layers, ReLU, 10",
            "classes, float32, and its ratio to the step's bare matrix products, scikit-learn's MLPClassifier, PyTorch",
            f"eager and JAX jitted over a scan. Medians over {rounds} rounds in which all take turns, of processor",
            "time with one thread and of wall time with two; in brackets the ratio to reach, bold where it is missed.",
            "Ours, PyTorch and JAX add up each epoch's loss, hits and norm of the gradient, scikit-learn the loss.",
            "Bare PyTorch adds up nothing, which is less than ours does. The last column is what NumPy's matrix",
            "products alone, with nothing around them, take of PyTorch's step: no code on this NumPy takes less.",
            "",
            *lines,
            "",
            measured_on("scikit-learn", "torch", "jax"),
            "",
        ]
    )


def main() -> None:
    """Measure what was asked for and report it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count()])
    parser.add_argument("--width", type=int, nargs="+", help="only these widths")
    parser.add_argument("--optimizer", nargs="+", default=["momentum", "adam"])
    given = parser.parse_args()
    measured = []
    print(*table([]), sep="\n")
    for threads in given.threads:
        problems = [
            replace(problem, optimizer=optimizer, threads=threads)
            for optimizer in given.optimizer
            for problem in PROBLEMS
            if given.width is None or problem.width in given.width
        ]
        for row in measure(problems, given.rounds):
            measured.append(row)
            print(list(table([row]))[-1], flush=True)
    if given.write:
        REFERENCE.write_text(report(list(table(measured)), given.rounds, given.threads), encoding="utf-8")
        print(f"written to {REFERENCE}", file=sys.stderr)


if __name__ == "__main__":
    main()
