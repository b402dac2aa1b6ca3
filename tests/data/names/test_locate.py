"""What a dataset's name leads to: files of any name, cards before them, and no address of the web."""

from pathlib import Path

import pytest

import mlpcli
from mlpcli.data.names.locate import file_and_card, format_of
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare

TABLE = "a,b\n" + "".join(f"{i},{i % 3}\n" for i in range(30))


def test_a_bare_name_is_a_card_before_it_is_a_file() -> None:
    for name in ("rows", "iris"):
        Path(name).write_text(TABLE)
    assert file_and_card("rows") == ((".txt", Path("rows")), None) and format_of("rows") == ".txt"
    found, card = file_and_card("iris")
    assert found is None and card is not None and format_of("iris") is None
    assert prepare("rows", target="b").features == ("a",)
    with pytest.raises(UsageError, match="no such dataset; did you mean iris"):
        file_and_card("irsi")


@pytest.mark.parametrize(
    "name", ["https://example.org/rows.csv", "http://example.org/a", "ftp://a/b.csv", "s3://a/b.npz"]
)
def test_addresses_are_not_downloaded(name: str) -> None:
    with pytest.raises(
        UsageError, match=r"mlpcli downloads the datasets of cards and of OpenML only\. Download the file"
    ):
        prepare(name, target="b")


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_training_needs_more_than_a_stream(name: str) -> None:
    with pytest.raises(UsageError, match="standard input can be read once, by eval and predict"):
        prepare(name, target="b")


def test_content_decides_where_the_suffix_says_nothing() -> None:
    Path("rows.json").write_text('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n{"a": 3, "b": "x"}\n')
    assert prepare("rows.json", target="b", test_size=0, val_size=0).features == ("a",)
    for name, text in (("page.html", "<html>"), ("list.json", "[1, 2]")):
        Path(name).write_text(text)
        with pytest.raises(DataError, match=rf"{name}: no table that can be read, .* end in \.csv, "):
            prepare(name, target="b")


def test_commas_inside_names_of_columns(home: Path) -> None:
    head = 'a,"Price, EUR","x, y"\n'
    Path("t.csv").write_text(head + "".join(f"{i},{i * i}.5,{i % 2}\n" for i in range(30)))
    options = {"target": "Price, EUR", "drop": "x, y"}
    prepared = prepare("t.csv", **options)
    assert prepared.targets == ("Price, EUR",) and prepared.features == ("a",)
    assert prepared.decided == {"target": ("Price, EUR",)}
    assert {column.name: column.role for column in prepared.summary}["x, y"] == "left out"
    both = prepare("t.csv", target="x, y, Price, EUR", task="regression")
    assert set(both.targets) == {"Price, EUR", "x, y"}
    run = mlpcli.train("t.csv", width=4, epochs=1, data_home=home, progress=False, **options)
    assert run.options.target == ("Price, EUR",) and run.options.monitor == "val_rmse"
    assert prepare("t.csv", target="a", drop=["Price, EUR"]).features == ("x, y",)
