"""Memory of a training on sparse rows: 10,000 x 100,000 cells, 0.1 % of them filled, would be 4 GB as dense rows."""

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from scipy.sparse import csr_array
import mlpcli
from tests.measure import peak_megabytes

random = np.random.default_rng(0)
shape, starts = (10_000, 100_000), np.arange(0, 1_000_001, 100)
x = csr_array((random.random(1_000_000, np.float32), random.integers(0, 100_000, 1_000_000), starts), shape=shape)
y = (x @ random.normal(size=100_000) > 0).astype(int)
run = mlpcli.train((x, y), width=64, depth=1, epochs=1, batch_size=1000, threads=1, progress=False)
assert len(run.history) == 1
print(peak_megabytes())
"""


@pytest.mark.slow
def test_a_wide_sparse_table_trains_in_less_than_a_gigabyte() -> None:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert float(answer.stdout) < 1000
