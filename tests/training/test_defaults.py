"""What the default options reach on the built-in datasets, beside scikit-learn; and what a second command costs."""

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlpcli.config import RunOptions
from mlpcli.data import Prepared, prepare
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.planned_run import plan_run

pytestmark = pytest.mark.slow

SCIKIT_LEARN = """
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
x, y = load_digits(return_X_y=True)
MLPClassifier((64, 64, 64), batch_size=32, max_iter=30).fit(x / 16, y)
"""


def on_test_rows(**options: Any) -> tuple[dict[str, float], Prepared]:
    given = RunOptions(**options)
    data = prepare(given.data, None)
    trainer = Trainer([plan_run(given, data, threads=1).options], data)
    for _ in trainer.epochs():
        pass
    metrics = trainer.results()[0]["test"]
    assert metrics is not None
    return metrics, data


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # their 200 epochs are not enough, and they say so
@pytest.mark.parametrize("dataset", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_the_defaults_are_a_hundredth_behind_those_of_scikit_learn_at_most(dataset: str) -> None:
    """Over twenty splits, beyond two errors of the difference; theirs trains on the validation rows too.

    A hundredth is about what the default shape costs on tables of a few hundred rows: one layer of 128 units is level.
    """
    differences = []
    for split in range(20):
        metrics, data = on_test_rows(dataset=dataset, split_seed=split, seed=split)
        assert data.val is not None and data.test is not None
        x, y = (np.concatenate([getattr(part, name) for part in (data.train, data.val)]) for name in ("x", "y"))
        classes = data.task == "classification"
        network = (MLPClassifier if classes else MLPRegressor)(random_state=split).fit(x, y.ravel())
        theirs = network.score(data.test.x, data.test.y.ravel())
        differences.append(metrics["accuracy" if classes else "r2"] - theirs)
    assert fmean(differences) >= -0.01 - 2 * stdev(differences) / math.sqrt(len(differences))


def test_r2_is_near_that_of_ridge_regression() -> None:
    differences = []
    for split_seed in range(5):
        metrics, data = on_test_rows(dataset="diabetes", split_seed=split_seed)
        assert data.test is not None
        ridge = Ridge().fit(data.train.x, data.train.y[:, 0])
        differences.append(ridge.score(data.test.x, data.test.y[:, 0]) - metrics["r2"])
    assert fmean(differences) <= 0.10


def test_a_second_command_takes_less_than_scikit_learn(tmp_path: Path) -> None:
    """At most 0.6 of the CPU time of a script with the same network, batches and epochs, each process as a whole."""
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}

    def seconds(command: Sequence[str]) -> float:
        before = os.times()
        subprocess.run(command, capture_output=True, check=True, env=alone)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return used or after.elapsed - before.elapsed  # Windows does not count what children use

    ours = [sys.executable, "-m", "mlpcli", "train", "--width", "64", "--depth", "3", "--results", str(tmp_path)]
    theirs = [sys.executable, "-W", "ignore", "-c", SCIKIT_LEARN]
    seconds(ours)  # prepares the data
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(5)]
    assert median(a / b for a, b in pairs) <= 0.6
