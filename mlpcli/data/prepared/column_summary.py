"""Summary of each column: its kind, inputs and gaps, its values in words, and why it is left out.

`train`, `datasets` and `eval` print the summary, and a run keeps it as `columns.csv`.
"""

from typing import NamedTuple

__all__ = ["ColumnSummary"]


class ColumnSummary(NamedTuple):
    """One column; `inputs` are the features that it became, `gaps` its empty cells in the training rows."""

    name: str
    role: str  # input, target or left out
    kind: str
    inputs: int
    gaps: int
    values: str
    note: str
