"""Dates and times as they are written: one moment or none, by the calendar of Python and pandas."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.data.readers.text.dates import CLOCK, DATE, ORDERS, kind_of, kind_of_all, looks_like_date, seconds

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))

NONE = [
    *("2020-02-30", "2020-13-01", "2020-1", "20200105", "2020-01/05", "2020-01-05T", "2020-01-05T25:00", "12:60"),
    *("24:00", "13:00PM", "0:00am", "1-5", "1.5", "05.01.2020", "1/5/20", "12:30Z", "2020-01-05T10", "２０２０-01-05"),
    *("0000-00-00", "v1.2.3", "10.0.0.1", "today", "2020-01-05T10:00+99:99", "2020-01-05T10:00-15:00"),
    *("2020-01-05T10:00+01:60", "2020-01-05T10:00+1"),
]


@pytest.mark.parametrize(
    ("text", "kind", "read"),
    [
        ("1970-01-02", "date", 86_400.0),
        ("1970/1/2 00:00:01.5", "date", 86_401.5),
        (" 1969.12.31 ", "date", -86_400.0),
        ("1970-01-01T01:00", "date", 3600.0),
        ("1970-01-01 01:00 PM", "date", 46_800.0),
        ("1970-01-01 12:00am", "date", 0.0),
        ("1970-01-01T01:00:00+01:00", "zoned date", 0.0),
        ("1970-01-01 01:00-0130", "zoned date", 9000.0),
        ("1970-01-01 01:00:00 UTC", "zoned date", 3600.0),
        ("1970-01-01T01:00:00,25Z", "zoned date", 3600.25),
        ("1970-01-01 14:00+14", "zoned date", 0.0),
        ("23:59:59", "time", 86_399.0),
        ("9:05", "time", 32_700.0),
    ],
)
def test_what_can_be_read(text: str, kind: str, read: float) -> None:
    assert kind_of(text) == kind and seconds(text, kind) == read  # type: ignore[arg-type]  # a row of a table of tests


@pytest.mark.parametrize("text", NONE)
def test_what_cannot(text: str) -> None:
    assert kind_of(text) is None


def test_the_order_of_day_and_month_is_an_option() -> None:
    day = 86_400.0
    assert seconds("02.01.1970", "date", "day-first") == day and seconds("01/02/1970", "date", "month-first") == day
    assert seconds("13/01/1970", "date", "month-first") is None and seconds("02/01/1970", "date") is None
    assert seconds("1970-01-02", "date", "day-first") == day  # a date that begins with the year says so itself
    assert kind_of_all(["01/02/2020", "2020-01-02"], "day-first") == "date"
    assert kind_of_all([]) is None and kind_of_all(["2020-01-02", "12:30"]) is None


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%dT%H:%M:%S", "%Y-%m-%d"]))
def test_moments_are_those_of_python_and_pandas(moment: datetime, form: str) -> None:
    text = f"{moment.year:04}" + moment.strftime(form[2:])
    written = datetime.strptime(text, form)
    exact = (written - datetime(1970, 1, 1)).total_seconds()
    assert seconds(text, "date") == pytest.approx(exact, abs=1e-6 + 1e-16 * abs(exact))
    assert seconds(f"{text[:10]} 00:00Z", "zoned date") == datetime(*written.timetuple()[:3], tzinfo=UTC).timestamp()
    if 1700 < moment.year < 2200:
        assert seconds(text, "date") == pd.Timestamp(text).value // 1000 / 1e6


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("2020-01-05", True),
        ("2020/1/5 12:30:00", True),
        ("2020-01-05T12:30:00Z", True),
        ("05.01.2020", True),
        ("1/5/20", True),
        ("12:30", True),
        ("12:30:45,5", True),
        ("3:30 PM", True),
        ("3:30p.m.", True),
        ("12:30 UTC", True),
        ("2020-01-05t10:00+99:99", True),
        ("1.5", False),
        ("1-5", False),
        ("2020-01.05", False),
        ("10.0.0.1", False),
        ("v1.2.3", False),
    ],
)
def test_what_looks_like_a_date(text: str, looks: bool) -> None:
    assert looks_like_date(text) is looks


@settings(deadline=None)
@given(st.from_regex(DATE, fullmatch=True) | st.from_regex(CLOCK, fullmatch=True), st.sampled_from([None, *ORDERS]))
def test_what_can_be_read_looks_like_a_date(text: str, order: str | None) -> None:
    assert looks_like_date(text) or kind_of(text, order) is None
