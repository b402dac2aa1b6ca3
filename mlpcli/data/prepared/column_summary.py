"""Summary of each column: its kind, inputs and gaps, its values in words, and why it is left out.

`train`, `datasets` and `eval` print the summary, and a run keeps it as `columns.csv`.
"""

from typing import NamedTuple

__all__ = ["ColumnSummary", "UnknownTexts"]


class ColumnSummary(NamedTuple):
    """One column; `inputs` are the features that it became, `gaps` its empty cells in the training rows."""

    name: str
    role: str  # input, target or left out
    kind: str
    inputs: int
    gaps: int
    values: str
    note: str


class UnknownTexts(NamedTuple):
    """A column with texts that the training rows did not have: the rows that hold them and the most frequent one.

    `nearest` is the category that looks most like it, or an empty text.
    """

    column: str
    rows: int
    text: str
    nearest: str
