"""The folders of these tests are in memory where that is possible: thousands of syncs cost nothing there.

What is tested is which calls are made, in which order; no test can pull the plug of a real disk.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        yield Path(folder).resolve()
