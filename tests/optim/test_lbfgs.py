"""L-BFGS against the dense formula, quadratics with a known minimum, SciPy, and functions that are hard to walk."""

from typing import NamedTuple

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal

from mlpcli.optim import LBFGS
from mlpcli.optim.lbfgs import HISTORY


class Value(NamedTuple):
    loss: float
    gradient: np.ndarray


def quadratic(size, condition=100.0):
    """1/2 (x - m)' A (x - m) with eigenvalues from 1 to `condition`, and its minimum m."""
    rng = np.random.default_rng(size)
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    hessian, minimum = basis @ np.diag(np.geomspace(1, condition, size)) @ basis.T, rng.standard_normal(size)

    def evaluate(x):
        force = hessian @ (x - minimum)
        return Value(float((x - minimum) @ force) / 2, force)

    return evaluate, minimum


def rosenbrock(x):
    return Value(float(scipy.optimize.rosen(x)), scipy.optimize.rosen_der(x))


def walk(evaluate, point, iterations, lr=1.0, method=None):
    """The points of a minimization, its losses, and the minimizer."""
    method = LBFGS(len(point)) if method is None else method
    value, points, losses = evaluate(point), [point], []
    for _ in range(iterations):
        moved = method.step(point, value, evaluate, lr)
        if moved is None:
            break
        point, value = moved
        points.append(point)
        losses.append(value.loss)
    return points, losses, method


def test_the_direction_is_that_of_the_dense_update():
    """H' = (I - r s y') H (I - r y s') + r s s' with r = 1 / (s.y), from s.y / y.y times the identity."""
    rng, size = np.random.default_rng(0), 6
    method, pairs = LBFGS(size), []
    for _ in range(HISTORY + 3):  # the ring has gone around
        s = rng.standard_normal(size)
        y = s + 0.3 * rng.standard_normal(size)
        if s @ y > 0:
            method._remember(s, y)
            pairs.append((s, y))
    kept = pairs[-HISTORY:]
    s, y = kept[-1]
    inverse = np.eye(size) * (s @ y) / (y @ y)
    for s, y in kept:
        left = np.eye(size) - np.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
    downhill = rng.standard_normal(size)
    assert_allclose(method._direction(downhill), inverse @ downhill, rtol=1e-9)


def test_a_pair_without_positive_curvature_is_left_out():
    method = LBFGS(2)
    method._remember(np.array([1.0, 0.0]), np.array([-1.0, 5.0]))
    method._remember(np.array([1.0, 0.0]), np.array([0.0, 5.0]))
    assert method.state["count"] == 0
    assert_array_equal(method._direction(np.array([3.0, 4.0])), [3.0, 4.0])


@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_a_strict_quadratic_reaches_its_minimum(size):
    evaluate, minimum = quadratic(size)
    points, losses, _ = walk(evaluate, np.zeros(size), 200)
    assert_allclose(points[-1], minimum, atol=1e-8)
    assert losses == sorted(losses, reverse=True)


def test_the_valley_of_rosenbrock_takes_no_more_evaluations_than_scipy_needs_twice():
    start, count = np.full(20, -1.2), 0

    def counted(x):
        nonlocal count
        count += 1
        return rosenbrock(x)

    points, *_ = walk(counted, start, 400)
    peer = scipy.optimize.minimize(
        rosenbrock, start, jac=True, method="L-BFGS-B", options={"maxiter": 400, "gtol": 1e-9, "ftol": 0}
    )
    assert_allclose(points[-1], 1.0, atol=1e-8)
    assert count < 2 * peer.nfev


def test_a_nonsmooth_valley_is_followed_across_its_kinks():
    """f = |x| + 50 |y - x / 2|, where a search for the strong Wolfe conditions ends at the first kink."""

    def evaluate(x):
        slant = x[1] - x[0] / 2
        return Value(
            float(abs(x[0]) + 50 * abs(slant)), np.array([np.sign(x[0]) - 25 * np.sign(slant), 50 * np.sign(slant)])
        )

    _, losses, _ = walk(evaluate, np.array([4.3, 1.7]), 100)
    assert losses[-1] < 1e-4


@pytest.mark.parametrize("lr", [1e-12, 1e-3, 1.0, 1e3, 1e12])
def test_any_first_trial_leads_to_the_minimum(lr):
    evaluate, minimum = quadratic(5)
    points, *_ = walk(evaluate, np.zeros(5), 100, lr)
    assert_allclose(points[-1], minimum, atol=1e-6)


def test_what_is_not_finite_is_never_a_point():
    """f = x - log x, which is not defined below 0; the first steps lead there."""

    def evaluate(x):
        with np.errstate(all="ignore"):
            return Value(float(np.sum(x - np.log(x))), 1 - 1 / x)

    points, losses, _ = walk(evaluate, np.array([50.0, 1e-3]), 100, lr=1e4)
    assert np.isfinite(losses).all()
    assert all((point > 0).all() for point in points)
    assert_allclose(points[-1], 1.0, atol=1e-7)


@pytest.mark.parametrize("loss", [np.nan, np.inf, 1.0])
def test_without_a_way_down_nothing_moves(loss):
    point, method = np.array([1.0, 2.0]), LBFGS(2)
    assert method.step(point, Value(loss, np.array([np.nan, 1.0])), rosenbrock, lr=1.0) is None
    assert method.stuck
    assert method.step(point, Value(loss, np.zeros(2)), rosenbrock, lr=1.0) is None
    assert_array_equal(point, [1.0, 2.0])


def test_a_failed_search_starts_again_down_the_gradient():
    """A pair with negative curvature makes the direction point uphill; it is forgotten."""
    evaluate, minimum = quadratic(4)
    method = LBFGS(4)
    method._remember(np.ones(4), np.ones(4))
    method.state["changes"][...] *= -1
    moved = method.step(np.zeros(4), evaluate(np.zeros(4)), evaluate, lr=1.0)
    assert moved is not None and moved[1].loss < evaluate(np.zeros(4)).loss
    assert method.state["count"] == 1 and not method.stuck
    assert_allclose(walk(evaluate, moved[0], 100, method=method)[0][-1], minimum, atol=1e-8)


def test_going_on_from_a_state_gives_the_same_points():
    start = np.full(6, -1.2)
    whole, *_ = walk(rosenbrock, start, 30)
    first, _, method = walk(rosenbrock, start, 14)
    other = LBFGS(6)
    other.load({name: array.copy() for name, array in method.state.items()})
    rest, *_ = walk(rosenbrock, first[-1], 16, method=other)
    assert_array_equal(np.array(first + rest[1:]), np.array(whole))


def test_points_have_the_dtype_of_the_parameters():
    points, *_ = walk(rosenbrock, np.full(3, -1.2, np.float32), 60)
    assert {point.dtype for point in points} == {np.dtype(np.float32)}
    assert_allclose(points[-1], 1.0, atol=1e-2)
