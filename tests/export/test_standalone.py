"""Cells as exported files read them, whether they come as texts or as what a program holds."""

import math
import warnings
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mlpcli
from mlpcli.export import standalone
from mlpcli.export.standalone import encode, number, text, truth
from tests.examples import examples
from tests.export.tables import import_file


@pytest.mark.parametrize("value", [True, np.True_, 1, 1.0, "True", " true ", "1", "1.0"])
def test_true_is_one(value: Any) -> None:
    assert truth(value) == 1.0


@pytest.mark.parametrize("value", [False, np.False_, 0, "FALSE", "0", -0.0])
def test_false_is_zero(value: Any) -> None:
    assert truth(value) == 0.0


@pytest.mark.parametrize("value", [2, -1, 0.5, math.inf, "2", "yes", 1j, [1]])
def test_what_is_neither_true_nor_false_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(ValueError, match=r"row 1, column 'member': .* is neither true nor false"):
        encode({"member": [True, value]}, [{"name": "member", "kind": "boolean"}], "float32")


@pytest.mark.parametrize("value", [None, math.nan, ""])
def test_an_empty_cell_is_nan(value: Any) -> None:
    assert math.isnan(truth(value)) and math.isnan(number(value))


@pytest.mark.parametrize("value", [-999, -999.0, np.int64(-999), "-999", "-999.0", "-9.99e2"])
def test_a_number_that_marks_an_empty_cell_does_so_in_every_form(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert number(value) == -999
    monkeypatch.setattr(standalone, "MISSING_NUMBERS", frozenset([-999.0]))
    assert math.isnan(number(value))


@pytest.mark.parametrize("value", ["7", 7, np.int8(7), 7.0, np.float32(7), Decimal("7.0"), Decimal(7)])
def test_a_whole_number_is_one_code_in_every_form(value: Any) -> None:
    assert text(value) == "7"


@pytest.mark.parametrize("value", [0, -0.0, np.float32(-0.0), Decimal("-0.0")])
def test_zero_has_no_sign_among_codes(value: Any) -> None:
    assert text(value) == "0"


@pytest.mark.parametrize("value", [7.5, np.float32(7.5), Decimal("7.5"), math.inf, 1e17])
def test_a_number_that_is_no_code_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(ValueError, match=r"row 1, column 'code': .* is not a whole number up to 2\*\*53"):
        encode({"code": [7.0, value]}, [{"name": "code", "kind": "text", "categories": ["7"]}], "float32")


@pytest.mark.parametrize("value", [-999, -999.0, np.int64(-999), Decimal("-999.0"), math.nan, Decimal("NaN"), None])
def test_numbers_that_mark_an_empty_cell_do_so_among_codes(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standalone, "GAPS", frozenset(["", "nan", "NaN", "None"]))
    monkeypatch.setattr(standalone, "MISSING_NUMBERS", frozenset([-999.0]))
    assert text(value) == ""


OBJECTS = [
    date(2020, 1, 2),
    datetime(2020, 1, 2, 3),
    pd.Timestamp(2020, 1, 2),
    np.datetime64("2020-01-02"),
    time(12),
    timedelta(1),
    1j,
    np.complex64(1),
    {"a": 1},
    [1],
    (1, 2),
    {1},
    b"1",
    np.array(1.0),
    UUID(int=1),
    object(),
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("kind", ["number", "boolean", "text"])
def test_other_objects_are_refused_with_their_place(value: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=r"row 1, column 'x': .* is neither (a number nor a text|true nor false)"):
        encode([{"x": None}, {"x": value}], [{"name": "x", "kind": kind, "categories": ["1"]}], "float32")


@pytest.mark.parametrize("value", [2**53 + 2, -(10**18), Decimal(10**18), str(10**18), 10**400])
def test_a_whole_number_of_too_many_digits_is_refused_in_every_form(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is a whole number of too many digits|is too large"):
        number(value)


def _cells() -> st.SearchStrategy[Any]:
    """Whatever a program may hold in a cell."""
    numbers = [st.integers(-5, 10), st.integers(), st.floats(), st.decimals(allow_nan=False), st.booleans()]
    numbers += [st.floats(-5, 9).map(kind) for kind in (np.float16, np.float32, np.float64, np.longdouble)]
    numbers += [st.integers(0, 9).map(kind) for kind in (np.int8, np.uint8, np.int64, np.bool_)]
    words = [
        "red",
        "7",
        "7.0",
        "true",
        "FALSE",
        " 1 ",
        "01",
        "-0",
        "NA",
        "",
        "None",
        "?",
        "1e3",
        "1_0",
        "1,5",
        "\u0661",
    ]
    gaps = [None, math.nan, pd.NA, pd.NaT, np.datetime64("NaT")]
    return st.one_of(*numbers, st.text(max_size=4), st.sampled_from([*words, *gaps, *OBJECTS]), st.complex_numbers())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[mlpcli.Model, ModuleType]:
    """A model of columns of every kind that may be exported, and its file."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "number": np.where(rng.random(90) < 0.1, np.nan, rng.normal(3, 2, 90)),
            "boolean": np.where(rng.random(90) < 0.1, None, rng.random(90) < 0.5),
            "text": rng.choice(["red", "7", "true", "x"], 90),
            "code": rng.integers(0, 5, 90),
        }
    )
    target = frame["text"].isin(["red", "7"]) ^ (frame["boolean"] == True) ^ (frame["code"] > 2)  # noqa: E712
    model = mlpcli.train((frame, target), categories=["code"], width=8, depth=1, epochs=3, progress=False).model
    path = tmp_path_factory.mktemp("both") / "model.py"
    model.export(path)
    return model, import_file(path)


@settings(max_examples=examples(400), deadline=None)
@given(name=st.sampled_from(["number", "boolean", "text", "code"]), value=_cells())
def test_each_cell_is_refused_or_means_what_it_means_to_the_model(
    both: tuple[mlpcli.Model, ModuleType], name: str, value: Any
) -> None:
    """But for numbers that are written as texts, which a frame refuses: the file reads those of CSV."""
    assume(name != "number" or not isinstance(value, str))
    row = {"number": 3.0, "boolean": True, "text": "red", "code": 1} | {name: value}
    answers = []
    for predict in (both[0].predict_proba, both[1].predict_proba):
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            try:
                answers.append(predict([row])[0])
            except (mlpcli.Error, ValueError):
                answers.append(None)
    expected, found = answers
    if expected is None or found is None:
        assert expected is found is None
    else:
        np.testing.assert_allclose(found, expected, atol=1e-6)
