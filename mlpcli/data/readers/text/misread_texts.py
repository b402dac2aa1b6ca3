"""Texts of a column of which nearly all are numbers or dates: the one that does not belong there, and the remedy.

A column that holds one is refused, because nobody would notice that it is read as texts.

>>> misread_word({"1": 5, "2,5": 3}, Spelling(), "x")
Fault(text='2,5', why="'2,5' is not read as a number", remedy="Use --decimal , or --categories 'x' if these are codes")
>>> misread_date({"2020-12-31": 9, "soon": 1}, Spelling()).remedy
'Use --missing soon if it stands for a missing value'
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mlpcli.data.readers.text.cells import Spelling, as_number
from mlpcli.data.readers.text.dates import kind_of, looks_like_date
from mlpcli.data.readers.text.lookalikes import unread_dates, unread_numbers
from mlpcli.wording import quote

__all__ = ["Fault", "first_word", "misread_date", "misread_word"]

STRAY = 0.9  # if at least this share of the cells are numbers or dates, the others are mistakes
FEW_NUMBERS = 10  # unless the numbers take at most this many values, as codes do


class Fault(NamedTuple):
    """A text that does not belong in its column, why, and what to do."""

    text: str
    why: str
    remedy: str = "Correct the cell"


def first_word(texts: Iterable[str], spelling: Spelling, *, target: bool = False) -> str | None:
    """The first text that is no number; None if all are. Those of a target are plain numbers, and have no gaps."""
    return next((text for text in texts if not _is_number(text, spelling, target)), None)


def misread_word(
    counts: Mapping[str, int], spelling: Spelling, column: str, *, target: bool = False, as_texts: bool = False
) -> Fault | None:
    """A text that is no number where the others are.

    Args:
        counts: how many cells hold each text, in the order of their first appearance.
        spelling: how the texts were read.
        column: its name.
        target: whether it is to be predicted.
        as_texts: whether texts are meant even where other options would read them as numbers.
    """
    word = first_word(counts, spelling, target=target)
    if word is None:
        return None
    other = None if as_texts else unread_numbers(counts, spelling)
    if other:
        what = "is not a number, as the others are" if other.is_mark else "is not read as a number"
        remedy = f"Use {other.options}" + (" if it stands for a missing value" if other.is_mark else "")
        remedy += "" if target else f" or --categories {quote(column)} if these are codes"
        return Fault(other.text, f"{quote(other.text)} {what}", remedy)
    numbers = [text for text in counts if _is_number(text, spelling, target)]
    if len(numbers) > FEW_NUMBERS and _cells(numbers, counts) >= STRAY * sum(counts.values()):
        return Fault(word, f"{quote(word)} is not a number, as the others are")
    return None


def misread_date(counts: Mapping[str, int], spelling: Spelling, *, target: bool = False) -> Fault | None:
    """A text that is no date where nearly all are, or a date that cannot be read or predicted.

    Args:
        counts: how many cells hold each text, in the order of their first appearance; not all are dates of one kind.
        spelling: how the texts were read.
        target: whether the column is to be predicted.
    """
    counts = {text: count for text, count in counts.items() if text not in spelling.gaps}
    dates = {text: kind_of(text, spelling.dates) for text in counts if looks_like_date(text)}
    if not dates or _cells(dates, counts) < STRAY * sum(counts.values()):
        return None
    first, *_ = dates
    if target:
        why = f"{quote(first)} is a date or a time, and none can be predicted"
        return Fault(first, why, "Predict a number, or use --task classification")
    if other := unread_dates(counts, spelling):
        why = f"{quote(other.text)} begins with the day or the month"
        return Fault(other.text, why, f"Use {other.options}")
    kinds = [kind for kind in dates.values() if kind]
    if not kinds:
        why = f"{quote(first)} is a date or a time that cannot be read"
        return Fault(first, why, "Write dates like 2020-12-31, times like 23:59")
    usual = max(kinds, key=kinds.count)
    unlike = next(text for text in counts if dates.get(text) != usual)
    why = f"{quote(unlike)} is not a {usual}, as the others are"
    return Fault(unlike, why, f"Use --missing {shlex.quote(unlike)} if it stands for a missing value")


def _is_number(text: str, spelling: Spelling, target: bool) -> bool:
    return (as_number(text) if target else spelling.number(text)) is not None


def _cells(texts: Iterable[str], counts: Mapping[str, int]) -> int:
    """The number of cells that hold one of the texts."""
    return sum(map(counts.__getitem__, texts))
