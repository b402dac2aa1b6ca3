"""One table in every format that is read: by suffix, compressed, and by content where the suffix says nothing."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather

from mlpcli.data import Prepared
from mlpcli.data.readers.text import delimited_records
from mlpcli.errors import DataError, FileError, UsageError
from tests.data.asked import prepare

WHOLE: dict[str, Any] = {"target": "y", "test_size": 0, "val_size": 0, "scale": "none", "dtype": "float64"}
FRAME = pd.DataFrame(
    {
        "n": [1.5, None, -2000.0, 4.0, 0.1, 3.0],
        "k": [3, 1, 2, 5, 4, 0],
        "word": ["red", "blue", "red", "green", "blue", "red"],
        "flag": [True, False, True, True, False, False],
        "y": ["a", "b", "a", "b", "b", "a"],
    }
)
TEXT = FRAME.to_csv(index=False)
SPACED = "  n   k word    flag y  \n" + "".join(
    f" {n if n == n else 'NA'}   {k}  {w} {f} {y}\n" for n, k, w, f, y in FRAME.itertuples(index=False)
)


def expected() -> Prepared:
    Path("expected.csv").write_text(TEXT)
    return prepare("expected.csv", **WHOLE)


def zipped(path: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inside/t.csv", TEXT)
        archive.writestr("__MACOSX/t.csv", "x")


WRITERS: dict[str, Callable[[str], object]] = {
    "t.csv.gz": lambda path: Path(path).write_bytes(gzip.compress(TEXT.encode())),
    "t.csv.bz2": lambda path: Path(path).write_bytes(bz2.compress(TEXT.encode())),
    "t.csv.xz": lambda path: Path(path).write_bytes(lzma.compress(TEXT.encode())),
    "t.zip": zipped,
    "t.txt": lambda path: Path(path).write_text(TEXT),
    "t.data": lambda path: Path(path).write_text(SPACED),
    "t.dat": lambda path: Path(path).write_text(TEXT.replace(",", ";")),
    "t.tab": lambda path: Path(path).write_text(TEXT.replace(",", "\t")),
    "t.backup": lambda path: Path(path).write_text(TEXT.replace(",", "|")),
    "./table": lambda path: Path(path).write_text(TEXT.replace(",", "\t")),
    "t.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "t.ndjson.gz": lambda path: FRAME.to_json(path, orient="records", lines=True, compression="gzip"),
    "t.feather": lambda path: FRAME.to_feather(path),
    "./parquet": lambda path: FRAME.to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_one_table_in_every_format(name: str) -> None:
    WRITERS[name](name)
    prepared = prepare(name, **WHOLE)
    assert prepared.features == expected().features and prepared.classes == ("a", "b")
    assert prepared.train.x.tobytes() == expected().train.x.tobytes()


def test_an_excel_workbook() -> None:
    pytest.importorskip("openpyxl")
    FRAME.to_excel("t.xlsx", index=False)
    assert prepare("t.xlsx", **WHOLE).train.x.tobytes() == expected().train.x.tobytes()
    Path("bad.xlsx").write_text("no workbook")
    with pytest.raises(DataError, match=r"bad\.xlsx: not an Excel workbook"):
        prepare("bad.xlsx", **WHOLE)


def test_the_cells_of_a_workbook_are_those_of_the_text_file() -> None:
    """Words that pandas takes for gaps, booleans and codes with gaps, marks among numbers, a column without a name."""
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame(
        {
            "word": ["NA", "None", "n/a", "null", "red", None],
            "flag": [True, None, False, True, "NA", False],
            "code": pd.array([1, 2, None, 1, 2, 1], "Int64"),
            "n": [1.5, "NA", 2, "n/a", "-", 7],
            " ": [1, 2, 3, 4, 5, 6],
            "y": ["a", "b", "a", "b", "b", "a"],
        }
    )
    frame.to_csv("t.csv", index=False)
    frame.to_excel("t.xlsx", index=False)
    for options in ({}, {"missing": ("None",)}):
        sheet, text = (prepare(name, categories=("code",), **WHOLE, **options) for name in ("t.xlsx", "t.csv"))
        assert sheet.features == text.features and {"word=NA", "code=2", "column 5"} <= set(sheet.features)
        assert sheet.train.x.tobytes() == text.train.x.tobytes()
    frame.replace("n/a", "many").to_excel("words.xlsx", index=False)
    with pytest.raises(DataError, match=r"words\.xlsx, row \d, column 'n': 'many' is a text, and most others are num"):
        prepare("words.xlsx", **WHOLE)


def test_a_workbook_with_equal_names_or_nothing() -> None:
    pytest.importorskip("openpyxl")
    FRAME.rename(columns={"k": "n"}).to_excel("t.xlsx", index=False)
    with pytest.raises(DataError, match=r"t\.xlsx: two columns are named 'n'"):
        prepare("t.xlsx", **WHOLE)
    pd.DataFrame().to_excel("none.xlsx", index=False)
    with pytest.raises(DataError, match=r"none\.xlsx: its first sheet is empty"):
        prepare("none.xlsx", **WHOLE)


def test_codes_with_a_gap_are_codes_in_json_lines_too() -> None:
    Path("t.jsonl").write_text(
        "\n".join(f'{{"n": {n}, "y": "{y}"}}' for n, y in zip((1, "null", 2), "aba", strict=True))
    )
    assert prepare("t.jsonl", categories=("n",), **WHOLE).features == ("n=1", "n=2")


def test_a_mark_of_a_missing_number_is_one_in_json_lines_too() -> None:
    rows = ['{"n": 1, "y": "a"}', '{"n": " NA ", "y": "b"}', '{"n": 2.5, "y": "a"}']
    Path("t.jsonl").write_text("\n".join(rows))
    Path("t.csv").write_text("n,y\n1,a\nNA,b\n2.5,a\n")
    assert prepare("t.jsonl", **WHOLE).train.x.tobytes() == prepare("t.csv", **WHOLE).train.x.tobytes()


def test_a_feather_file_with_texts_that_are_not_what_it_says() -> None:
    """pyarrow itself would crash on some of these."""
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    feather.write_feather(pa.table({"a": broken, "y": [1.0, 2.0]}), "t.feather")
    with pytest.raises(DataError, match=r"t\.feather: not a Feather file, or damaged: .*UTF8"):
        prepare("t.feather", **WHOLE)


@pytest.mark.parametrize(
    "line", [r'{"a": 1, "b\ud800": 2, "y": 3}', r'{"a": "\udfff", "y": 3}', '{"a": "\ud800", "y": 3}']
)
def test_half_a_character_in_json_lines_is_refused(line: str) -> None:
    Path("t.jsonl").write_bytes(b'{"a": 1, "y": 2}\n' + line.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=r"^t\.jsonl, line 2: not JSON: .*surrogates not allowed$"):
        prepare("t.jsonl", **WHOLE)


@pytest.mark.parametrize("first", ["1", '"x"', "2.5"])
def test_an_integer_that_no_float_holds_is_too_large_in_json_lines_as_in_csv(first: str) -> None:
    Path("t.jsonl").write_text(f'{{"a": {first}, "y": 1}}\n{{"a": {10**400}, "y": 2}}\n{{"a": {first}, "y": 3}}')
    with pytest.raises(DataError, match="too large" if first != '"x"' else "is a number, and most others are texts"):
        prepare("t.jsonl", **WHOLE)


def test_a_feather_file_with_a_damaged_description_of_its_columns() -> None:
    """pyarrow raises UnicodeDecodeError there."""
    FRAME.to_feather("t.feather")
    content = Path("t.feather").read_bytes()
    Path("t.feather").write_bytes(content.replace(b'"index_columns"', b'"index_\xff\xff\xff\xff\xff\xff\xff"'))
    with pytest.raises(DataError, match=r"t\.feather: not a Feather file, or damaged: "):
        prepare("t.feather", **WHOLE)


def test_a_parquet_file_with_a_name_that_is_no_text() -> None:
    """pyarrow raises UnicodeDecodeError when it opens the file."""
    FRAME.to_parquet("t.parquet")
    content = Path("t.parquet").read_bytes()
    Path("t.parquet").write_bytes(content.replace(b"word", b"\xfford"))
    with pytest.raises(DataError, match=r"t\.parquet: not a Parquet file, or damaged: "):
        prepare("t.parquet", **WHOLE)


def test_json_that_is_nested_too_deeply() -> None:
    Path("t.jsonl").write_text("[" * 100_000)
    with pytest.raises(DataError, match=r"t\.jsonl, line 1: not JSON: "):
        prepare("t.jsonl", **WHOLE)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("mark", ["whitespace", r"\t", "tab"])
def test_delimiters_that_have_names(mark: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_records, "READ", size)
    Path("t.csv").write_text(SPACED if mark == "whitespace" else TEXT.replace(",", "\t"))
    assert prepare("t.csv", delimiter=mark, **WHOLE).train.x.tobytes() == expected().train.x.tobytes()


def test_blanks_inside_quotes_stay() -> None:
    Path("t.data").write_text('w y\n"a  b" 1\n"c" 2\n')
    assert prepare("t.data", **WHOLE).features == ("w=a  b", "w=c")


def test_what_is_no_table() -> None:
    Path("t.bin").write_bytes(b"\0\1\2" * 100)
    with pytest.raises(DataError, match=r"t\.bin: no table that can be read, .* end in \.csv, \.feather, \.jsonl, "):
        prepare("t.bin", **WHOLE)
    with zipfile.ZipFile("two.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", TEXT)
    with pytest.raises(DataError, match=r"two\.zip: 2 files in the archive"):
        prepare("two.zip", **WHOLE)
    for name in ("cut.csv.gz", "cut.csv.bz2", "cut.csv.xz"):
        WRITERS[name.replace("cut", "t")](name)
        Path(name).write_bytes(Path(name).read_bytes()[:-20])
        with pytest.raises(DataError, match=rf"{name}: the compressed file is damaged"):
            prepare(name, **WHOLE)
    Path("t.jsonl").write_text('{"y": 1}\n{"y": \n')
    with pytest.raises(DataError, match=r"t\.jsonl, line 2: not JSON"):
        prepare("t.jsonl", **WHOLE)
    Path("t.feather").write_text("x")
    with pytest.raises(DataError, match=r"t\.feather: not a Feather file"):
        prepare("t.feather", **WHOLE)
    with pytest.raises(FileError, match=r"cannot read none\.jsonl"):
        prepare("none.jsonl", **WHOLE)
    with pytest.raises(UsageError, match=r"delimiter: only .*csv.* files take it"):
        prepare("t.jsonl", delimiter=";", **WHOLE)
    with pytest.raises(UsageError, match="no such dataset"):
        prepare("none.backup", **WHOLE)
