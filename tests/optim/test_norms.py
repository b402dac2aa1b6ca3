"""The norm of a gradient and the projection of columns, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mlpcli.optim import Optimizer, gradient_norm, project_columns


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_norm_by_hand():
    assert gradient_norm(np.array([3.0, 4.0], np.float32)) == 5.0
    assert_array_equal(gradient_norm(np.array([[[3.0, 4.0]], [[6.0, 8.0]]])), [[5.0], [10.0]])


def test_norm_is_right_where_float32_squares_overflow():
    grads = np.array([[3e30, 4e30], [3.0, 4.0]], np.float32)
    with np.errstate(over="ignore"):
        assert_allclose(gradient_norm(grads), [5e30, 5.0], rtol=1e-6)
        assert_allclose(gradient_norm(grads[0]), 5e30, rtol=1e-6)


@pytest.mark.parametrize("size", [10_000, 1_000_000, 6_000_000])
def test_norm_of_a_large_float32_gradient(size, rng):
    grads = rng.standard_normal((2, size), np.float32)
    assert_allclose(gradient_norm(grads), np.linalg.norm(grads.astype(np.float64), axis=-1), rtol=3e-7)


def test_norm_of_what_is_not_finite_is_not_finite():
    norms = gradient_norm(np.array([[np.inf, 1.0], [np.nan, 1.0], [3.0, 4.0]], np.float32))
    assert_array_equal(norms, [np.inf, np.nan, 5.0])


def test_clip_by_hand():
    """Norms 5, 5, 5 and bounds 1, 10, none: steps of norm 1, 5, 5."""
    w, gradient = np.zeros((3, 2)), np.array([[3.0, 4.0]] * 3)
    norm = Optimizer("sgd", w.shape, w.dtype, clip_norm=np.array([[1.0], [10.0], [0.0]])).step(w, gradient, 1.0)
    assert_allclose(w, [[-0.6, -0.8], [-3.0, -4.0], [-3.0, -4.0]], rtol=1e-15)
    assert_array_equal(norm, [5.0, 5.0, 5.0])


@pytest.mark.parametrize("off", [0.0, np.inf])
@pytest.mark.parametrize("shape", [(), (2, 1)])
def test_clip_and_projection_can_be_off(off, shape, rng):
    gradient = 1e6 * rng.standard_normal((2, 9))
    clipped, plain = np.zeros((2, 9)), np.zeros((2, 9))
    Optimizer("momentum", (2, 9), np.float64, clip_norm=np.full(shape, off)).step(clipped, gradient, 0.1)
    Optimizer("momentum", (2, 9), np.float64).step(plain, gradient, 0.1)
    assert_array_equal(clipped, plain)
    weight = gradient.reshape(2, 3, 3).copy()
    project_columns(weight, np.full((*shape, 1) if shape else (), off))
    assert_array_equal(weight, gradient.reshape(2, 3, 3))


def test_projection_by_hand():
    """Columns (3, 4), (0, 1), (0, 0), (6, 8) of norms 5, 1, 0, 10 under the bound 2, rows above it."""
    weight = np.array([[3.0, 0.0, 0.0, 6.0], [4.0, 1.0, 0.0, 8.0]])
    project_columns(weight, 2.0)
    assert_allclose(weight, [[1.2, 0.0, 0.0, 1.2], [1.6, 1.0, 0.0, 1.6]], rtol=1e-15)


def test_projection_takes_the_column_of_a_square_weight():
    """The wrong axis would leave the first row, of norm 0.9, alone."""
    weight = np.array([[0.9, 0.0], [1.2, 0.5]])
    project_columns(weight, 1.0)
    assert_allclose(weight, [[0.6, 0.0], [0.8, 0.5]], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_within_the_bound_keep_their_bits(dtype, rng):
    weight = rng.standard_normal((50, 40)).astype(dtype)
    before, norms = weight.copy(), np.linalg.norm(weight, axis=0)
    bound = float(np.median(norms))
    project_columns(weight, bound)
    assert_array_equal(weight[:, norms <= bound], before[:, norms <= bound])
    assert_allclose(np.linalg.norm(weight[:, norms > bound], axis=0), bound, rtol=1e-6)


@pytest.mark.parametrize("lead", [(), (1,), (3,), (2, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (33, 17)])
def test_rank_law_of_the_projection(lead, dtype, shape, rng):
    """On views into a flat array, as a network's weights are, with one bound per replica."""
    size = shape[0] * shape[1]
    flat = rng.standard_normal((*lead, size + 3)).astype(dtype)
    before, bounds = flat.copy(), rng.uniform(0.2, 2.0, (*lead, 1, 1))
    project_columns(flat[..., 3:].reshape(*lead, *shape), bounds)
    for index in np.ndindex(lead):
        alone = before[index][3:].reshape(shape)
        project_columns(alone, bounds[index].item())
        assert_array_equal(flat[index][3:].reshape(shape), alone)
