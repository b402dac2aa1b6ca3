"""Every operation's products against central differences, a random direction and, where it is smooth, complex steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlpcli.autodiff import central_differences, ops
from mlpcli.autodiff.ops import Operation
from tests.autodiff.gradients import directional_difference, relative_error, value_and_gradients

RNG = np.random.default_rng(7)
MASK = np.array([[True, False, True], [False, False, True]])


def signed(*shape: int) -> np.ndarray:
    """Numbers in 0.2 .. 2 of either sign: off the kinks at 0."""
    return RNG.uniform(0.2, 2.0, shape) * RNG.choice([-1.0, 1.0], shape)


def positive(*shape: int) -> np.ndarray:
    return RNG.uniform(0.2, 2.0, shape)


# operation, function of arrays, arrays; more than one row where shapes or options take another path
CASES: list[tuple[Operation, Callable[..., Any], tuple[np.ndarray, ...]]] = [
    *((op, op, (signed(2, 3), signed(2, 3))) for op in (ops.add, ops.subtract, ops.multiply, ops.divide)),
    *((op, op, (signed(3), signed(4, 2, 3))) for op in (ops.add, ops.subtract, ops.multiply, ops.divide)),
    *((op, op, (signed(2, 1, 3), signed(4, 1))) for op in (ops.add, ops.subtract, ops.multiply, ops.divide)),
    (ops.power, ops.power, (positive(2, 3), signed(3))),
    (ops.power, lambda x: ops.power(x, 3), (signed(2, 3),)),
    (ops.power, lambda x: ops.power(x, -2.0), (signed(2, 3),)),
    (ops.power, lambda x: ops.power(2.0, x), (signed(2, 3),)),
    (ops.matmul, ops.matmul, (signed(4, 3), signed(3, 2))),
    (ops.matmul, ops.matmul, (signed(5, 4, 3), signed(5, 3, 2))),
    (ops.matmul, ops.matmul, (signed(4, 3), signed(5, 3, 2))),
    (ops.matmul, ops.matmul, (signed(2, 1, 4, 3), signed(5, 3, 2))),
    *(
        (op, op, (signed(2, 3),))
        for op in (ops.negative, ops.exp, ops.sin, ops.cos, ops.tanh, ops.sigmoid, ops.relu, ops.absolute)
    ),
    *((op, op, (positive(2, 3),)) for op in (ops.log, ops.sqrt)),
    *((op, op, (signed(2, 3), signed(4, 1, 3))) for op in (ops.logaddexp, ops.maximum, ops.minimum)),
    (ops.where, lambda a, b: ops.where(MASK, a, b), (signed(2, 3), signed(3))),
    (ops.where, lambda a, b: ops.where(MASK, a, b), (signed(4, 2, 3), signed(1, 1))),
    *(
        case
        for op in (ops.sum, ops.mean)
        for case in (
            (op, op, (signed(2, 3, 4),)),
            (op, lambda x, op=op: op(x, axis=-2), (signed(2, 3, 4),)),
            (op, lambda x, op=op: op(x, axis=-2, keepdims=True), (signed(2, 3, 4),)),
            (op, lambda x, op=op: op(x, axis=(0, -1)), (signed(2, 3, 4),)),
            (op, lambda x, op=op: op(x, keepdims=True), (signed(2, 3, 4),)),
        )
    ),
    (ops.reshape, lambda x: ops.reshape(x, (4, -1)), (signed(2, 3, 4),)),
    (ops.swapaxes, lambda x: ops.swapaxes(x, -1, -3), (signed(2, 3, 4),)),
    (ops.index, lambda x: ops.index(x, (slice(None), 1)), (signed(2, 3, 4),)),
    (ops.index, lambda x: x[..., np.arange(3), np.array([3, 0, 3])], (signed(2, 3, 4),)),
    (ops.index, lambda x: x[np.array([1, 1, 0, 1])], (signed(2, 3),)),
    (ops.index, lambda x: x[MASK], (signed(2, 3),)),
    (ops.concatenate, ops.concatenate, (signed(2, 3), signed(2, 4))),
    (ops.concatenate, lambda a, b: ops.concatenate(a, b, axis=-2), (signed(5, 2, 3), signed(5, 1, 3))),
]
NAMES = [f"{operation.name}-{i}" for i, (operation, _, _) in enumerate(CASES)]
SMOOTH = {
    *(ops.add, ops.subtract, ops.multiply, ops.divide, ops.negative, ops.power, ops.matmul, ops.exp, ops.log, ops.sqrt),
    *(ops.sin, ops.cos, ops.tanh, ops.sum, ops.mean, ops.reshape, ops.swapaxes, ops.index, ops.concatenate),
}


def scalar_of(function: Callable[..., Any], arrays: tuple[np.ndarray, ...]) -> Callable[..., Any]:
    """The sum of the entries times fixed random weights: all of the Jacobian in one number."""
    weights = np.random.default_rng(3).normal(size=np.shape(function(*arrays)))
    return lambda *given: ops.sum(weights * function(*given))


def worst_error(function: Callable[..., Any], arrays: tuple[np.ndarray, ...]) -> float:
    scalar = scalar_of(function, arrays)
    _, gradients = value_and_gradients(scalar, *arrays)
    errors = []
    for i, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        assert gradient.shape == array.shape and gradient.dtype == np.float64

        def along(x: np.ndarray, i: int = i) -> float:
            return float(scalar(*arrays[:i], x, *arrays[i + 1 :]))

        slopes = central_differences(along, array).slopes.reshape(array.shape)
        direction = np.random.default_rng(i).normal(size=array.shape)
        slope = directional_difference(along, array, direction)
        errors += [relative_error(gradient, slopes), relative_error(np.sum(gradient * direction), slope)]
    return max(errors)


def test_every_operation_has_a_case() -> None:
    table = {value for value in vars(ops).values() if isinstance(value, Operation)}
    assert {operation for operation, _, _ in CASES} == table
    assert {name for name in ops.__all__ if name != "Operation"} == {
        name for name, value in vars(ops).items() if isinstance(value, Operation)
    }


@pytest.mark.parametrize(("function", "arrays"), [case[1:] for case in CASES], ids=NAMES)
def test_products_agree_with_differences(function: Callable[..., Any], arrays: tuple[np.ndarray, ...]) -> None:
    assert worst_error(function, arrays) < 1e-8


@pytest.mark.parametrize(
    ("function", "arrays"), [case[1:] for case in CASES if case[0] in SMOOTH], ids=lambda value: None
)
def test_products_agree_with_complex_steps(function: Callable[..., Any], arrays: tuple[np.ndarray, ...]) -> None:
    # Im f(x + ih) / h has no subtraction, hence no cancellation: exact to rounding (Squire and Trapp 1998).
    scalar = scalar_of(function, arrays)
    _, gradients = value_and_gradients(scalar, *arrays)
    for i, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        for entry in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[entry] += 1e-30j
            slope = scalar(*arrays[:i], moved, *arrays[i + 1 :]).imag / 1e-30
            np.testing.assert_allclose(gradient[entry], slope, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "wrong",
    [
        Operation("tanh", np.tanh, lambda g, y, x: g * (1 - x * x)),
        Operation("mean", np.mean, lambda g, y, x: g * np.ones_like(x)),
        Operation("exp", np.exp, lambda g, y, x: 1.001 * g * y),
        Operation("abs", np.abs, lambda g, y, x: g * np.ones_like(x)),
        Operation("T", lambda x: x.T[::-1], lambda g, y, x: g.T),
    ],
    ids=lambda operation: operation.name,
)
def test_a_wrong_product_is_caught(wrong: Operation) -> None:
    assert worst_error(wrong, (np.array([[0.3, -0.7, 1.1], [0.5, 0.9, -1.3]]),)) > 1e-4


def test_conventions_at_the_kinks() -> None:
    at_zero = np.zeros(1)
    for function, expected in (
        (ops.relu, 0.0),
        (ops.absolute, 0.0),
        (lambda x: ops.maximum(x, 0.0), 0.5),
        (lambda x: ops.minimum(0.0, x), 0.5),
    ):
        assert value_and_gradients(function, at_zero)[1] == [expected]


def test_power_at_zero() -> None:
    base = np.zeros(4)
    _, (gradient,) = value_and_gradients(lambda x: x ** np.array([0.0, 1.0, 2.0, 3.0]), base)
    np.testing.assert_array_equal(gradient, [0.0, 1.0, 0.0, 0.0])
    with np.errstate(divide="ignore"):
        _, (gradient,) = value_and_gradients(lambda b: ops.power(0.0, b), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(gradient, [-np.inf, 0.0, 0.0])


def test_far_arguments_stay_finite() -> None:
    far = np.array([-1e4, -800.0, 800.0, 1e4])
    value, (gradient,) = value_and_gradients(ops.sigmoid, far)
    np.testing.assert_array_equal(value, [0, 0, 1, 1])
    np.testing.assert_array_equal(gradient, [0, 0, 0, 0])
    value, (gradient,) = value_and_gradients(lambda x: ops.logaddexp(0.0, x), far)
    np.testing.assert_array_equal(value, [0, 0, 800, 1e4])
    np.testing.assert_array_equal(gradient, [0, 0, 1, 1])


def test_sigmoid_keeps_its_digits_in_the_tail() -> None:
    np.testing.assert_allclose(ops.sigmoid(-50.0), np.exp(-50.0), rtol=1e-14)


def test_arrays_in_arrays_out() -> None:
    result = ops.add(np.ones(2), 1)
    assert isinstance(result, np.ndarray)


def test_matmul_refuses_vectors() -> None:
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(3, 2\)"):
        ops.matmul(np.ones(3), np.ones((3, 2)))
