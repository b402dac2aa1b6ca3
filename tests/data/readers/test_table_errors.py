"""Everything wrong with a delimited file is told with file, line and column, and nothing is left in the cache."""

import bz2
import gzip
import lzma
import os
from pathlib import Path
from typing import Any

import pytest

from mlpcli.data.readers.text import delimited_records
from mlpcli.errors import DataError, FileError, UsageError
from tests.data.asked import prepare

LETTERS = "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20))


@pytest.mark.parametrize("size", [1 << 20, 5])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x,y\n1,a\n2,caf\xe9\n", "t.csv, line 3: byte 0xe9 is not utf-8.*--encoding latin-1"),
        ("x,y\n1,a\n2,b\n".encode("utf-16"), "line 1: byte 0xff is not utf-8.*--encoding utf-16"),
        (b"x,y\n1,a\n2\n", "t.csv, line 3: 1 cell, but the header has 2"),
        (b"x,y\n\n1,a\n\n2,b,c\n", "t.csv, line 5: 3 cells, but the header has 2"),
        (b'x,y\n"1\n2",a\n2\n', "t.csv, line 4: 1 cell,"),
        (b'x,y\n1,a\n"2,b\n3,a\n', "t.csv, line 3: a quote is opened and never closed"),
        (b'x,y\n1,a\n5" pipe,b\n', "t.csv, line 3: a quote inside a cell"),
        (b'x,y\n1,a\n"5" pipe,b\n', "t.csv, line 3: a quote inside a cell"),
        (b"x,y\n1,a\n2,\0b\n", "t.csv, line 3: a NUL byte"),
        (gzip.compress(b"x,y\n1,a\n", mtime=0), r"t\.csv: it is compressed by gzip.* name ends in \.csv\.gz"),
        (bz2.compress(b"x,y\n1,a\n"), r"t\.csv: it is compressed by bzip2"),
        (lzma.compress(b"x,y\n1,a\n"), r"t\.csv: it is compressed by xz"),
        (b'{"x": 1, "y": "a"}\n', r"t\.csv: it is JSON lines, .* name ends in \.jsonl$"),
        (b"PAR1\x15\x04\x15", r"t\.csv: it is a Parquet file"),
        (b"PK\x03\x04\x14\0", r"t\.csv: it is a zip archive"),
        (b"", "t.csv: the file is empty"),
        (b"\n\r\n\n", "t.csv: the file is empty"),
        (b"x,y\n", "t.csv: it has a line of column names, but no rows"),
        (b"x,x,y\n1,2,a\n", "t.csv, line 1: two columns are named 'x'"),
        (b"5.1,3.5,1\n4.9,3.0,0\n", "t.csv, line 1: '5.1' is a number above a column of numbers.*Use --no-header"),
        (b"x;y\n1;a\n", "t.csv, line 1: a single column. Use --delimiter ';'"),
        (b"y\na\nb\n", "no column besides its target"),
        (b"x,y\n1,a\n2,\n", "t.csv, line 3, target 'y': no value"),
        (b"x,y\n1,a\ninf,b\n", "t.csv, line 3, column 'x': a number too large.*--drop 'x'"),
        (b"x,y\n1,a\n-1e999,b\n", "t.csv, line 3, column 'x': a number too large"),
        (
            b"x,y\n1,a\n9007199254740994,b\n",
            "line 3, column 'x': '9007199254740994' is a whole number of too many digits",
        ),
        (b"x,y\n1,a\n" + b"9" * 30 + b",b\n", "line 3, column 'x': '9{30}' is a whole number of too many digits"),
        (b"x,y\n1,a\n" + b"9" * 5000 + b",b\n", "line 3, column 'x': "),
        (
            b"x,d,y\n1,01/02/2020,a\n2,03/04/2020,b\n",
            "line 2, column 'd': '01/02/2020' begins with the day or the month.*Use --dates day-first or --dates month",
        ),
        (
            b"x,d,y\n1,31/01/2020,a\n2,03/04/2020,b\n",
            "line 2, column 'd': '31/01/2020' begins with the day .*Use --dates day-first, or leave the column",
        ),
        (b"x,d,y\n1,1/5/20,a\n2,2/5/20,b\n", "line 2, column 'd': '1/5/20' is a date or a time that cannot be read"),
        (b"x,y\n1,2020-01-05\n2,2020-01-06\n", "line 2, target 'y': '2020-01-05' is a date or a time, and none can"),
        (b"x,y\n1,a\n2,a\n", "target 'y': one class only, 'a'"),
        (b"x,y\n1,a\n1,b\n", "no column varies in the 2 training rows"),
        (b"x,y\n,a\n,b\n", "no column varies"),
    ],
)
def test_faults_of_a_file(content: bytes, message: str, size: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_records, "READ", size)
    Path("t.csv").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        prepare("t.csv", target="y", test_size=0, val_size=0)
    assert "\n" not in str(caught.value)
    assert not list(home.glob("prepared/*")) and not list(home.glob("*/.new-*"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            LETTERS.replace("9,", "abc,", 1),
            r"line 11, column 'x': 'abc' is not a number, as the others are.*Use --missing abc if it stands",
        ),
        ("".join(f"{i},{i / 7}\n" for i in range(40)) + "40,NA\n", r"line 42, target 'y': 'NA' is not a number"),
        ("".join(f"{i},{i / 7}\n" for i in range(2000)) + "40,x\n", r"line 2002, target 'y': 'x' is not a number"),
        ("".join(f"{i},{i / 7}\n" for i in range(2000)) + "40,\n", r"line 2002, target 'y': no value"),
        ("".join(f"{i},name {i}\n" for i in range(1100)), r"line 2, target 'y': more than 1000 classes"),
        (
            "".join(f"word {i % 3000},{'ab'[i % 2]}\n" for i in range(9000)),
            r"column 'x': 3000 different texts, more than",
        ),
        ("".join(f"word {i},{'ab'[i % 2]}\n" for i in range(25_000)), r"column 'x': more than 20000 different texts"),
    ],
)
def test_faults_of_columns(rows: str, message: str, home: Path) -> None:
    Path("t.csv").write_text("x,y\n" + rows)
    with pytest.raises(DataError, match=message):
        prepare("t.csv", target="y", test_size=0, val_size=0)
    assert not list(home.glob("prepared/*"))


