"""Summary of each column: its kind, inputs and gaps, its values in words, and why it is left out.

`train`, `datasets` and `eval` print the summary, and a run keeps it as `columns.csv`.
"""

from typing import NamedTuple

from mlpcli.wording import quote

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

    def sentence(self) -> str:
        """What to tell who gave the rows.

        >>> UnknownTexts("city", 1, "Roma", "Rome").sentence()
        "column 'city': 1 row holds a text that the model does not know, 'Roma'; the nearest one it knows is 'Rome'"
        >>> UnknownTexts("city", 3, "Bern", "").sentence()
        "column 'city': 3 rows hold texts that the model does not know, such as 'Bern'"
        """
        one = self.rows == 1
        held = "1 row holds a text" if one else f"{self.rows} rows hold texts"
        near = f"; the nearest one it knows is {quote(self.nearest)}" if self.nearest else ""
        example = f"{'' if one else 'such as '}{quote(self.text)}"
        return f"column {quote(self.column)}: {held} that the model does not know, {example}{near}"
