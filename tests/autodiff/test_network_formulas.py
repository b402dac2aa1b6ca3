"""The formulas by which the tape judges networks differentiate rightly, some of them as known in closed form."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlpcli.autodiff import Variable, central_differences, ops
from mlpcli.gradcheck.oracle import ACTIVATIONS, LIFTS, LOSSES, NORMALIZATIONS
from tests.autodiff.gradients import relative_error, value_and_gradients

RNG = np.random.default_rng(11)
SCORES = RNG.normal(size=(6, 4))
ONEHOT = np.eye(4)[[0, 3, 1, 2, 2, 0]]
SMOOTHED = 0.9 * ONEHOT + 0.1 / 4
TARGETS = {name: ONEHOT if name == "cross-entropy" else RNG.normal(size=(6, 4)) for name in LOSSES}
MASK = RNG.random((6, 4)) < 0.7
WEIGHTS = RNG.normal(size=(6, 4 + 10))  # as wide as the lifted scores


def weighted(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def total(x: Any) -> Any:
        y = function(x)
        return ops.sum(WEIGHTS[:, : y.value.shape[-1]] * y)

    return total


FORMULAS: dict[str, Callable[[Any], Any]] = {
    **{name: weighted(function) for name, function in {**ACTIVATIONS, **LIFTS}.items()},
    **{f"{name} norm": weighted(lambda x, n=function: 1.5 * n(x) + 0.3) for name, function in NORMALIZATIONS.items()},
    **{name: lambda z, f=function, n=name: ops.mean(f(z, TARGETS[n])) for name, function in LOSSES.items()},
    "label smoothing": lambda z: ops.mean(LOSSES["cross-entropy"](z, SMOOTHED)),
    "logistic": lambda z: ops.mean(LOSSES["cross-entropy"](z[:, :1], ONEHOT[:, :1])),
    "dropout": weighted(lambda x: x * MASK / 0.7),
    "L2 penalty": lambda w: 0.5 * 1e-2 * ops.sum(w**2),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_agrees_with_differences(name: str) -> None:
    function = FORMULAS[name]
    _, (gradient,) = value_and_gradients(function, SCORES)
    slopes = central_differences(lambda x: float(function(Variable(x)).value), SCORES).slopes
    assert relative_error(gradient.ravel(), slopes) < 1e-8


def test_gradients_known_in_closed_form() -> None:
    p = np.exp(SCORES) / np.exp(SCORES).sum(axis=-1, keepdims=True)
    one = np.arange(4) == 0  # the score that the logistic loss takes
    for name, expected in (
        ("cross-entropy", (p - ONEHOT) / 6),
        ("label smoothing", (p - SMOOTHED) / 6),
        ("logistic", one * (1 / (1 + np.exp(-SCORES)) - ONEHOT) / 6),
        ("squared", (SCORES - TARGETS["squared"]) / 6),
        ("absolute", np.sign(SCORES - TARGETS["absolute"]) / 6),
        ("huber", np.clip(SCORES - TARGETS["huber"], -1, 1) / 6),
        ("L2 penalty", 1e-2 * SCORES),
        ("dropout", WEIGHTS[:, :4] * MASK / 0.7),
    ):
        np.testing.assert_allclose(value_and_gradients(FORMULAS[name], SCORES)[1][0], expected, rtol=1e-12, atol=1e-16)


def test_gradients_of_norms_are_blind_to_shift() -> None:
    for name, axis in (("batch norm", -2), ("layer norm", -1)):
        _, (gradient,) = value_and_gradients(FORMULAS[name], SCORES)
        np.testing.assert_allclose(gradient.sum(axis=axis), 0, atol=1e-14)
