"""Whole trainings with the compiled kernels and with NumPy alone end in the same bits, whatever the options."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlpcli.kernels.compiled import KERNELS
from tests.kernels.trainings import combinations, fingerprints


def test_kernels_do_not_show():
    if KERNELS == "numpy":
        pytest.skip("no compiled kernels here, or MLPCLI_KERNELS=0")
    child = subprocess.run(
        [sys.executable, "-m", "tests.kernels.trainings"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MLPCLI_KERNELS": "0"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert fingerprints() == json.loads(child.stdout)


def test_the_combinations_are_many():
    names = {name for name, _ in combinations()}
    options = [options for _, options in combinations()]
    assert len(names) == 3 and len(options) >= 17
    for key in options[0]:
        assert len({str(one.get(key)) for one in options}) > 1, key
