"""The line search against the conditions that define it, worked numbers, and lines on which others fail."""

import math

import numpy as np
import pytest
import scipy.optimize

from mlpcli.optim.line_search import CURVATURE, DECREASE, Trial, line_search

LINES = {
    "parabola": (lambda a: (a - 3) ** 2, lambda a: 2 * (a - 3)),
    "far minimum": (lambda a: (a - 1e6) ** 2, lambda a: 2 * (a - 1e6)),
    "near minimum": (lambda a: (a - 1e-6) ** 2, lambda a: 2 * (a - 1e-6)),
    "waves": (lambda a: math.sin(5 * a) - a / 10, lambda a: 5 * math.cos(5 * a) - 0.1),
    "valley of a quartic": (lambda a: a**4 - 2 * a**2 - a, lambda a: 4 * a**3 - 4 * a - 1),
    "long decay": (lambda a: math.exp(-a), lambda a: -math.exp(-a)),
    "kink": (lambda a: max(1 - a, 40 * (a - 1)), lambda a: -1.0 if a < 1 else 40.0),
    "wall": (lambda a: -a if a < 2 else math.inf, lambda a: -1.0 if a < 2 else math.nan),
}
"""A function and its slope each; that of a wave rises at first, so it runs backwards."""


def along(name, flip=1.0):
    value, slope = LINES[name]
    return lambda a: Trial(a, value(flip * a), flip * slope(flip * a), f"at {a}")


@pytest.mark.parametrize("first", [1e-8, 1e-3, 1.0, 7.0, 1e6])
@pytest.mark.parametrize("name", [name for name in LINES if name != "wall"])
def test_the_step_satisfies_both_conditions(name, first):
    line = along(name, -1.0 if name == "waves" else 1.0)
    origin, evaluated = line(0.0), []

    def counted(length):
        evaluated.append(length)
        return line(length)

    step = line_search(counted, origin, first)
    assert step.loss <= origin.loss + DECREASE * step.length * origin.slope
    assert step.slope >= CURVATURE * origin.slope
    assert step.found == f"at {step.length}" and step.length == evaluated[-1]
    assert len(evaluated) <= 20


def test_a_first_step_that_satisfies_them_is_taken():
    assert line_search(along("parabola"), along("parabola")(0.0), 2.5).length == 2.5


def test_the_second_trial_is_the_minimum_of_the_cubic():
    """Through phi(0) = 9, phi'(0) = -6, phi(10) = 49, phi'(10) = 14 goes the parabola (a - 3)^2 itself."""
    assert line_search(along("parabola"), along("parabola")(0.0), 10.0).length == pytest.approx(3.0, rel=1e-12)


def test_beyond_a_wall_of_what_is_not_finite_nothing_is_taken():
    step = line_search(along("wall"), along("wall")(0.0), 1.0)
    assert 1.0 <= step.length < 2.0 and step.loss == -step.length


def test_where_the_slope_promises_what_the_loss_does_not_keep_there_is_no_step():
    def rising(a):
        return Trial(a, a, -1.0, None)

    assert line_search(rising, rising(0.0), 1.0) is None
    nowhere = lambda a: Trial(a, 0.0 if a == 0 else math.inf, -1.0, None)  # noqa: E731
    assert line_search(nowhere, nowhere(0.0), 1.0) is None


def test_rounding_within_the_slack_does_not_end_the_search():
    """Near a minimum above 0 the losses of a parabola are equal in float64; the slopes still tell them apart."""

    def flat(a):
        return Trial(a, 1.0 + 1e-16 * a, 2 * (a - 1e-9), None)

    assert line_search(flat, flat(0.0), 1e-9).length == 1e-9
    assert line_search(lambda a: Trial(a, 1.0 + 1e-15, 0.0, None), flat(0.0), 1e-3) is None
    assert line_search(lambda a: Trial(a, 1.0 + 1e-15, 0.0, None), flat(0.0), 1e-3, slack=1e-14).length == 1e-3


@pytest.mark.parametrize("name", ["parabola", "valley of a quartic", "long decay"])
def test_the_step_of_scipy_satisfies_the_conditions_too(name):
    """Its strong conditions imply ours, so that both searches stop within one and the same interval."""
    value, slope = LINES[name]
    line = along(name)
    theirs, *_ = scipy.optimize.line_search(
        lambda a: value(a[0]), lambda a: np.array([slope(a[0])]), np.zeros(1), np.ones(1)
    )
    taken = line_search(line, line(0.0), theirs)
    assert taken.length == theirs
