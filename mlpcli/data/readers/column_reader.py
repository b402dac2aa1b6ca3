"""One column of a file while it is read: its kind, its texts so far and its faults."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import DATES, Kind, TableColumn
from mlpcli.data.readers.text import cells
from mlpcli.data.readers.text.cells import Spelling
from mlpcli.data.readers.text.misread_texts import Fault, first_word, misread_date, misread_word
from mlpcli.errors import DataError
from mlpcli.wording import quote

__all__ = ["Changed", "ColumnReader", "Where", "are_marks"]

MOST_TEXTS = 20_000  # different texts of a column of inputs

DOUBLE = np.dtype(np.float64)
Floats = NDArray[np.float64]
Where = Callable[[int], str]  # file and line of a cell, by its place in the piece


def are_marks(values: NDArray[Any], spelling: Spelling) -> NDArray[np.bool_]:
    """Where numbers are marks of a missing value, which round as the numbers did: float32 holds no -999.9 exactly.

    >>> are_marks(np.array([-999.9, 1], np.float32), Spelling(missing=("-999.9",))).tolist()
    [True, False]
    """
    marks = np.array([*spelling.missing_numbers])
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):  # a mark may be infinite in the narrower type
            marks = marks.astype(values.dtype)
    return np.isin(values, marks)


class Changed(Exception):
    """A column turned out to be of another kind than was decided, so the file must be read again."""


@dataclass
class Seen:
    """A text of a column: its code, the number of cells that hold it, and the place of the first."""

    code: int
    where: str
    count: int = 0


@dataclass
class ColumnReader:
    """One wanted column: its place in the file, its kind once that is decided, and the texts seen so far.

    `target` marks a column to predict. `fixed` marks a kind that a trained model or the user chose, `needed` a column
    that a trained model reads. `gaps_allowed` says that a target may have no value, `as_texts` that texts are meant
    even where they look like numbers. `spelling` says how numbers, dates and gaps are written.
    """

    name: str
    place: int
    target: bool
    kind: Kind | None = None
    fixed: bool = False
    needed: bool = False
    gaps_allowed: bool = False
    as_texts: bool = False
    spelling: Spelling = field(default_factory=Spelling)
    seen: dict[str, Seen] = field(default_factory=dict)

    def restart(self) -> None:
        """Forget everything that was seen except the kind."""
        self.seen = {}

    def decide(self, texts: Sequence[str]) -> None:
        """Choose the kind by the first cells; a target is a text until it proves to be a quantity."""
        if self.target:
            self.kind = "text"
        elif all(self.spelling.number(text) is not None for text in texts):
            self.kind = "number"
        else:
            boolean = all(self.spelling.boolean(text) is not None for text in texts)
            self.kind = "boolean" if boolean else self._kind_of_dates(texts) or "text"

    def take(self, possible: Sequence[Kind], held: str, where: str) -> None:
        """Choose the kind by the type of the column: the first possible one, unless it is fixed.

        Args:
            possible: kinds that the values can be read as; none if they cannot be read at all.
            held: the type, for messages.
            where: the table, for messages.

        Raises:
            DataError: none is possible, or not the one that is fixed.
        """
        if not possible:
            self.refuse(where, f"values of type {held} cannot be read")
        classes = self.target and self.kind == "text"  # numbers name classes too
        self.kind = self.kind if self.fixed and not classes else possible[0]
        if self.kind not in possible:
            self.refuse(where, f"values of type {held}, and {self._expected()}", "Convert the column")

    def spell(self, texts: Sequence[str], where: Where) -> Floats:
        """Numbers, booleans or dates as written -> float64 (cells,), NaN for gaps.

        Raises:
            Changed: a cell of another kind, in a column whose kind is not fixed.
            DataError: the same, in a column whose kind is fixed.
        """
        if self.kind in DATES:
            read = {text: self.spelling.seconds(text, self.kind) for text in set(texts)}
            values = [read[text] for text in texts]
        else:
            boolean = self.spelling.truth if self.fixed else self.spelling.boolean
            spell = self.spelling.number if self.kind == "number" else boolean
            values = [spell(text) for text in texts]
        if None in values:
            at = values.index(None)
            if self.fixed:
                self._refuse_other_kind(where(at), texts[at])
            self.kind = "text"
            raise Changed
        return np.array(values, dtype=np.float64)

    def without_marks(self, values: Floats, held: "np.dtype[Any]" = DOUBLE) -> Floats:
        """The numbers (cells,), NaN in place of marks of a missing value; `held` is their type in the source."""
        marked = are_marks(values.astype(held) if held.kind == "f" else values, self.spelling)
        return np.where(marked, np.nan, values)

    def check(self, values: Floats, texts: Callable[[], Sequence[str]], where: Where) -> None:
        """Refuse infinite numbers, whole numbers that float64 cannot hold, booleans but 0 and 1, and gaps in a target.

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
        truths = self.kind == "boolean"
        for at in np.flatnonzero(~(np.isin(values, (0, 1)) | np.isnan(values))).tolist() if truths else ():
            self._refuse_other_kind(where(at), texts()[at])
        if self.target and not self.gaps_allowed:
            for at in np.flatnonzero(np.isnan(values)).tolist():
                self.refuse(where(at), "no value", "Use --drop-unlabelled to leave out such rows")

    def encode(self, codes: NDArray[np.int64], texts: Sequence[str], where: Where) -> Floats:
        """Codes into `texts` (cells,) -> codes into the column's vocabulary (cells,), NaN for empty cells."""
        lookup = np.empty(len(texts))
        counts, first = np.bincount(codes, minlength=len(texts)), np.zeros(len(texts), np.int64)
        occurring, positions = np.unique(codes, return_index=True)
        first[occurring] = positions
        for i, text in enumerate(texts):
            text = text.strip()
            if not text or text in self.spelling.missing:
                lookup[i] = np.nan
                continue
            if self.target:
                text = self.spelling.plain(text)
            if text not in self.seen:
                self.seen[text] = Seen(len(self.seen), where(int(first[i])))
            self.seen[text].count += int(counts[i])
            lookup[i] = self.seen[text].code
        if not self.fixed:
            self._check_number_of_texts()
        values = lookup[codes]
        if self.target:
            self.check(values, list, where)
        return values

    def encode_whole(self, values: Floats, where: Where) -> Floats:
        """Numbers of a column of texts (cells,), NaN for gaps -> codes: 11.0 is the text 11.

        Whole numbers are floating beside gaps: pandas has no others. Raises DataError for other numbers.
        """
        different, first, codes = np.unique(values, return_index=True, return_inverse=True)
        places = zip(different.tolist(), first.tolist(), strict=True)
        texts = ["" if math.isnan(value) else self.code(value, where(at)) for value, at in places]
        return self.encode(codes, texts, where)

    def code(self, number: float, where: str) -> str:
        """The text that a number is among categories. Raises DataError for one that is not whole."""
        try:
            return cells.as_code(number)
        except ValueError as error:
            self.refuse(where, f"{error}, and {self._expected()}", "Convert the column")

    def _refuse_other_kind(self, where: str, text: str) -> NoReturn:
        spelled = ": write true or false" if self.kind == "boolean" else ""
        raise DataError(
            f"{where}, column {quote(self.name)}: {quote(text)} is not a {self.kind}, and the model was trained on "
            f"{self.kind}s{spelled}"
        )

    def _expected(self) -> str:
        return (
            f"the model was trained on a {self.kind}" if self.needed else "categories are texts, integers or booleans"
        )

    def finish(self) -> TableColumn:
        """The column as the table keeps it.

        Raises:
            Changed: its texts turned out to be dates.
            DataError: words among numbers or dates, or numbers or dates that other options would read.
        """
        if not self.fixed:
            self._check_texts()
        return TableColumn(self.name, self.kind or "number", tuple(self.seen))

    def _check_number_of_texts(self) -> None:
        most = cells.MOST_CLASSES if self.target else MOST_TEXTS
        if len(self.seen) <= most:
            return
        self._check_texts()
        word = first_word(self.seen, self.spelling, target=self.target)
        if self.target and word is None:
            self.kind = "number"
            raise Changed
        what = "classes" if self.target else "different texts"
        where = self.seen[word].where if word is not None else next(iter(self.seen.values())).where
        self.refuse(where, f"more than {most} {what}", "Join the rare ones")

    def _check_texts(self) -> None:
        """Read texts that are all dates as dates; refuse those of which nearly all are dates or numbers."""
        counts = {text: seen.count for text, seen in self.seen.items()}
        if self.kind == "text" and not (self.target and self.as_texts):
            if kind := self._kind_of_dates(counts):
                self.kind = kind
                raise Changed
            self._refuse_text(misread_date(counts, self.spelling, target=self.target))
        self._refuse_text(misread_word(counts, self.spelling, self.name, target=self.target, as_texts=self.as_texts))

    def _kind_of_dates(self, texts: Iterable[str]) -> Kind | None:
        return None if self.target else self.spelling.kind_of_dates(texts)

    def _refuse_text(self, fault: Fault | None) -> None:
        if fault is not None:
            self.refuse(self.seen[fault.text].where, fault.why, fault.remedy)

    def refuse(self, where: str, why: str, remedy: str = "Correct the cell") -> NoReturn:
        """Raise a DataError that names this column; one of inputs can be left out, unless a model needs it."""
        what = "target" if self.target else "column"
        other = "" if self.target or self.needed else f", or leave the column out with --drop {quote(self.name)}"
        raise DataError(f"{where}, {what} {quote(self.name)}: {why}. Nothing was written. {remedy}{other}")
