"""The columns of a file while they are read: what each holds so far, and what is wrong with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Kind, TableColumn, as_number
from mlpcli.data.readers import cells
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["Changed", "ColumnReader"]

MOST_TEXTS = 20_000  # different texts of a column of inputs
MOST_CLASSES = 1_000  # different texts of a target; numbers with more are quantities
STRAY = 0.9  # where so large a share of the cells are numbers, the others are mistakes
FEW_NUMBERS = 10  # unless the numbers are but a few different ones, as codes are

Floats = NDArray[np.float64]
Where = Callable[[int], str]  # file and line of a cell, by its place in the piece


class Changed(Exception):
    """A column turned out to be of another kind than decided: read again."""


@dataclass
class ColumnReader:
    """One column wanted: its place in the file, its kind once that is decided, and of texts what has been seen."""

    name: str
    place: int
    target: bool
    kind: Kind | None = None
    fixed: bool = False
    codes: dict[str, int] = field(default_factory=dict)
    filled: int = 0  # cells that are not empty
    numeric: int = 0  # of these, cells that spell a number (or a gap, which a target has not)
    word: str = ""  # the first other cell, and where it stands
    word_at: str = ""

    def restart(self) -> None:
        """Forget what was seen, but for the kind."""
        self.codes, self.filled, self.numeric, self.word = {}, 0, 0, ""

    def decide(self, texts: Sequence[str]) -> None:
        """Choose the kind by the first cells: targets are texts until they prove to be quantities."""
        if self.target:
            self.kind = "text"
        elif all(cells.number(text) is not None for text in texts):
            self.kind = "number"
        else:
            self.kind = "boolean" if all(cells.boolean(text) is not None for text in texts) else "text"

    def spell(self, texts: Sequence[str], where: Where) -> Floats:
        """Cells of numbers or booleans, as written -> float64, NaN for gaps. Raises `Changed` for other cells."""
        spell = cells.number if self.kind == "number" else cells.boolean
        values = [spell(text) for text in texts]
        if None in values:
            at = values.index(None)
            if self.fixed:
                raise DataError(
                    f"{where(at)}, column {quote(self.name)}: {quote(texts[at])} is no {self.kind}, as it was in "
                    "training"
                )
            self.kind = "text"
            raise Changed
        return np.array(values, dtype=np.float64)

    def check(self, values: Floats, texts: Callable[[], Sequence[str]], where: Where) -> None:
        """Raise DataError for infinite numbers, for whole ones too wide to hold, and for gaps in a target."""
        for at in np.flatnonzero(np.isinf(values)).tolist():
            self.refuse(where(at), "a number too large")
        for at in np.flatnonzero(np.abs(values) > cells.LARGEST_WHOLE).tolist():
            if cells.is_wide(texts()[at]):
                self.refuse(where(at), f"{quote(texts()[at])} is a whole number of too many digits, as names have")
        if self.target:
            for at in np.flatnonzero(np.isnan(values)).tolist():
                self.refuse(where(at), "no value", "Remove the row, or fill the cell")

    def encode(self, codes: NDArray[np.int64], texts: Sequence[str], where: Where) -> Floats:
        """Cells of texts, as codes into `texts` -> codes into the column's vocabulary, NaN for empty ones."""
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
        """The column as the table keeps it. Raises DataError for words among numbers, and for dates."""
        if not self.fixed:
            self._check_words()
        return TableColumn(self.name, self.kind or "number", tuple(self.codes))

    def _is_number(self, text: str) -> bool:
        return (as_number(text) if self.target else cells.number(text)) is not None

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
            self.refuse(self.word_at, f"{quote(self.word)} is a date, which is not read", "Write it as a number")

    def refuse(self, where: str, why: str, remedy: str = "Correct the cell") -> NoReturn:
        """Raise DataError for this column; a column of inputs can always be left out."""
        what = "target" if self.target else "column"
        other = "" if self.target else f", or leave the column out with --drop {quote(self.name)}"
        raise DataError(f"{where}, {what} {quote(self.name)}: {why}. Nothing was written. {remedy}{other}")
