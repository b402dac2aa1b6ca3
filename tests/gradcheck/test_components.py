"""Everything that the gradient check will ask for can be written in these operations and differentiates rightly."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlpcli.autodiff import central_differences, ops
from tests.autodiff.gradients import relative_error, value_and_gradients

RNG = np.random.default_rng(11)
SCORES = RNG.normal(size=(6, 4))
LABELS = np.array([0, 3, 1, 2, 2, 0])
ONEHOT = np.eye(4)[LABELS]
TARGETS = RNG.normal(size=(6, 4))
MASK = RNG.random((6, 4)) < 0.7
WEIGHTS = RNG.normal(size=(6, 4))
LIFTED_WEIGHTS = RNG.normal(size=(6, 4 + 10))
ROWS, COLUMNS = np.triu_indices(4)


def plain(x: Any) -> Any:
    """The array behind a variable: a constant of the graph."""
    return getattr(x, "value", x)


def log_softmax(z: Any) -> Any:
    shift = np.max(plain(z), axis=-1, keepdims=True)  # whatever the shift, it cancels
    return z - shift - ops.log(ops.sum(ops.exp(z - shift), axis=-1, keepdims=True))


def normalized(x: Any, axis: int) -> Any:
    centred = x - ops.mean(x, axis=axis, keepdims=True)
    return centred / ops.sqrt(ops.mean(centred**2, axis=axis, keepdims=True) + 1e-5)


def elu(x: Any) -> Any:
    positive = plain(x) > 0
    return ops.where(positive, x, ops.exp(ops.where(positive, 0.0, x)) - 1)


def huber(r: Any) -> Any:
    inside = ops.minimum(ops.absolute(r), 1.0)
    return inside * (ops.absolute(r) - 0.5 * inside)


def weighted(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: ops.sum(WEIGHTS * function(x))


COMPONENTS: dict[str, Callable[[Any], Any]] = {
    "relu": weighted(ops.relu),
    "leaky-relu": weighted(lambda x: ops.maximum(x, 0.01 * x)),
    "elu": weighted(elu),
    "selu": weighted(lambda x: 1.0507009873554805 * ops.where(plain(x) > 0, x, 1.6732632423543772 * elu(x))),
    "gelu": weighted(lambda x: 0.5 * x * (1 + ops.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    "silu": weighted(lambda x: x * ops.sigmoid(x)),
    "mish": weighted(lambda x: x * ops.tanh(ops.logaddexp(0.0, x))),
    "softplus": weighted(lambda x: ops.logaddexp(0.0, x)),
    "batch norm": weighted(lambda x: 1.5 * normalized(x, -2) + 0.3),
    "layer norm": weighted(lambda x: 1.5 * normalized(x, -1) + 0.3),
    "dropout": weighted(lambda x: x * MASK / 0.7),
    "quadratic lift": lambda x: ops.sum(LIFTED_WEIGHTS * ops.concatenate(x, x[..., ROWS] * x[..., COLUMNS])),
    "cross-entropy": lambda z: -ops.mean(log_softmax(z)[np.arange(6), LABELS]),
    "label smoothing": lambda z: -ops.mean(ops.sum((0.9 * ONEHOT + 0.1 / 4) * log_softmax(z), axis=-1)),
    "logistic": lambda z: ops.mean(ops.logaddexp(0.0, (1 - 2 * ONEHOT) * z)),
    "squared": lambda z: ops.mean(ops.sum((z - TARGETS) ** 2, axis=-1)) / 2,
    "absolute": lambda z: ops.mean(ops.sum(ops.absolute(z - TARGETS), axis=-1)),
    "huber": lambda z: ops.mean(ops.sum(huber(z - TARGETS), axis=-1)),
    "L2 penalty": lambda w: 0.5 * 1e-2 * ops.sum(w**2),
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_component_agrees_with_differences(name: str) -> None:
    function = COMPONENTS[name]
    _, (gradient,) = value_and_gradients(function, SCORES)
    slopes = central_differences(lambda x: float(function(x)), SCORES).slopes
    assert relative_error(gradient.ravel(), slopes) < 1e-8


def test_gradients_known_in_closed_form() -> None:
    p = np.exp(SCORES) / np.exp(SCORES).sum(axis=-1, keepdims=True)
    residual = SCORES - TARGETS
    for name, expected in (
        ("cross-entropy", (p - ONEHOT) / 6),
        ("label smoothing", (p - 0.9 * ONEHOT - 0.1 / 4) / 6),
        ("logistic", (1 / (1 + np.exp(-SCORES)) - ONEHOT) / 24),
        ("squared", residual / 6),
        ("absolute", np.sign(residual) / 6),
        ("huber", np.clip(residual, -1, 1) / 6),
        ("L2 penalty", 1e-2 * SCORES),
        ("dropout", WEIGHTS * MASK / 0.7),
    ):
        np.testing.assert_allclose(
            value_and_gradients(COMPONENTS[name], SCORES)[1][0], expected, rtol=1e-12, atol=1e-16
        )


def test_gradients_of_norms_are_blind_to_shift() -> None:
    for name, axis in (("batch norm", -2), ("layer norm", -1)):
        _, (gradient,) = value_and_gradients(COMPONENTS[name], SCORES)
        np.testing.assert_allclose(gradient.sum(axis=axis), 0, atol=1e-14)
