"""Texts that other reading options would read: a decimal comma, groups of digits, units, unknown marks, dates.

A column that holds them is refused, because as texts it would hardly help the network, and nobody would notice.
"""

import re
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from mlpcli.data.readers.text.cells import Spelling
from mlpcli.data.readers.text.dates import ORDERS, kind_of

__all__ = ["Lookalike", "unread_dates", "unread_numbers"]

SAMPLE = 2_000  # different texts that are looked at
MOST = 0.9  # share of the filled cells that other options must be able to read
HALF = 0.5  # share that is enough if all other cells hold a few marks
FEW_MARKS = 3
FEW_NUMBERS = 10  # up to this count of numbers, words such as "3 rooms" or an odd mark among codes are no mistake

SYMBOLS = "$€£¥₹₽%"
CURRENCY = r"(?:US\$|[$€£¥₹₽]|USD|EUR|GBP|CHF|JPY|Rs\.?)"
DIGITS = r"[\d.,][\d.,' _\u00a0\u202f]*?"
AROUND = re.compile(
    rf"[+-]?\s*(?P<before>{CURRENCY})?\s*[+-]?{DIGITS}\s*(?P<after>[^\W\d_][^\d\s]{{0,7}}|[{SYMBOLS}])?"
)
MARKS = [(".", None), (".", ","), (",", None), (",", "."), (".", " "), (",", " "), (".", "'"), (".", "\u00a0")]
"""Decimal mark and mark between groups of digits; of those that read as much, the first is meant."""


class Lookalike(NamedTuple):
    """A text of a column, and the options that read it; `is_mark` if it would be a missing value."""

    text: str
    options: str
    is_mark: bool = False


def unread_numbers(counts: Mapping[str, int], spelling: Spelling) -> Lookalike | None:
    """The first text that other options would read as a number, if they read nearly all of the column.

    Args:
        counts: how many cells hold each text, in the order of their first appearance.
        spelling: how the texts were read.

    >>> unread_numbers({"1,5": 3, "2,25": 2}, Spelling())
    Lookalike(text='1,5', options='--decimal ,', is_mark=False)
    >>> unread_numbers({"$1,200.50": 3, "$300.25": 2}, Spelling())
    Lookalike(text='$1,200.50', options="--thousands , --units '$'", is_mark=False)
    >>> unread_numbers({"red": 3, "B 52": 2}, Spelling())
    """
    counts = dict(islice(counts.items(), SAMPLE))
    filled = sum(counts.values())
    if sum(count for text, count in counts.items() if any(map(str.isdigit, text))) < HALF * filled:
        return None
    units = _units(counts)
    best, most = spelling, _read(counts, spelling)
    for decimal, thousands in MARKS:
        for some in ((), units):
            other = replace(spelling, decimal=decimal, thousands=thousands, units=tuple({*spelling.units, *some}))
            if len(read := _read(counts, other)) > len(most):
                best, most = other, read
    left = [text for text in counts if text not in most]
    share = sum(counts[text] for text in most) / filled
    words_of_unit = any(unit not in SYMBOLS for unit in set(best.units) - set(spelling.units))
    few = len(most) <= (FEW_NUMBERS if words_of_unit or best == spelling else 1)
    if few or (share < MOST and not (share >= HALF and len(left) <= FEW_MARKS)):
        return None
    if left and best == spelling:
        return Lookalike(left[0], f"--missing {shlex.quote(','.join(left[:FEW_MARKS]))}", is_mark=True)
    if best == spelling:
        return None
    before = _read(counts, spelling)
    options = _flags(spelling, best)
    fraction = replace(best, decimal=",", thousands=None)
    if best.thousands == "," and len(_read(counts, fraction)) == len(most):
        options += f" (or {_flags(spelling, fraction)})"
    return Lookalike(next(text for text in most if text not in before), options)


def unread_dates(counts: Mapping[str, int], spelling: Spelling) -> Lookalike | None:
    """The first text that is a date once its order is known, and the orders that read nearly all of the column.

    >>> unread_dates({"01/02/2020": 3, "05/06/2020": 2}, Spelling())
    Lookalike(text='01/02/2020', options='--dates day-first or --dates month-first', is_mark=False)
    >>> unread_dates({"01/02/2020": 3, "31/01/2020": 2}, Spelling()).options
    '--dates day-first'
    """
    texts = {
        order: [text for text in counts if kind_of(text, order)]
        for order in (spelling.dates, *(order for order in ORDERS if order != spelling.dates))
    }
    shares = {order: sum(map(counts.__getitem__, read)) / sum(counts.values()) for order, read in texts.items()}
    before, best = shares.pop(spelling.dates), max(shares.values())
    if best < MOST or best <= before:
        return None
    orders = [order for order, share in shares.items() if share == best]
    first = next(text for text in texts[orders[0]] if not kind_of(text, spelling.dates))
    return Lookalike(first, " or ".join(f"--dates {order}" for order in orders))


def _units(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The unit before and the unit after the numbers, if nearly all texts that have one have the same."""
    around = [(match, count) for text, count in counts.items() if (match := AROUND.fullmatch(text.strip()))]
    units = []
    for side in ("before", "after"):
        weights: Counter[str] = Counter()
        for match, count in around:
            if match[side]:
                weights[match[side]] += count
        if weights and weights.most_common(1)[0][1] >= MOST * weights.total():
            units.append(weights.most_common(1)[0][0])
    return tuple(units)


def _read(counts: Mapping[str, int], spelling: Spelling) -> dict[str, None]:
    """The texts that are numbers or gaps under a spelling, in order."""
    return {text: None for text in counts if spelling.number(text) is not None}


def _flags(before: Spelling, after: Spelling) -> str:
    changed = {
        "--decimal": after.decimal if after.decimal != before.decimal else "",
        "--thousands": after.thousands or "" if after.thousands != before.thousands else "",
        "--units": ",".join(unit for unit in after.units if unit not in before.units),
    }
    return " ".join(f"{flag} {shlex.quote(value)}" for flag, value in changed.items() if value)
