"""Conditions of every test: loud arithmetic, Ctrl-C as in a foreground program, a cache that is not the user's, and
workers that find `tests`. To save time, no test waits for the disk, and runs on the same rows share their baselines.
"""

import gc
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from mlpcli.threads import set_up_blas

set_up_blas()  # as every command does: idle threads of BLAS would keep the cores from the other worker

# ruff: noqa: E402 (the rest loads NumPy, after which OpenBLAS no longer looks)
import numpy as np

from mlpcli.config import RunOptions
from mlpcli.data import Prepared
from mlpcli.plugins.files import load
from mlpcli.training import session
from mlpcli.training.baselines import BaselineScores

# A shell starts what runs in its background with Ctrl-C ignored, and every program started from there inherits that;
# the tests that press Ctrl-C mean a program that was started in the foreground.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=250)  # see tests/examples.py
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--plugin FILE.py` adds user-defined parts to the tests that run over whole registries."""
    parser.addoption("--plugin", action="append", default=[], help="file of parts to test beside those of mlpcli")


def pytest_configure(config: pytest.Config) -> None:
    """Keep tests, and the examples in docstrings, out of the user's cache of prepared data, and keep bytecode."""
    load(config.getoption("--plugin"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every process started below would compile the package anew
    sys.dont_write_bytecode = False  # every worker would rewrite the assertions of every file anew
    home = tempfile.TemporaryDirectory()
    os.environ["MLPCLI_DATA_HOME"] = home.name
    config.add_cleanup(home.cleanup)


def pytest_collection() -> None:
    """Collect without looking for garbage: what is made lasts, and looking takes a fifth of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage again, but not among what was collected."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def loud_arithmetic() -> Iterator[None]:
    """Overflow, invalid operations and division by zero are errors, underflow is not."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.fixture(autouse=True)
def answers_to_signals_are_given_back() -> Iterator[None]:
    """What a test leaves behind would meet the others: with SIGPIPE's default, a broken pipe ends their process."""
    before = _answers()
    yield
    assert _answers() == before


def _answers() -> list[object]:
    return [signal.getsignal(number) for number in sorted(signal.valid_signals())]


@pytest.fixture(autouse=True, scope="session")
def workers_find_the_jobs() -> Iterator[None]:
    """Worker processes import the jobs of `tests.workers.executor_jobs`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        yield


@pytest.fixture(autouse=True, scope="session")
def power_does_not_fail() -> Iterator[None]:
    """Syncing a file returns at once; the tests of power cuts only watch where it is called."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture(autouse=True, scope="session")
def simpler_models_are_scored_once() -> Iterator[None]:
    """Runs on the same rows share the scores of their baselines: here the linear model takes longer than most networks.

    Tests of `baseline_scores` call the function itself.
    """
    score = session.baseline_scores
    known: dict[tuple[object, ...], BaselineScores] = {}

    def remembered(options: RunOptions, data: Prepared) -> BaselineScores:
        if data.folder is None:
            return score(options, data)
        key = (data.folder.name, options.loss, options.monitor, options.dtype, options.threads)
        if key not in known:
            known[key] = score(options, data)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "baseline_scores", remembered)
        yield
