"""The tape on graphs worked by hand: the lecture's two examples, shared nodes, broadcasting, depth."""

import numpy as np
import pytest

from mlpcli.autodiff import Variable, backward, central_differences, ops
from mlpcli.autodiff.tape import unbroadcast
from tests.autodiff.gradients import relative_error, value_and_gradients


def test_lecture_graph() -> None:
    """f = (x + y) z at x = -2, y = 5, z = -4."""
    x, y, z = Variable(-2), Variable(5), Variable(-4)
    q = x + y
    f = q * z
    gradients = backward(f)
    assert (q.value, f.value) == (3, -12)
    assert [gradients[v] for v in (f, q, x, y, z)] == [1, -4, -4, -4, 3]


# The lecture's 2-layer network with columns: x (d, 1), W (k, d), b1 (k, 1), U (c, k), b2 (c, 1), y (c, 1).
# Whole numbers, so that equality is exact; the second hidden unit has z = 0 and must pass nothing on.
X = np.array([[1.0], [2.0]])
W = np.array([[1.0, 1.0], [2.0, -1.0], [-1.0, -1.0]])
B1 = np.array([[1.0], [0.0], [1.0]])
U = np.array([[1.0, 2.0, 3.0], [-2.0, 1.0, 4.0]])
B2 = np.array([[0.0], [1.0]])
Y = np.array([[2.0], [-4.0]])


def test_lecture_equations_worked_by_hand() -> None:
    w, x, b1, u, b2 = (Variable(array) for array in (W, X, B1, U, B2))
    z = w @ x + b1
    h = ops.relu(z)
    theta = u @ h + b2
    gradients = backward(ops.sum((theta - Y) ** 2) / 2)

    np.testing.assert_array_equal(z.value, [[4], [0], [-2]])
    np.testing.assert_array_equal(theta.value, [[4], [-7]])
    np.testing.assert_array_equal(gradients[theta], [[2], [-3]])  # theta - y
    np.testing.assert_array_equal(gradients[u], [[8, 0, 0], [-12, 0, 0]])  # (theta - y) h^T
    np.testing.assert_array_equal(gradients[b2], [[2], [-3]])  # theta - y
    np.testing.assert_array_equal(gradients[h], [[8], [1], [-6]])  # U^T (theta - y)
    np.testing.assert_array_equal(gradients[z], [[8], [0], [0]])  # ... o ReLU'(z), ReLU'(0) = 0
    np.testing.assert_array_equal(gradients[w], [[8, 16], [0, 0], [0, 0]])  # dJ/dz x^T
    np.testing.assert_array_equal(gradients[b1], [[8], [0], [0]])  # dJ/dz
    np.testing.assert_array_equal(gradients[x], [[8], [8]])  # W^T dJ/dz


def test_lecture_equations_written_out() -> None:
    rng = np.random.default_rng(0)
    d, k, c = 5, 7, 3
    arrays = [rng.normal(size=shape) for shape in ((k, d), (k, 1), (c, k), (c, 1))]
    x, y = rng.normal(size=(d, 1)), rng.normal(size=(c, 1))

    def loss(w, b1, u, b2):
        return ops.sum((u @ ops.relu(w @ x + b1) + b2 - y) ** 2) / 2

    w, b1, u, b2 = arrays
    z = w @ x + b1
    h = np.maximum(z, 0)
    d_theta = u @ h + b2 - y
    d_z = (u.T @ d_theta) * (z > 0)
    _, gradients = value_and_gradients(loss, *arrays)
    for i, expected in enumerate((d_z @ x.T, d_z, d_theta @ h.T, d_theta)):
        np.testing.assert_allclose(gradients[i], expected, rtol=1e-13)
        slopes = central_differences(lambda a, i=i: float(loss(*arrays[:i], a, *arrays[i + 1 :])), arrays[i]).slopes
        assert relative_error(gradients[i].ravel(), slopes) < 1e-9


def test_shared_nodes_sum_their_contributions() -> None:
    x, y = Variable(3.0), Variable(2.0)
    gradients = backward(x * x + x * y + x)  # 2x + y + 1, x
    assert (gradients[x], gradients[y]) == (9, 3)
    q = x * y
    gradients = backward(q * q)  # 2 x y^2, 2 x^2 y, and q itself twice
    assert (gradients[q], gradients[x], gradients[y]) == (12, 24, 36)


