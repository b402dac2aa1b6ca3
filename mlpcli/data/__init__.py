"""Datasets: found by name, read, split, scaled on the training rows, and cached as memory-mapped arrays."""

from mlpcli.data.dataset import Part, Prepared
from mlpcli.data.prepare import open_prepared, prepare
from mlpcli.data.preprocessing import Column, Preprocessing
from mlpcli.data.rows import Rows, read_rows

__all__ = ["Column", "Part", "Prepared", "Preprocessing", "Rows", "open_prepared", "prepare", "read_rows"]