def test_a_quantity_is_no_class() -> None:
    Path("t.csv").write_text("x,y\n" + "".join(f"{i},{i / 7}\n" for i in range(2000)))
    with pytest.raises(DataError, match=r"2000 classes for 2000 rows, more than 1000; .*Use --task regression"):
        prepare("t.csv", target="y", task="classification")


def test_numbers_too_large_for_the_dtype() -> None:
    Path("t.csv").write_text("x,y\n1e200,a\n2,b\n")
    with pytest.raises(DataError, match=r"column 'x': scaled, a number is too large for float32"):
        prepare("t.csv", target="y", test_size=0, val_size=0, scale="none")
    assert prepare("t.csv", target="y", test_size=0, val_size=0, scale="minmax").train.x.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "z"}, r"target: t.csv, line 1 has no column 'z'.*columns: 'size', 'colour', 'y'"),
        ({"target": "sizes"}, r"no column 'sizes' .*; did you mean size"),
        ({}, r"which column is to be predicted. Name it with --target .columns: 'size', 'colour', 'y'"),
        ({"target": "y", "drop": ("color",)}, r"drop: .* no column 'color' .*; did you mean colour"),
        ({"target": "y", "drop": ("y",)}, r"drop, target: column 'y' cannot be both"),
        ({"target": "y", "delimiter": "ab"}, r"delimiter: got 'ab', expected one ASCII character"),
        ({"target": "y", "delimiter": '"'}, r"delimiter: got '\"', expected"),
        ({"target": "y", "encoding": "utf8x"}, r"encoding 'utf8x' is unknown"),
        ({"target": "y", "encoding": "hex"}, r"encoding 'hex' is unknown"),
        ({"target": "y", "encoding": "idna"}, r"encoding 'idna' is not one of text files"),
        ({"target": "y", "encoding": "punycode"}, r"encoding 'punycode' is not one of text files"),
        ({"target": "y", "encoding": "unicode_escape"}, r"encoding 'unicode_escape' is not one of text files"),
        ({"target": ("y", "size"), "task": "classification"}, r"classification predicts one column"),
        ({"target": "colour", "task": "regression"}, r"target 'colour' has texts like 'red'"),
        (
            {"dataset": "iris", "delimiter": ";"},
            r"delimiter: only .csv, .tsv, .txt files take it, and .*'iris'",
        ),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    Path("t.csv").write_text("size,colour,y\n1,red,a\n2,blue,b\n3,red,a\n4,blue,b\n")
    with pytest.raises(UsageError, match=message):
        prepare(**({"dataset": "t.csv"} | options))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name in ("none.csv", "none.npz", "none.parquet", "idx:none"):
        with pytest.raises(FileError, match="cannot read none"):
            prepare(name, target="y")
    Path("folder.csv").mkdir()
    with pytest.raises(FileError, match=r"cannot read folder\.csv"):
        prepare("folder.csv", target="y")
    Path("zero.csv").symlink_to("/dev/zero")
    os.mkfifo("pipe.csv")
    for name in ("zero.csv", "pipe.csv"):
        with pytest.raises(FileError, match="not a regular file"):
            prepare(name, target="y")


def test_columns_may_be_named_by_counting() -> None:
    Path("t.csv").write_text("0,1,2\n5.5,1.5,a\n1.5,2.5,b\n")
    assert prepare("t.csv", target="2", test_size=0, val_size=0).features == ("0", "1")


def test_an_unnamed_column_gets_a_name_to_drop_it_by() -> None:
    Path("t.csv").write_text(",x,y\n0,1,a\n1,2,b\n")
    assert prepare("t.csv", target="y", test_size=0, val_size=0).features == ("column 1", "x")
    assert prepare("t.csv", target="y", test_size=0, val_size=0, drop=("column 1",)).features == ("x",)


def test_a_file_that_changes_while_it_is_read(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    Path("t.csv").write_text("x,y\n" + LETTERS)
    from mlpcli.data.readers.text import column_names

    read_pieces = column_names.read_pieces

    def and_change(*arguments: Any) -> Any:
        yield from read_pieces(*arguments)
        Path("t.csv").write_text("x,y\n1,a\n")

    monkeypatch.setattr(column_names, "read_pieces", and_change)
    with pytest.raises(DataError, match=r"t\.csv: the file changed while it was read"):
        prepare("t.csv", target="y")
    assert not list(home.glob("*/*"))
