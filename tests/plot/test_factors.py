"""Options that vary together, and how their levels are named and scaled."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mlpcli.plot.factors import find_factors, fullness, is_geometric, level_name


def test_factors() -> None:
    rows = [
        (width, init, epochs, "relu") for width in ("16", "4", "8") for init, epochs in (("he", "9"), ("zeros", "0"))
    ]
    width, start = find_factors(("width", "init", "epochs", "activation"), (), rows)
    assert width.levels == (("4",), ("8",), ("16",))
    assert_array_equal(width.numbers, [4, 8, 16])
    assert (start.options, start.levels, start.numbers) == (("init", "epochs"), (("he", "9"), ("zeros", "0")), None)
    assert start.of(rows[1]) == ("zeros", "0")
    assert start.describe(("zeros", "0")) == "init zeros, epochs 0"
    assert fullness([width, start], 3) == 0.5
    assert find_factors(("width",), (), [("4",), ("4",)]) == []


def test_drawn_options_are_factors_of_their_own() -> None:
    """Their values determine each other by chance; those of a [zip] do so on purpose."""
    varied, rows = ("lr", "dropout"), [("0.1", "0.5"), ("0.2", "0.25"), ("0.3", "0.125")]
    assert [factor.options for factor in find_factors(varied, varied, rows)] == [("lr",), ("dropout",)]
    assert [factor.options for factor in find_factors(varied, (), rows)] == [("lr", "dropout")]
    assert [factor.options for factor in find_factors(varied, ("lr",), rows)] == [("lr",), ("dropout",)]


@pytest.mark.parametrize(
    ("numbers", "geometric"),
    [
        ([1, 10, 100], True),
        ([1e-4, 1e-3, 3e-3, 1e-1], True),
        ([1, 2, 4], False),
        ([0, 10, 100, 1000], False),
        ([10, 20, 30, 40, 50, 60, 70, 80, 90], False),
        ([5, 5], False),
        ([1e-3, 1e-2, 1e3], True),  # a linear axis has the first two in one place
    ],
)
def test_geometric_numbers(numbers: list[float], geometric: bool) -> None:
    assert is_geometric(np.array(numbers, float)) == geometric


@pytest.mark.parametrize(
    ("level", "name"),
    [(("64,32",), "64, 32"), (("",), "-"), (("0.00123456789",), "0.001235"), (("256",), "256"), (("he", "3"), "he, 3")],
)
def test_names_of_levels(level: tuple[str, ...], name: str) -> None:
    assert level_name(level) == name
