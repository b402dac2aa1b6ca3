"""Prepared inputs as a reader of a picture knows them: in their own units."""

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.prepared.preprocessing import Preprocessing

__all__ = ["are_numbers", "in_own_units"]


def are_numbers(fitted: Preprocessing, columns: int) -> bool:
    """Whether the inputs are this many columns of numbers, scaled but not bent."""
    plain = all(column.kind == "number" and not column.indicator and not column.clip for column in fitted.columns)
    return plain and len(fitted.columns) == columns


def in_own_units(fitted: Preprocessing, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scaled number columns `(rows, features)` as they were before scaling."""
    scale = np.array([column.scale for column in fitted.columns])
    center = np.array([column.center for column in fitted.columns])
    own: NDArray[np.float64] = np.asarray(x, np.float64) * scale + center
    return own
