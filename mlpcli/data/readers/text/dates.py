"""The meaning of a cell that is written as a date or a time: seconds, where it can mean one moment only.

A date begins with its year, unless an option says whether its day or its month comes first: 01/02/2020 alone is none.

>>> seconds("2020-02-01 12:30", "date"), seconds("2020-02-01T12:30+02:00", "zoned date"), seconds("12:30", "time")
(1580560200.0, 1580553000.0, 45000.0)
>>> seconds("01/02/2020", "date"), seconds("01/02/2020", "date", "day-first"), seconds("2020-02-30", "date")
(None, 1580515200.0, None)
"""

import re
from collections.abc import Iterable
from datetime import date

from mlpcli.data.cache.table import Kind

__all__ = ["MICROSECONDS", "ORDERS", "kind_of", "kind_of_all", "looks_like_date", "seconds"]

ORDERS = ("day-first", "month-first")
"""What dates that end in the year may begin with."""

MICROSECONDS = 1_000_000  # per second; finer times are cut
EPOCH = date(1970, 1, 1).toordinal()

DATE = re.compile(
    r"((?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|(?P<first>\d{1,2})(?P<other>[-/.])(?P<second>\d{1,2})(?P=other)(?P<last>\d{4}))"
    r"(([Tt]|\s+)(?P<clock>\S.*))?",
    re.ASCII,
)
CLOCK = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2})([.,](?P<fraction>\d{1,9}))?)?(\s?(?P<half>[AaPp])[Mm])?"
    r"(\s?(?P<zone>[Zz]|UTC|GMT|(?P<sign>[+-])(?P<zone_hour>0\d|1[0-4])(:?(?P<zone_minute>[0-5]\d))?))?",
    re.ASCII,
)
LOOKS = re.compile(
    r"(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2}))([Tt\s]\s*\d.*)?"
    r"|\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[AaPp]\.?[Mm]\.?)?(\s?([Zz]|UTC|GMT|[+-]\d{2}(:?\d{2})?))?",
    re.ASCII,
)


def seconds(text: str, kind: Kind, order: str | None = None) -> float | None:
    """The seconds that a text of this kind spells, or None.

    A `date` counts from the beginning of 1970 by the clock that it was written by, a `zoned date` from the same in UTC,
    and a `time` from midnight. `order` is one of `ORDERS`; without it dates that end in the year are none.
    """
    read = _read(text.strip(), order)
    return read[0] if read and read[1] == kind else None


def kind_of(text: str, order: str | None = None) -> Kind | None:
    """The kind of a text that is a date or a time; None for other texts.

    >>> [kind_of(text) for text in ("2020-01-05", "2020-01-05T10:00Z", "3:30 PM", "5.1.2020", "5.1")]
    ['date', 'zoned date', 'time', None, None]
    """
    read = _read(text.strip(), order)
    return read[1] if read else None


def kind_of_all(texts: Iterable[str], order: str | None = None) -> Kind | None:
    """The kind of texts that are all dates or times of one kind; None for other texts, and for none."""
    kind: Kind | None = None
    for text in texts:
        own = kind_of(text, order)
        if own is None or kind not in (None, own):
            return None
        kind = own
    return kind


def looks_like_date(text: str) -> bool:
    """Whether a text looks like a date or a time, whatever it may mean.

    >>> [looks_like_date(text) for text in ("2020-13-45", "5.1.20", "12:30", "5.1", "a-1-2")]
    [True, True, True, False, False]
    """
    return LOOKS.fullmatch(text.strip()) is not None


def _read(text: str, order: str | None) -> tuple[float, Kind] | None:
    """Seconds and kind of a text."""
    day = DATE.fullmatch(text)
    written = day["clock"] if day else text
    clock = CLOCK.fullmatch(written) if written else None
    if (written and not clock) or (day and not day["year"] and order is None):
        return None
    try:
        since = 0 if day is None else 86_400 * (_date(day, order).toordinal() - EPOCH)
        micro = 0 if clock is None else _clock(clock)
    except ValueError:  # no such day, no such hour
        return None
    if clock is None or not clock["zone"]:
        return (since * MICROSECONDS + micro) / MICROSECONDS, "time" if day is None else "date"
    if day is None:
        return None
    east = 3600 * int(clock["zone_hour"] or 0) + 60 * int(clock["zone_minute"] or 0)
    since -= -east if clock["sign"] == "-" else east
    return (since * MICROSECONDS + micro) / MICROSECONDS, "zoned date"


def _date(match: re.Match[str], order: str | None) -> date:
    if match["year"]:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    first, second = int(match["first"]), int(match["second"])
    return date(int(match["last"]), *((second, first) if order == "day-first" else (first, second)))


def _clock(match: re.Match[str]) -> int:
    """Microseconds since midnight."""
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(hour, minute, second)
    fraction = (match["fraction"] or "").ljust(6, "0")[:6]
    return (3600 * hour + 60 * minute + second) * MICROSECONDS + int(fraction)
