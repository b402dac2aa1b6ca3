import contextlib
import csv
import io
import math
import re

import numpy as np
import pandas
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlpcli.results.files import csv_text

TRIGGERS = "=+-@\t\r\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (0, "0"),
        (-7, "-7"),
        (np.int64(12), "12"),
        (0.1, "0.1"),
        (-0.5, "-0.5"),
        (-0.0, "-0.0"),
        (1e-8, "1e-08"),
        (1 / 3, "0.3333333333333333"),
        (np.float32(0.1), "0.10000000149011612"),
        (np.float64(2.5), "2.5"),
        (5e-324, "5e-324"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (True, "true"),
        ((256, 128), "256,128"),
        ((), ""),
        ((0.5, 3.0), "0.5,3.0"),
        ("relu", "relu"),
        ("-1", "-1"),
        ("+1.5e3", "+1.5e3"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("-1+cmd|x", "'-1+cmd|x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("'=x", "''=x"),
        ("'tis", "'tis"),
    ],
)
def test_cells(value, expected):
    assert csv_text.cell(value) == expected


@given(st.floats())
def test_every_float_reads_back_to_the_bit(value):
    back = csv_text.number(csv_text.cell(value))
    assert isinstance(back, float)
    assert np.float64(back).tobytes() == np.float64(value).tobytes() or math.isnan(value)


@given(st.floats(width=32, allow_nan=False))
def test_float32_goes_through_float64(value):
    assert np.float32(csv_text.number(csv_text.cell(np.float32(value)))) == np.float32(value)


@given(st.integers())
def test_every_integer_reads_back_as_an_integer(value):
    back = csv_text.number(csv_text.cell(value))
    assert back == value and isinstance(back, int)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_shorter_text_reads_back_the_same(value):
    digits = csv_text.cell(value).lstrip("-").split("e")[0].replace(".", "").strip("0")
    if len(digits) > 1:
        assert float(f"{value:.{len(digits) - 2}e}") != value


@pytest.mark.parametrize("text", ["x", "1,5", "0x10", "1_000", " 1", "١", "1e", "--1", "infinity", "nan1"])
def test_what_is_not_a_number_is_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        csv_text.number(text)


def test_an_empty_cell_is_no_number():
    assert csv_text.number("") is None


@given(st.text())
def test_text_is_harmless_and_reads_back(text):
    written = csv_text.cell(text)
    assert csv_text.text(written) == text
    harmless = not written.startswith(tuple(TRIGGERS))
    with contextlib.suppress(ValueError):
        harmless = harmless or math.isfinite(float(written))
    assert harmless


rows_of_text = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=width, max_size=width), min_size=1)
)


@given(rows_of_text)
def test_tables_read_back_here_and_in_the_standard_reader(rows):
    text = "".join(map(csv_text.line, rows))
    data = csv_text.encode(text)
    assert [[csv_text.text(cell) for cell in row] for row in csv_text.parse(data)] == rows
    standard = list(csv.reader(io.StringIO(text, newline="")))
    assert [[csv_text.text(cell) for cell in row] for row in standard] == rows


def test_pandas_reads_the_table_as_it_was():
    rows = [{"name": 'a "b", c\nd', "x": 0.1, "n": 3}, {"name": "é", "x": -1e-300, "n": -4}]
    table = csv_text.encode(csv_text.table(["name", "x", "n"], rows))
    frame = pandas.read_csv(io.BytesIO(table), engine="python")
    assert frame.to_dict("records") == rows


def test_names_that_are_not_valid_text_can_be_written():
    assert csv_text.encode(csv_text.line(["data\udce9.csv"])) == b"data\\udce9.csv\n"


@pytest.mark.parametrize("data", [b"a,b\n1\n", b"a\n1,2\n", b'a\n"x\n', b'a\n"x"y\n', b"a\n\xff\n"])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(ValueError):
        csv_text.parse(data)


@pytest.mark.parametrize("columns", [1, 3])
def test_lines_by_column_are_those_by_row(columns):
    values = [None, "", "a,b", 'say "x"', "=1+1", 0.1, -0.5, math.nan, 3, True, "plain", np.float32(0.1)]
    for start in range(len(values)):
        rows = [values[start : start + columns], values[:columns], [0.5] * columns, ["text"] * columns]
        rows = [row for row in rows if len(row) == columns]
        by_column = list(zip(*rows, strict=True))
        assert csv_text.lines(by_column) == "".join(map(csv_text.line, rows))


@given(st.lists(st.floats().map(repr) | st.integers().map(str) | st.text("0123456789.eE+-_ infa", max_size=6)))
def test_numbers_by_column_are_those_by_cell(cells):
    try:
        expected = [csv_text.number(cell) for cell in cells]
    except ValueError:
        expected = None
    try:
        found = csv_text.column(cells)
    except ValueError:
        assert expected is None or any("inf" in cell or "nan" in cell for cell in cells)
    else:
        assert list(map(repr, found)) == list(map(repr, expected))


@given(st.binary(max_size=30) | st.text('ab,"\r\n1', max_size=12).map(str.encode))
@example(b",,\n\n\n")
@example(b"a,b\n1,2,3,4,5")
def test_columns_are_those_of_the_rows(data):
    try:
        expected = [list(column) for column in zip(*csv_text.parse(data), strict=True)]
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            csv_text.parse_columns(data)
    else:
        assert csv_text.parse_columns(data) == expected


def test_an_integer_that_no_float_holds_is_infinite() -> None:
    assert csv_text.number("-" + "9" * 400) == -math.inf
    assert csv_text.number("9" * 300) == int("9" * 300)
