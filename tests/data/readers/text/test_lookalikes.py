"""Texts that look like numbers are refused with the option that reads them, and then read as these numbers."""

import math
from pathlib import Path

import numpy as np
import pytest

from mlpcli.data.readers.text.cells import Spelling
from mlpcli.data.readers.text.lookalikes import unread_numbers
from mlpcli.errors import DataError
from tests.data.asked import prepare

VALUES = [1234.5, 1.25, 987654.0, 20.5, 33.75, 4000.5, 55.5, 612.0, 7.5, 80.25, 9.75, 1012.5]


def decimal_comma(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


SPELLINGS = {
    "decimal comma": (decimal_comma, {"decimal": ","}),
    "german": (german, {"decimal": ",", "thousands": "."}),
    "english": (lambda value: f"{value:,.2f}", {"thousands": ","}),
    "spaces": (lambda value: f"{value:,.2f}".replace(",", " "), {"thousands": " "}),
    "apostrophes": (lambda value: f"{value:,.2f}".replace(",", "'"), {"thousands": "'"}),
    "dollars": (lambda value: f"${value:,.2f}", {"thousands": ",", "units": ("$",)}),
    "percent": (lambda value: f"{value:.2f}%", {"units": ("%",)}),
    "kilograms": (lambda value: f"{value:.2f} kg", {"units": ("kg",)}),
    "euros": (lambda value: f"{german(value)} €", {"decimal": ",", "thousands": ".", "units": ("€",)}),
}


def write(texts: list[str], target: list[str] | None = None) -> None:
    rows = zip(texts, target or ["ab"[at % 2] for at in range(len(texts))], strict=True)
    Path("t.csv").write_text("x;y\n" + "".join(f"{x};{y}\n" for x, y in rows))


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_column_is_refused_and_then_read(name: str) -> None:
    spell, options = SPELLINGS[name]
    write([spell(value) for value in VALUES])
    whole = {"target": "y", "delimiter": ";", "test_size": 0, "val_size": 0, "scale": "none", "dtype": "float64"}
    with pytest.raises(DataError, match=r"column 'x': .* is not read as a number") as caught:
        prepare("t.csv", **whole)
    for option, value in options.items():
        assert f"--{option} " in str(caught.value)
        assert str(value[0]) in str(caught.value).split(f"--{option} ")[1][:6]
    prepared = prepare("t.csv", **whole, **options)
    assert prepared.features == ("x",) and prepared.train.x[:, 0].tolist() == VALUES
    codes = prepare("t.csv", **whole, categories="x")
    assert len(codes.features) == len(VALUES)


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_target_is_refused_and_then_read(name: str) -> None:
    spell, options = SPELLINGS[name]
    write([str(at) for at in range(len(VALUES))], [spell(value) for value in VALUES])
    whole = {"target": "y", "delimiter": ";", "test_size": 0, "val_size": 0, "dtype": "float64"}
    with pytest.raises(DataError, match=r"target 'y': .* is not read as a number"):
        prepare("t.csv", **whole)
    prepared = prepare("t.csv", **whole, **options)
    assert prepared.task == "regression"
    own = prepared.preprocessing.inverse_target(prepared.train.y)[:, 0]
    np.testing.assert_allclose(own, VALUES, rtol=1e-9)


@pytest.mark.parametrize("mark", ["-", ".", "--", "missing", "<NA>", r"\N", "#DIV/0!"])
def test_usual_marks_are_gaps_among_numbers(mark: str) -> None:
    write([mark if at % 6 == 0 else str(at) for at in range(60)])
    prepared = prepare("t.csv", target="y", delimiter=";", test_size=0, val_size=0)
    assert prepared.features == ("x", "x missing") and prepared.train.x[:, 1].sum() == 10
    assert prepared.summary[0].gaps == 10


@pytest.mark.parametrize("mark", ["-999", "unk", "n/k"])
def test_marks_of_the_users_own(mark: str) -> None:
    write([mark if at % 6 == 0 else str(at) for at in range(60)])
    whole = {"target": "y", "delimiter": ";", "test_size": 0, "val_size": 0}
    if mark != "-999":
        with pytest.raises(DataError, match=f"'{mark}' is not a number, as the others are.*--missing {mark}"):
            prepare("t.csv", **whole)
    prepared = prepare("t.csv", **whole, missing=(mark, "-999,0"))
    assert prepared.features == ("x", "x missing") and prepared.train.x[:, 1].sum() == 10


def test_a_numeric_mark_is_a_gap_however_it_is_written() -> None:
    write(["-999", "-999.0", " -999 ", "1", "2", "3"])
    prepared = prepare("t.csv", target="y", delimiter=";", test_size=0, val_size=0, missing="-999")
    assert prepared.train.x[:, 1].tolist() == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "texts",
    [
        [f"C{at}" for at in range(40)],
        ["1st", "2nd", "3rd", "4th"],
        [f"10.0.0.{at}" for at in range(40)],
        [f"555-{at:04}" for at in range(40)],
        ["3 rooms", "4 rooms", "5 rooms"],
        [f"A/5 {at}" for at in range(20)] + [str(at) for at in range(60)],
        [f"v1.{at}.3" for at in range(20)],
        [f"{at}{'abcd'[at % 4]}" for at in range(40)],
        ["red", "green", "2"],
    ],
)
def test_names_and_codes_are_texts(texts: list[str]) -> None:
    assert unread_numbers(dict.fromkeys(texts, 3), Spelling()) is None


def test_a_group_of_three_may_be_a_fraction() -> None:
    other = unread_numbers({"1,234": 2, "2,500": 1}, Spelling())
    assert other is not None and other.options == "--thousands , (or --decimal ,)"
    other = unread_numbers({"0,125": 2, "2,500": 1}, Spelling())
    assert other is not None and other.options == "--decimal ,"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234,567.5", 1234567.5), ("-1,234", -1234), ("1,23", None), ("12,345,6", None), ("0,123", None), (",5", None)],
)
def test_groups_have_three_digits(text: str, value: float | None) -> None:
    """pandas takes 1,23 for 123; a decimal comma must not be lost like this."""
    assert Spelling(thousands=",").number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("$-5", -5), ("-$5.5", -5.5), ("$ 5", 5), ("5 $", 5), ("5$ kg", None), ("$", None), ("", math.nan), ("1e3$", 1e3)],
)
def test_units(text: str, value: float | None) -> None:
    assert Spelling(units=("$", "kg")).number(text) == pytest.approx(value, nan_ok=True)
