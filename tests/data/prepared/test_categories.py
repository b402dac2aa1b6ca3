"""Rare and unknown categories, rows without a target, and what the data summary says of them."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from mlpcli.data import ColumnSummary, Preprocessing
from mlpcli.data.new_rows import UnknownTexts
from mlpcli.errors import DataError
from tests.data.asked import prepare, read_rows

WHOLE: dict[str, Any] = {"test_size": 0, "val_size": 0}
COLORS = ["red"] * 6 + ["green"] * 5 + ["teal", "pink"] + ["blue"] * 4


def write(path: str, rows: list[tuple[object, ...]]) -> None:
    Path(path).write_text("".join(",".join(map(str, row)) + "\n" for row in rows))


def colors(path: str, names: list[str]) -> None:
    write(path, [("n", "color", "y"), *((at % 5, name, "ab"[at % 2]) for at, name in enumerate(names))])


def test_unknown_texts_are_counted_and_compared() -> None:
    colors("t.csv", COLORS)
    model = prepare("t.csv", target="y", **WHOLE).preprocessing
    colors("new.csv", ["RED", "RED", "gren", "blue", "violet"])
    assert read_rows("new.csv", model).unknown == (UnknownTexts("color", 4, "RED", "red"),)
    assert read_rows("new.csv", model).unknown == (UnknownTexts("color", 4, "RED", "red"),)  # from the cache
    assert read_rows("t.csv", model).unknown == ()


def test_rare_texts_are_joined_and_unknown_ones_join_them() -> None:
    colors("t.csv", COLORS)
    data = prepare("t.csv", target="y", min_frequency=2, **WHOLE)
    assert data.features == ("n", "color=blue", "color=green", "color=red", "color other")
    assert data.train.x[:, 4].tolist() == [float(name in ("teal", "pink")) for name in COLORS]
    colors("new.csv", ["red", "violet", ""])
    assert read_rows("new.csv", data.preprocessing).x[:, 1:].tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert Preprocessing.from_json(data.preprocessing.to_json()) == data.preprocessing
    assert data.summary[1].note == "2 rare texts joined"


def test_codes_can_be_declared_categories() -> None:
    write("t.csv", [("code", "y"), *((at % 4, "ab"[at % 2]) for at in range(20))])
    assert prepare("t.csv", target="y", **WHOLE).features == ("code",)
    data = prepare("t.csv", target="y", categories="code", **WHOLE)
    assert data.features == ("code=0", "code=1", "code=2", "code=3")
    write("new.csv", [("code",), (3,), (7,)])
    rows = read_rows("new.csv", data.preprocessing)
    assert rows.x.tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]] and rows.unknown[0].text == "7"


@pytest.mark.parametrize("target", ["ab", "12", "0.5 1.5"])
def test_rows_without_a_target(target: str) -> None:
    labels = target.split() if " " in target else list(target)
    rows = [(at, labels[at % 2] if at % 3 else "") for at in range(30)]
    write("t.csv", [("x", "y"), *rows])
    with pytest.raises(DataError, match=r"line 2, target 'y': no value.*--drop-unlabelled"):
        prepare("t.csv", target="y")
    data = prepare("t.csv", target="y", drop_unlabelled=True)
    used = sorted(row for part in data.parts.values() for row in part.rows.tolist())
    assert used == [at for at in range(30) if at % 3]
    assert "10 rows without a value are left out" in data.summary[-1].note
    new = read_rows("t.csv", data.preprocessing)
    assert len(new) == 30 and new.y is not None and new.labelled.tolist() == used and len(new.y) == 20


def test_labels_spelled_otherwise_are_the_same_classes() -> None:
    for known, others in (
        (["0", "1"], ["0.0", "1.00"]),
        (["True", "False"], ["true", "FALSE"]),
        (["True", "False"], ["1", "0"]),
    ):
        write("t.csv", [("x", "y"), *((at, known[at % 2]) for at in range(20))])
        data = prepare("t.csv", target="y", task="classification", **WHOLE)
        write("new.csv", [("x", "y"), *((at, others[at % 2]) for at in range(20))])
        new = read_rows("new.csv", data.preprocessing)
        assert new.y is not None and new.y.tolist() == data.train.y.tolist()


@pytest.mark.parametrize("spellings", [("0", "1", "1.0"), ("01", "1", "2"), ("-0", "0", "3"), ("1e1", "10", "9")])
def test_one_number_in_two_spellings_is_not_two_classes(spellings: tuple[str, ...]) -> None:
    write("t.csv", [("x", "y"), *((at, spellings[at % 3]) for at in range(30))])
    (one, other), *_ = [pair for pair in combinations(sorted(spellings), 2) if float(pair[0]) == float(pair[1])]
    for task in ("auto", "classification"):
        with pytest.raises(DataError, match=f"'y': '{one}' and '{other}' are one number, but would be two classes"):
            prepare("t.csv", target="y", task=task)
    assert prepare("t.csv", target="y", task="regression").task == "regression"
    write("t.csv", [("x", "y"), *((at, f"c{spellings[at % 3]}") for at in range(30))])
    assert len(prepare("t.csv", target="y").classes or ()) == 3


def test_what_the_summary_says_of_each_column() -> None:
    rows = [
        (at, "" if at < 5 else at / 4, "rgb"[at % 3], f"name {at}", "True" if at % 2 else "False", 7, 3 * at % 5)
        for at in range(60)
    ]
    write("t.csv", [("n", "gaps", "color", "who", "flag", "same", "y"), *rows])
    data = prepare("t.csv", target="y", drop="n", **WHOLE)
    assert data.summary == (
        ColumnSummary("gaps", "input", "number", 2, 5, "1.25 to 14.75", ""),
        ColumnSummary("color", "input", "text", 3, 0, "3: b, g, r", ""),
        ColumnSummary("who", "left out", "text", 0, 0, "60 texts", "60 of 60 texts occur once, as names do"),
        ColumnSummary("flag", "input", "boolean", 1, 0, "0 to 1", ""),
        ColumnSummary("same", "input", "number", 1, 0, "7", "constant"),
        ColumnSummary(
            "y",
            "target",
            "classes",
            0,
            0,
            "5: '0', '1', '2', '3', '4'",
            "numbers taken as classes; --task regression takes them as quantities",
        ),
        ColumnSummary("n", "left out", "", 0, 0, "", "--drop"),
    )
    quantities = prepare("t.csv", target="y", task="regression", **WHOLE).summary[-1]
    assert (quantities.kind, quantities.values, quantities.note) == ("number", "0 to 4", "")


def test_a_single_row_of_a_number_may_be_a_quantity() -> None:
    write("t.csv", [("x", "y"), *((at, at % 8) for at in range(60)), (1, 8)])
    with pytest.raises(DataError, match=r"single row .'8'.*--task regression"):
        prepare("t.csv", target="y")
