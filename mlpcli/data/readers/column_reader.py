"""One column of a file while it is read: its kind, its texts so far and its faults."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Kind, TableColumn
from mlpcli.data.readers import cells
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["Changed", "ColumnReader"]

MOST_TEXTS = 20_000  # different texts of a column of inputs
MOST_CLASSES = 1_000  # different texts of a target; numbers with more are quantities
STRAY = 0.9  # if at least this share of the cells are numbers, the others are mistakes
FEW_NUMBERS = 10  # unless the numbers take at most this many values, as codes do

Floats = NDArray[np.float64]
Where = Callable[[int], str]  # file and line of a cell, by its place in the piece


class Changed(Exception):
    """A column turned out to be of another kind than was decided, so the file must be read again."""


@dataclass
class ColumnReader:
    """One wanted column: its place in the file, its kind once that is decided, and the texts seen so far.

    `target` marks a column to predict. `fixed` marks a kind that a trained model needs.
    """

    name: str
    place: int
    target: bool
    kind: Kind | None = None
    fixed: bool = False
    codes: dict[str, int] = field(default_factory=dict)
    filled: int = 0  # cells that are not empty
    numeric: int = 0  # filled cells that spell a number (or a gap, in a column of inputs)
    word: str = ""  # the first other cell, and its place
    word_at: str = ""

    def restart(self) -> None:
        """Forget everything that was seen except the kind."""
        self.codes, self.filled, self.numeric, self.word = {}, 0, 0, ""

    def decide(self, texts: Sequence[str]) -> None:
        """Choose the kind by the first cells; a target is a text until it proves to be a quantity."""
        if self.target:
            self.kind = "text"
        elif all(cells.number(text) is not None for text in texts):
            self.kind = "number"
        else:
            self.kind = "boolean" if all(cells.boolean(text) is not None for text in texts) else "text"

    def spell(self, texts: Sequence[str], where: Where) -> Floats:
        """Numbers or booleans as written -> float64 (cells,), NaN for gaps.

        Raises:
            Changed: a cell that is neither, in a column whose kind is not fixed.
            DataError: the same, in a column whose kind is fixed.
        """
        spell = cells.number if self.kind == "number" else cells.boolean
        values = [spell(text) for text in texts]
        if None in values:
            at = values.index(None)
            if self.fixed:
                raise DataError(
                    f"{where(at)}, column {quote(self.name)}: {quote(texts[at])} is not a {self.kind}, and the "
                    f"model was trained on {self.kind}s"
                )
            self.kind = "text"
            raise Changed
        return np.array(values, dtype=np.float64)

    def check(self, values: Floats, texts: Callable[[], Sequence[str]], where: Where) -> None:
        """Refuse infinite numbers, whole numbers that float64 cannot hold, and gaps in a target.

        Args:
            values: float64 (cells,).
            texts: gives the cells as written; called only if a message needs one.
            where: gives file and line of a cell.

        Raises:
            DataError: for the first such cell.
        """
        for at in np.flatnonzero(np.isinf(values)).tolist():
            self.refuse(where(at), "a number too large")
        for at in np.flatnonzero(np.abs(values) > cells.LARGEST_WHOLE).tolist():
            if cells.is_wide(texts()[at]):
                self.refuse(where(at), f"{quote(texts()[at])} is a whole number of too many digits, as names have")
        if self.target:
            for at in np.flatnonzero(np.isnan(values)).tolist():
                self.refuse(where(at), "no value", "Remove the row, or fill the cell")

    def encode(self, codes: NDArray[np.int64], texts: Sequence[str], where: Where) -> Floats:
        """Codes into `texts` (cells,) -> codes into the column's vocabulary (cells,), NaN for empty cells."""
        lookup = np.empty(len(texts))
        counts = np.bincount(codes, minlength=len(texts))
        for i, text in enumerate(texts):
            text = text.strip()
            if not text:
                lookup[i] = np.nan
                continue
            lookup[i] = self.codes.setdefault(text, len(self.codes))
            self.filled += counts[i]
            if self._is_number(text):
                self.numeric += counts[i]
            elif not self.word:
                self.word, self.word_at = text, where(int(np.argmax(codes == i)))
        if not self.fixed:
            self._check_number_of_texts()
        values = lookup[codes]
        if self.target:
            self.check(values, list, where)
        return values

    def finish(self) -> TableColumn:
        """The column as the table keeps it.

        Raises:
            DataError: words among numbers, or dates.
        """
        if not self.fixed:
            self._check_words()
        return TableColumn(self.name, self.kind or "number", tuple(self.codes))

    def _is_number(self, text: str) -> bool:
        return (cells.as_number(text) if self.target else cells.number(text)) is not None

    def _check_number_of_texts(self) -> None:
        most = MOST_CLASSES if self.target else MOST_TEXTS
        if len(self.codes) <= most:
            return
        if self.target and not self.word:
            self.kind = "number"
            raise Changed
        self._check_words()
        what = "classes" if self.target else "different texts"
        self.refuse(self.word_at, f"more than {most} {what}", "Join the rare ones")

    def _check_words(self) -> None:
        if not self.word:
            return
        if self.numeric >= STRAY * self.filled and sum(map(self._is_number, self.codes)) > FEW_NUMBERS:
            self.refuse(self.word_at, f"{quote(self.word)} is not a number, as the others are")
        if not self.target and all(map(cells.is_date, self.codes)):
            self.refuse(self.word_at, f"{quote(self.word)} is a date, and dates cannot be read", "Write it as a number")

    def refuse(self, where: str, why: str, remedy: str = "Correct the cell") -> NoReturn:
        """Raise a DataError that names this column; a column of inputs can always be left out."""
        what = "target" if self.target else "column"
        other = "" if self.target else f", or leave the column out with --drop {quote(self.name)}"
        raise DataError(f"{where}, {what} {quote(self.name)}: {why}. Nothing was written. {remedy}{other}")
