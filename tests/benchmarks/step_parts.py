"""Where the microseconds of a training step go: each part of it repeated alone, on one thread.

    python -m tests.benchmarks.step_parts [--write]

prints the table, and with --write puts it into results/reference/step_parts.md. Parts take turns in rounds; a time is
processor time, the median over the rounds. It needs one core and two minutes.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median
from time import process_time

import numpy as np

from mlpcli.threads import blas_threads, set_up_blas
from mlpcli.training.initial_weights import initialize
from mlpcli.training.loop.batch_sums import BatchSums
from mlpcli.training.loop.replicas import Replicas
from tests.benchmarks.contenders import Problem, ours, products, training
from tests.benchmarks.measured_on import measured_on, page, title
from tests.benchmarks.step import PROBLEMS

REFERENCE = page("step_parts.md")
ROUNDS = 9
PASSES = ("batch", "forward", "loss", "its gradient", "backward", "optimizer", "sums")
"""What a step is made of, in order."""


def calls(problem: Problem) -> Mapping[str, Callable[[], object]]:
    """One call for each part of a step, one for its bare matrix products, and one for `problem.steps` whole steps."""
    options, data = training(problem)
    replicas, sums = Replicas([options], data, problem.steps), BatchSums(1, problem.steps, None)
    initialize(replicas.network, [options], data)
    network, loss, optimizer = replicas.network, replicas.loss, replicas.optimizer
    rows = np.random.default_rng(0).permutation(len(data.train.x))[None, : problem.batch]
    x, y = data.train.x.take(rows, axis=0), data.train.y[rows]
    scores = network.forward(x, training=True)
    losses, gradient = loss(scores, y), loss.gradient()
    network.backward(gradient)
    norms = optimizer.step(network.params, network.grads, 0.0)
    parts = (
        lambda: data.train.x.take(rows, axis=0, mode="clip"),
        lambda: network.forward(x, training=True),
        lambda: loss(scores, y),
        loss.gradient,
        lambda: network.backward(gradient),
        lambda: optimizer.step(network.params, network.grads, 0.0),
        lambda: sums.add(0, losses, scores, y, norms),
    )
    whole = {"products": products(replace(problem, steps=1)), "whole": ours(problem)}
    return dict(zip(PASSES, parts, strict=True)) | whole


def measure(problem: Problem, rounds: int) -> dict[str, float]:
    """Microseconds of a step by part; `rest` is what the whole takes beyond its parts, below 0 by noise alone."""
    made = calls(problem)
    times: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(rounds):
        for name, call in made.items():
            repeats = 1 if name == "whole" else problem.steps
            started = process_time()
            for _ in range(repeats):
                call()
            times[name].append((process_time() - started) / problem.steps * 1e6)
    found = {name: median(seconds) for name, seconds in times.items()}
    return found | {"rest": found["whole"] - sum(found[name] for name in PASSES)}


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    set_up_blas()
    columns = ("whole", "products", *PASSES, "rest")
    lines = [
        title("The parts of a training step"),
        "",
        "Microseconds of a step of `step.md` on one thread, each part repeated alone, so it finds its arrays in the",
        "cache: less than within a step, where they compete, which `rest` makes up for, with the loop of Python.",
        f"Medians of {given.rounds} rounds of processor time. `products` are the bare matrix products, which forward",
        "and backward contain. Made by `python -m tests.benchmarks.step_parts --write`.",
        "",
        "| optimizer | inputs | width | batch | " + " | ".join(columns) + " |",
        "|---|" + "---:|" * (3 + len(columns)),
    ]
    print(*lines[-2:], sep="\n")
    with blas_threads(1):
        for optimizer in ("momentum", "adam"):
            for problem in PROBLEMS:
                found = measure(replace(problem, optimizer=optimizer), given.rounds)
                cells = [optimizer, problem.inputs, problem.width, problem.batch]
                cells += [f"{found[name]:,.0f}" for name in columns]
                lines.append("| " + " | ".join(map(str, cells)) + " |")
                print(lines[-1], flush=True)
    lines += ["", measured_on(), ""]
    if given.write:
        REFERENCE.write_text("\n".join(lines), encoding="utf-8")
        print(f"written to {REFERENCE}", file=sys.stderr)


if __name__ == "__main__":
    main()
