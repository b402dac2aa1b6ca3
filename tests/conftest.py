"""What every test runs under: arithmetic that is loud about what it cannot do."""

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def loud_arithmetic() -> Iterator[None]:
    """Overflow, invalid operations and division by zero are errors, underflow is not."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield
