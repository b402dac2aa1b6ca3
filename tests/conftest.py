"""What every test runs under: arithmetic that is loud about what it cannot do."""

import signal
from collections.abc import Iterator

import numpy as np
import pytest

# A shell starts what runs in its background with Ctrl-C ignored, and every program started from there inherits that;
# the tests that press Ctrl-C mean a program that was started in the foreground.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def loud_arithmetic() -> Iterator[None]:
    """Overflow, invalid operations and division by zero are errors, underflow is not."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield
