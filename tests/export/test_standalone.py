"""Cells as exported files read them, whether they come as texts or as what a program holds."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from mlpcli.export import standalone
from mlpcli.export.standalone import encode, number, text, truth


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
