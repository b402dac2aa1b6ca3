"""Files without a line of names, and first lines that are something else."""

from pathlib import Path
from typing import Any

import pytest

from mlpcli.data.readers.text import delimited_records
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare

ROWS = "M,0.455,15\nF,0.53,9\nM,0.35,7\nI,0.44,15\nF,0.33,7\n"
WHOLE: dict[str, Any] = {"test_size": 0, "val_size": 0, "scale": "none", "dtype": "float64"}


def write(content: str) -> None:
    Path("t.csv").write_text(content)


def test_a_first_line_of_numbers_is_refused() -> None:
    write(ROWS)
    for target in ("15", "rings"):
        with pytest.raises(DataError, match=r"line 1: '0.455' is a number above a column of numbers.*--no-header"):
            prepare("t.csv", target=target, **WHOLE)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_columns_are_counted_or_named(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_records, "READ", size)
    write(ROWS)
    counted = prepare("t.csv", target="3", header=False, **WHOLE)
    assert counted.features == ("1=F", "1=I", "1=M", "2") and len(counted.train) == 5
    named = prepare("t.csv", target="rings", column_names="sex,length,rings", **WHOLE)
    assert named.features == ("sex=F", "sex=I", "sex=M", "length")
    assert named.train.x.tobytes() == counted.train.x.tobytes()
    write("a,b,c\n" + ROWS)
    renamed = prepare("t.csv", target="rings", header=True, column_names="sex,length,rings", **WHOLE)
    assert renamed.train.x.tobytes() == named.train.x.tobytes()


def test_names_that_are_numbers_can_be_meant() -> None:
    write("2019,2020,y\n1.5,2.5,a\n3.5,4.5,b\n")
    with pytest.raises(DataError, match="--header if it is a name"):
        prepare("t.csv", target="y", **WHOLE)
    assert prepare("t.csv", target="y", header=True, **WHOLE).features == ("2019", "2020")
    write(",0,1,y\n0,1.5,2.5,a\n1,3.5,4.5,b\n")  # pandas counts unnamed columns
    assert prepare("t.csv", target="y", **WHOLE).features == ("column 1", "0", "1")


def test_the_number_of_names_must_fit() -> None:
    write(ROWS)
    with pytest.raises(UsageError, match=r"column_names: 2 names, but t.csv, line 1 has 3 columns"):
        prepare("t.csv", target="b", column_names="a,b", **WHOLE)


def test_repeated_names_may_be_a_missing_header() -> None:
    write("a,a,b\nx,y,z\n")
    with pytest.raises(DataError, match=r"two columns are named 'a'.*--no-header"):
        prepare("t.csv", target="b", **WHOLE)


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\n', "SEP=;\r\n", "\ufeffsep=;\n"])
def test_the_separator_that_excel_names(first: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_records, "READ", size)
    write(first + "x;y\n1;a\n2;b\n")
    assert prepare("t.csv", target="y", **WHOLE).train.x.tolist() == [[1], [2]]
    write(first + "x;y\n1;a\n2\n")
    with pytest.raises(DataError, match="line 4: 1 cell, but the header has 2"):
        prepare("t.csv", target="y", **WHOLE)
