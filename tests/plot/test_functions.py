"""Pictures of activations and losses: the curves are the formulas, and the slopes those of the curves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import erf, expit

from mlpcli.gradcheck.probe import _slope_of, kinks
from mlpcli.nn import ACTIVATIONS, LogisticLoss
from mlpcli.plot.functions import POINTS, activation_curve, draw_activations, draw_losses, loss_curve
from mlpcli.plot.style import styled
from tests.plot.folders import check

FORMULAS = {
    "relu": lambda t: np.maximum(t, 0),
    "elu": lambda t: np.where(t > 0, t, np.expm1(t)),
    "sigmoid": expit,
    "tanh": np.tanh,
    "silu": lambda t: t * expit(t),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name: str) -> None:
    t, value, _ = activation_curve(name)
    assert_allclose(value, FORMULAS[name](t), atol=1e-12)


def test_gelu_is_near_the_exact_form() -> None:
    t, value, _ = activation_curve("gelu")
    assert_allclose(value, t * (1 + erf(t / np.sqrt(2))) / 2, atol=2e-3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_those_of_the_values(name: str) -> None:
    t, value, slope = activation_curve(name)
    middle = (value[2:] - value[:-2]) / (t[2:] - t[:-2])
    turns = kinks(_slope_of(ACTIVATIONS[name]))  # where there is no slope
    smooth = (np.abs(t[1:-1, None] - turns) > 0.03).all(axis=1)
    assert_allclose(slope[1:-1][smooth], middle[smooth], atol=1e-3)


def test_the_log_loss_of_a_positive_row() -> None:
    score, value, slope = loss_curve(LogisticLoss((POINTS,), np.float64), np.ones((POINTS, 1), np.int64))
    assert_allclose(value, np.log1p(np.exp(-score)))
    assert_allclose(slope, expit(score) - 1)


def test_every_activation_and_loss_has_a_legible_panel() -> None:
    with styled():
        activations, losses = draw_activations().figure, draw_losses().figure
        for figure in (activations, losses):
            check(figure)
    titles = [axes.get_title() for axes in activations.axes if axes.get_visible()]
    assert titles == list(ACTIVATIONS)
    titles = [axes.get_title() for axes in losses.axes if axes.get_visible()]
    assert titles == ["squared", "absolute", "huber", "log-loss, class +", "log-loss, class -"]
