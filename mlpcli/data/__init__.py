"""Datasets: found by name, read, split, scaled on the training rows, and cached as memory-mapped arrays."""

from mlpcli.data.prepare import open_prepared, prepare
from mlpcli.data.prepared.column_summary import ColumnSummary
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.dataset import Part, Prepared
from mlpcli.data.prepared.preprocessing import Preprocessing

__all__ = [
    "Column",
    "ColumnSummary",
    "Part",
    "Prepared",
    "Preprocessing",
    "open_prepared",
    "prepare",
]