def test_a_shared_node_passes_on_only_when_complete() -> None:
    # The long path and the short one meet in q: a depth-first walk would send half of q's gradient down to x.
    x = Variable(0.5)
    q = 3 * x
    f = q + ops.exp(ops.exp(q) * 0.1)
    inner = 0.1 * np.exp(1.5)
    np.testing.assert_allclose(backward(f)[x], 3 * (1 + np.exp(inner) * inner), rtol=1e-15)


def test_a_gradient_handed_to_two_is_not_shared_memory() -> None:
    a, b = Variable(np.ones(3)), Variable(np.ones(3))
    s = a + b
    gradients = backward(s + a)
    np.testing.assert_array_equal(gradients[a], [2, 2, 2])
    np.testing.assert_array_equal(gradients[b], [1, 1, 1])
    np.testing.assert_array_equal(gradients[s], [1, 1, 1])


def test_backward_again_gives_the_same() -> None:
    x = Variable(np.array([1.0, 2.0]))
    f = ops.sum(x**3)
    np.testing.assert_array_equal(backward(f)[x], backward(f)[x])
    np.testing.assert_array_equal(backward(f)[x], [3, 12])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 3), [[1, 2, 3], [4, 5, 6]]), ((3,), [5, 7, 9]), ((1, 3), [[5, 7, 9]]), ((2, 1), [[6], [15]]), ((), 21)],
)
def test_unbroadcast(shape: tuple[int, ...], expected: object) -> None:
    result = unbroadcast(np.array([[1.0, 2, 3], [4, 5, 6]]), shape)
    assert result.shape == shape
    np.testing.assert_array_equal(result, expected)


def test_operators_with_arrays_and_numbers_on_either_side() -> None:
    array = np.array([1.0, 2.0])
    x = Variable(np.array([2.0, 4.0]))
    for result, expected in (
        (array + x, [3, 6]),
        (x + array, [3, 6]),
        (1 - x, [-1, -3]),
        (array - x, [-1, -2]),
        (array * x, [2, 8]),
        (8 / x, [4, 2]),
        (x / array, [2, 2]),
        (3**x, [9, 81]),
        (-x, [-2, -4]),
        (np.float64(3) * x, [6, 12]),
        (np.eye(2) @ ops.reshape(x, (2, 1)), [[2], [4]]),
    ):
        assert isinstance(result, Variable)
        np.testing.assert_array_equal(result.value, expected)


def test_numpy_functions_refuse_instead_of_losing_the_graph() -> None:
    with pytest.raises(TypeError):
        np.exp(Variable(1.0))


def test_a_variable_where_no_derivative_exists_is_refused() -> None:
    with pytest.raises(TypeError, match="where has no derivative by"):
        ops.where(Variable(1.0), Variable(1.0), 0.0)


def test_values_are_float64() -> None:
    assert Variable(np.float32(1)).value.dtype == np.float64
    assert Variable(3).value.dtype == np.float64


def test_unused_inputs_have_zero_gradient() -> None:
    _, (used, unused) = value_and_gradients(lambda a, b: ops.sum(2 * a), np.ones(2), np.ones((2, 3)))
    np.testing.assert_array_equal(used, [2, 2])
    np.testing.assert_array_equal(unused, np.zeros((2, 3)))


def test_deep_graphs_need_no_stack() -> None:
    x = Variable(1.0)
    y = x
    for _ in range(50_000):
        y = y + 1e-3
    assert backward(y)[x] == 1


def test_wide_sharing_takes_linear_time() -> None:
    # 2^200 paths, 200 nodes.
    x = Variable(1.0)
    y = x
    for _ in range(200):
        y = (y + y) * 0.5
    assert backward(y)[x] == 1


def test_replicas_of_a_stack_get_their_own_gradients() -> None:
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=(2, 5, 3, 2)), rng.normal(size=(2, 5, 1, 2))

    def losses(w, b):
        return ops.mean(ops.sum(ops.tanh(x @ w + b) ** 2, axis=-1), axis=-1)

    value, gradients = value_and_gradients(losses, w, b)
    assert value.shape == (2, 5)
    for replica in np.ndindex(2, 5):
        alone, single = value_and_gradients(losses, w[replica], b[replica])
        assert alone == value[replica]
        for stacked, one in zip(gradients, single, strict=True):
            np.testing.assert_array_equal(stacked[replica], one)
