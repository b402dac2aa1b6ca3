"""Random tables: what is read is what Python's csv and pandas read with the same options, or one clear error.

No column changes its kind silently: a column of numbers is read as numbers, one of dates as dates, or refused.
"""

import csv
import io
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpcli.data.readers.text import delimited_records
from mlpcli.data.readers.text.cells import GAPS
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare
from tests.examples import examples

QUICK = {"suppress_health_check": list(HealthCheck), "deadline": None}
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)
MARKS = ["", "NA", "-", "missing", "#DIV/0!", "?", "."]


class Spelled(NamedTuple):
    """How the numbers of a random table are written."""

    delimiter: str
    decimal: str
    thousands: str | None
    unit: str


SPELLINGS = st.sampled_from(
    [
        Spelled(delimiter, decimal, thousands, unit)
        for delimiter in ",;\t|"
        for decimal in ".,"
        for thousands in (None, ",", ".", " ", "'")
        for unit in ("", "$", "%", " kg")
        if thousands != decimal
    ]
)
COLUMNS = st.lists(st.sampled_from(["number", "whole", "word", "flag", "date"]), min_size=1, max_size=4)


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(microsecond=0))


def spell(value: float, how: Spelled) -> str:
    whole, point, fraction = (f"{value:,}" if how.thousands else repr(value)).partition(".")
    text = whole.replace(",", how.thousands or "") + (how.decimal if point else "") + fraction
    return f"{how.unit}{text}" if how.unit == "$" else f"{text}{how.unit}"


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], list[list[float | str | None]], Spelled]:
    """Kinds, the cells as they are written, the cells as they are meant, and the spelling."""
    kinds, how, rows = draw(COLUMNS), draw(SPELLINGS), draw(st.integers(2, 30))
    meant: list[list[float | str | None]] = []
    written: list[list[str]] = []
    for kind in kinds:
        if kind == "word":
            cells: list[Any] = draw(st.lists(WORDS, min_size=rows, max_size=rows))
            texts = list(cells)
        elif kind == "flag":
            cells = draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=rows, max_size=rows))
            texts = ["True" if cell else "False" for cell in cells]
        elif kind == "date":
            cells = draw(st.lists(st.one_of(MOMENTS, st.none()), min_size=rows, max_size=rows))
            texts = [draw(st.sampled_from(MARKS)) if cell is None else str(cell) for cell in cells]
        else:
            numbers = st.integers(-(10**7), 10**7) if kind == "whole" else st.decimals(-(10**6), 10**6, places=2)
            some = st.one_of(numbers.map(float), st.none())
            cells = draw(st.lists(some, min_size=rows, max_size=rows))
            marks = draw(st.lists(st.sampled_from(MARKS), min_size=rows, max_size=rows))
            texts = [mark if cell is None else spell(cell, how) for cell, mark in zip(cells, marks, strict=True)]
        meant.append(cells)
        written.append(texts)
    return kinds, written, meant, how


def check(table: Any, size: int) -> bool:
    """Compare one table; whether it was read."""
    kinds, written, meant, how = table
    labels = ["ab"[at % 2] for at in range(len(written[0]))]
    names = [f"c{at}" for at in range(len(kinds))]
    text = io.StringIO()
    csv.writer(text, delimiter=how.delimiter).writerows([[*names, "y"], *zip(*written, labels, strict=True)])
    Path("t.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    shutil.rmtree("home", ignore_errors=True)
    options: dict[str, Any] = {"delimiter": how.delimiter, "decimal": how.decimal}
    options |= {"thousands": how.thousands} if how.thousands else {}
    options |= {"units": (how.unit.strip(),)} if how.unit else {}
    whole = {"target": "y", "test_size": 0, "val_size": 0, "scale": "none", "dtype": "float64", "data_home": "home"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_records, "READ", size)
        try:
            prepared = prepare("t.csv", **whole, **options)
        except (DataError, UsageError) as error:
            assert str(error).isprintable() and len(str(error)) < 2000
            assert "word" in kinds or "no column varies" in str(error), error
            return False
    by_csv = list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=how.delimiter))[1:]
    by_pandas = pd.read_csv(
        "t.csv",
        sep=how.delimiter,
        decimal=how.decimal,
        thousands=how.thousands,
        na_values=list(GAPS),
        keep_default_na=False,
        dtype=None if not how.unit else str,
    )
    for at, (kind, column) in enumerate(zip(kinds, prepared.preprocessing.columns, strict=True)):
        place = prepared.features.index(column.features[0]) if column.features else -1
        if kind == "word":
            if column.kind == "text" and column.features:
                coded = prepared.train.x[:, place : place + len(column.features)]
                cells = [row[at].strip() for row in by_csv]
                assert coded.tolist() == [[float(category == cell) for category in column.categories] for cell in cells]
            continue
        if kind == "date" and any(meant[at]):
            assert column.kind == "date", written[at]
            dates = pd.Series(pd.to_datetime([str(cell) if cell else None for cell in meant[at]]))
            check_dates(prepared.train.x[:, place:], dates, [part.name for part in column.parts], column.indicator)
            continue
        assert column.kind == ("boolean" if kind == "flag" else "number"), (kind, written[at])
        found = prepared.train.x[:, place]
        gaps = np.array([cell is None for cell in meant[at]])
        np.testing.assert_array_equal(found[~gaps], [cell for cell in meant[at] if cell is not None])
        if column.indicator:
            np.testing.assert_array_equal(prepared.train.x[:, place + 1], gaps)
        if not how.unit and kind != "flag":
            theirs = by_pandas[f"c{at}"].to_numpy(np.float64)
            np.testing.assert_allclose(found[~gaps], theirs[~gaps], rtol=1e-15)  # older pandas, last digit
            assert np.isnan(theirs[gaps]).all()
    return True


def check_dates(found: Any, dates: "pd.Series[Any]", parts: list[str], indicator: bool) -> None:
    """Compare the parts of a column of dates with pandas's; those that do not vary must be the ones left out."""
    known = dates.notna().to_numpy()
    theirs = {
        "year": dates.dt.year,
        "month": dates.dt.month,
        "day of week": dates.dt.day_of_week,
        "day of year": dates.dt.day_of_year,
        "hour": dates.dt.hour + (60 * dates.dt.minute + dates.dt.second) / 3600,
        "seconds": (dates - dates.min()).dt.total_seconds(),
    }
    assert parts == [name for name, values in theirs.items() if values[known].nunique() > 1]
    for at, name in enumerate(parts):
        np.testing.assert_allclose(found[known, at], theirs[name][known], rtol=1e-14, atol=1e-12)
    assert indicator is bool(parts and not known.all())
    if indicator:
        np.testing.assert_array_equal(found[:, len(parts)], ~known)


SIZES = st.sampled_from([7, 50, 1 << 20])


@pytest.mark.slow
@settings(max_examples=10_000, **QUICK)
@given(tables(), SIZES)
def test_ten_thousand_random_tables(table: Any, size: int) -> None:
    check(table, size)


def test_some_random_tables_most_of_which_are_read() -> None:
    """The comparison is worth something only if refusals are rare."""
    read = []

    @settings(max_examples=examples(40), database=None, **QUICK)
    @given(tables(), SIZES)
    def compare(table: Any, size: int) -> None:
        read.append(check(table, size))

    compare()
    assert sum(read) > 0.5 * len(read)
