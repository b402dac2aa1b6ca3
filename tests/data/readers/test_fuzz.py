"""Random bytes and random tables: read exactly, or refused in one line, never anything else."""

import csv
import io
import math
import shutil
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlpcli.data.readers.text import delimited_records
from mlpcli.data.readers.text.cells import GAPS, Spelling
from mlpcli.data.readers.text.dates import looks_like_date
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare
from tests.examples import examples

number = Spelling().number

RELAXED = settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])

WORDS_AND_NUMBERS = ("a", "b", "y", "1", "-2.5", "1e999", "nan", "NA", "true", "2020-01-01", "é", "€", "9" * 20)
MARKS = (",", ";", "\t", "\n", "\r\n", "\r", '"', '""', " ", "\0", "\ufeff", "\x1b[31m", "y\n", "x,y\n", '"a\nb",')
PIECES = st.sampled_from((*WORDS_AND_NUMBERS, *MARKS))


def outcome(content: bytes, name: str = "t.csv", **options: str) -> bool:
    """Whether the table was read; a refusal must be a single line, and leave nothing."""
    Path(name).write_bytes(content)
    shutil.rmtree("home", ignore_errors=True)
    try:
        prepared = prepare(name, target="y", test_size=0, val_size=0, data_home="home", **options)
    except (DataError, UsageError) as error:
        assert 0 < len(str(error)) < 2000 and str(error).isprintable()
        assert not list(Path("home").glob("prepared/*")) and not list(Path("home").glob("*/.new-*"))
        return False
    assert np.isfinite(prepared.train.x).all()
    return True


@RELAXED
@given(st.binary(max_size=300), st.sampled_from([1, 3, 1 << 20]))
@example(b"x,y\n1,a\n2,b\n", 1)
@example(b"y\n\x1b[31m\n1\n", 3)
def test_random_bytes(content: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_records, "READ", size)
        outcome(content)
        outcome(b"x,y\n1,a\n" + content)
        outcome(content, encoding="utf-16")


@RELAXED
@given(st.lists(PIECES, max_size=40), st.sampled_from([1, 4, 1 << 20]), st.sampled_from([",", ";", "\t"]))
@example(["y\n", "\ufeff"], 1, ",")
def test_random_fragments(pieces: list[str], size: int, delimiter: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_records, "READ", size)
        outcome(("x,y\n2,b\n" + "".join(pieces)).replace(",", delimiter).encode(), delimiter=delimiter)
        outcome("".join(pieces).encode(), delimiter=delimiter)


NUMBERS = st.one_of(st.floats(-1e15, 1e15).map(repr), st.integers(-1000, 1000).map(str), st.sampled_from(sorted(GAPS)))
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), min_size=1, max_size=6)


def is_refusable(numbers: list[str], words: list[str]) -> bool:
    """Whether a column of words is one of unreadable dates, of numbers with mistakes among them, or too large."""
    filled = [word.strip() for word in words if word.strip()]
    dates = bool(filled) and all(map(looks_like_date, filled))
    mistakes = len({number(text) for text in (*numbers, *words)}) > 10
    # in small pieces, a column of words is one of numbers until its first other word
    leading = takewhile(lambda value: value is not None, map(number, words))
    too_large = any(value is not None and math.isinf(value) for value in leading)
    return dates or mistakes or too_large


def test_what_is_refusable() -> None:
    assert is_refusable(["1", "2"], ["0", "INF"]) and is_refusable(["1", "2"], ["01/05/2020", ""])
    assert not is_refusable(["1", "2"], ["a", "INF"]) and not is_refusable(["1", "2"], ["", ""])


@RELAXED
@given(st.data(), st.integers(2, 30), st.sampled_from([2, 11, 1 << 20]))
def test_random_tables_are_read_as_the_csv_module_reads_them(data: st.DataObject, rows: int, size: int) -> None:
    numbers = data.draw(st.lists(NUMBERS, min_size=rows, max_size=rows))
    words = data.draw(st.lists(WORDS, min_size=rows, max_size=rows))
    labels = [f"label {i % 2}" for i in range(rows)]
    text = io.StringIO()
    writer = csv.writer(text, quoting=data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    writer.writerows([("n", "w", "i", "y"), *zip(numbers, words, range(rows), labels, strict=True)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_records, "READ", size)
        if not outcome(text.getvalue().encode(), scale="none", dtype="float64"):
            assert is_refusable(numbers, words)
            return
        prepared = prepare(
            "t.csv", target="y", test_size=0, val_size=0, data_home="home", scale="none", dtype="float64"
        )
    values = [number(text) or 0.0 for text in numbers]
    gaps = [math.isnan(value) for value in values]
    column = prepared.train.x[:, 0]
    assert [value for value, gap in zip(column, gaps, strict=True) if not gap] == [v for v in values if v == v]
    assert prepared.classes == ("label 0", "label 1")
    texts = prepared.preprocessing.columns[1]
    if texts.kind == "text" and texts.categories:
        start = prepared.features.index(texts.features[0])
        for word, row in zip(words, prepared.train.x, strict=True):
            coded = row[start : start + len(texts.categories)].tolist()
            assert coded == [float(category == word.strip()) for category in texts.categories]
