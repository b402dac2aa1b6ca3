"""What `fit` costs beside scikit-learn's, on digits, with the same epochs and batches and the same random state.

    python -m tests.benchmarks.estimators [--write]

prints the table, and with --write puts it into results/reference/estimators.md. Both take turns in one process with one
BLAS thread; a time is the median processor time over the rounds. A ratio beyond the limit is bold.
"""

import argparse
import os
import time
import warnings
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.limits import beside
from tests.benchmarks.measured_on import measured_on

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "estimators.md"
LIMIT = 0.5
"""The most that ours may take, as a multiple of scikit-learn's time."""

ROUNDS = 5
EPOCHS = 20
CASES: tuple[dict[str, Any], ...] = (
    {"hidden_layer_sizes": (32,), "batch_size": 32},
    {"hidden_layer_sizes": (100,)},
    {"hidden_layer_sizes": (64, 64), "batch_size": 32},
    {"hidden_layer_sizes": (64, 64, 64, 64), "solver": "sgd", "batch_size": 32},
    {"hidden_layer_sizes": (256, 128), "activation": "tanh", "batch_size": 64},
)


def measure(parameters: dict[str, Any]) -> tuple[float, float, float]:
    """The median seconds of a fit, ours and scikit-learn's, and of `shared_work`; both must have learned the same."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    import mlpcli

    x, y = load_digits(return_X_y=True)
    common: dict[str, Any] = {"max_iter": EPOCHS, "random_state": 0, "tol": 0.0, **parameters}
    pair: tuple[Any, Any] = mlpcli.MLPClassifier(**common, threads=1), MLPClassifier(**common)
    works = (*(partial(estimator.fit, x / 16, y) for estimator in pair), partial(shared_work, parameters, len(x)))
    times: tuple[list[float], ...] = [], [], []
    for turn in range(ROUNDS + 1):
        for work, seconds in zip(works, times, strict=True):
            started = time.process_time()
            work()
            if turn:  # the first is to warm up
                seconds.append(time.process_time() - started)
    np.testing.assert_allclose(pair[0].loss_curve_, pair[1].loss_curve_, rtol=1e-6)
    ours, theirs, shared = map(median, times)
    return ours, theirs, shared


def shared_work(parameters: dict[str, Any], rows: int) -> None:
    """The matrix products of a fit and the values of its activation, which any network computes in NumPy."""
    import numpy as np

    sizes, batch = (64, *parameters["hidden_layer_sizes"], 10), parameters.get("batch_size", 200)
    value = np.tanh if parameters.get("activation") == "tanh" else partial(np.maximum, 0.0)
    rng = np.random.default_rng(0)
    weights = [rng.normal(0, 0.1, shape) for shape in pairwise(sizes)]
    hidden = [rng.normal(size=(batch, size)) for size in sizes]
    gradients = [np.empty_like(weight) for weight in weights]
    for _ in range(EPOCHS * rows // batch):
        for layer, weight in enumerate(weights):
            np.matmul(hidden[layer], weight, out=hidden[layer + 1])
            if layer < len(weights) - 1:
                value(hidden[layer + 1], out=hidden[layer + 1])
        for layer in reversed(range(len(weights))):
            np.matmul(hidden[layer].T, hidden[layer + 1], out=gradients[layer])
            if layer:
                np.matmul(hidden[layer + 1], weights[layer].T, out=hidden[layer])


def page() -> str:
    """The page that stands in the reference folder."""
    lines = []
    for parameters in CASES:
        ours, theirs, shared = measure(parameters)
        shape = " -> ".join(map(str, (64, *parameters["hidden_layer_sizes"], 10)))
        how = f"{parameters.get('solver', 'adam')}, {parameters.get('activation', 'relu')}"
        lines.append(
            f"| {shape} | {how} | {parameters.get('batch_size', 200)} | {1000 * ours:.0f} | {1000 * theirs:.0f} "
            f"| {beside(ours / theirs, LIMIT)} | {shared / theirs:.2f} |"
        )
    return "\n".join(
        [
            "# Fitting beside scikit-learn",
            "",
            "Made by `python -m tests.benchmarks.estimators --write`: processor time of `MLPClassifier.fit` on digits,",
            f"{EPOCHS} epochs in float64 with one BLAS thread, and its ratio to that of scikit-learn's with the same",
            "parameters and random state; losses agree to 1e-6. In brackets the ratio to reach, bold where it is",
            "missed. The last column is the share of scikit-learn's time that the matrix products and the values of",
            "the activation take alone, in the same BLAS and NumPy: no fit of these batches can come below it.",
            f"Medians over {ROUNDS} rounds in which all take turns.",
            "",
            "| network | solver, activation | batch | ours, ms | scikit-learn's, ms | ours / theirs | at least |",
            "|---|---|---:|---:|---:|---:|---:|",
            *lines,
            "",
            measured_on("scikit-learn"),
            "",
        ]
    )


def main() -> None:
    """Print the page, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    text = page()
    print(text)
    if given.write:
        REFERENCE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    main()
