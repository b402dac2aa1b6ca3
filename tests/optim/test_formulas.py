"""Every optimizer against numbers worked by hand, the published formulas, and scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mlpcli.optim import OPTIMIZERS, Optimizer

NAMES = sorted(OPTIMIZERS)
SIZE = 37
WEIGHTS = (slice(0, 20), slice(25, 31))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def reference_steps(
    name,
    w,
    gradients,
    lr,
    *,
    momentum=0.9,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
    clip_norm=0.0,
    decays=True,
):
    """Parameters after each step by the rules of PyTorch's documentation and of Kingma & Ba, in plain arithmetic."""
    w, v, m, history = w.copy(), np.zeros_like(w), np.zeros_like(w), []
    for t, g in enumerate(gradients, start=1):
        norm = np.sqrt((g * g).sum())
        if clip_norm and norm > clip_norm:
            g = g * (clip_norm / norm)
        decay = weight_decay * w * decays
        if name == "adamw":
            w = w - lr * decay
        else:
            g = g + decay
        if name == "sgd":
            step = g
        elif name == "momentum":
            v = momentum * v + g
            step = v
        elif name == "nesterov":
            v = momentum * v + g
            step = g + momentum * v
        elif name == "rmsprop":
            v = beta2 * v + (1 - beta2) * g**2
            step = g / (np.sqrt(v) + eps)
        else:
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
            step = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        w = w - lr * step
        history.append(w)
    return history


# One parameter, w = 1, gradients 0.5 then 0.25, lr = 0.1, momentum = beta1 = 0.5, beta2 = 0.75, eps = 0.5. By hand:
# momentum    v = 0.5, 0.5 * 0.5 + 0.25 = 0.5                  nesterov  0.5 + 0.25, 0.25 + 0.25
# rmsprop     v = 0.25 * 0.25 = 1/16, 3/64 + 1/64 = 1/16       steps 0.5 / (1/4 + 1/2), 0.25 / (1/4 + 1/2)
# adam        m_hat = 0.5, 0.25 / 0.75; v_hat = 0.25, (1/16) / (7/16) = 1/7
#             steps 0.5 / (0.5 + 0.5) = 1/2, (1/3) / (sqrt(1/7) + 1/2) = 0.37966608...
BY_HAND = {
    "sgd": (0.95, 0.925),
    "momentum": (0.95, 0.9),
    "nesterov": (0.925, 0.875),
    "rmsprop": (1 - 0.2 / 3, 0.9),
    "adam": (0.95, 0.9120333916028707),
    "adamw": (0.95, 0.9120333916028707),
}
# The same with weight_decay = 0.2. In the gradient: g = 0.5 + 0.2 = 0.7 at first; decoupled: w -= 0.1 * 0.2 * w.
DECAYED_BY_HAND = {
    "sgd": 1 - 0.1 * 0.7,
    "momentum": 1 - 0.1 * 0.7,
    "nesterov": 1 - 0.1 * (0.7 + 0.5 * 0.7),
    "rmsprop": 1 - 0.1 * 0.7 / (0.35 + 0.5),
    "adam": 1 - 0.1 * 0.7 / (0.7 + 0.5),
    "adamw": 1 - 0.02 - 0.1 * 0.5 / (0.5 + 0.5),
}
HAND = {"momentum": 0.5, "beta1": 0.5, "beta2": 0.75, "eps": 0.5}


@pytest.mark.parametrize("name", NAMES)
def test_two_steps_by_hand(name):
    w = np.array([1.0])
    optimizer = Optimizer(name, w.shape, w.dtype, **HAND)
    for gradient, expected in zip((0.5, 0.25), BY_HAND[name], strict=True):
        norm = optimizer.step(w, np.array([gradient]), lr=0.1)
        assert_allclose(w, expected, rtol=1e-14)
        assert norm == gradient


@pytest.mark.parametrize("name", NAMES)
def test_weight_decay_by_hand(name):
    w = np.array([1.0])
    Optimizer(name, w.shape, w.dtype, weight_decay=0.2, **HAND).step(w, np.array([0.5]), lr=0.1)
    assert_allclose(w, DECAYED_BY_HAND[name], rtol=1e-15)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.1}, {"clip_norm": 5.0}, {"weight_decay": 0.1, "clip_norm": 5.0}]
)
def test_published_formulas(name, options, rng):
    w, gradients = rng.standard_normal(SIZE), rng.standard_normal((30, SIZE))
    decays = np.zeros(SIZE)
    for span in WEIGHTS:
        decays[span] = 1
    expected = reference_steps(name, w, gradients, 0.01, decays=decays, **options)
    optimizer = Optimizer(name, w.shape, w.dtype, decayed=WEIGHTS, **options)
    for gradient, after in zip(gradients, expected, strict=True):
        optimizer.step(w, gradient, 0.01)
        assert_allclose(w, after, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_factors_are_learning_rates_of_each_parameter(name, weight_decay, rng):
    w, gradients, factors = rng.standard_normal(SIZE), rng.standard_normal((30, SIZE)), rng.uniform(0, 3, SIZE)
    expected = reference_steps(name, w, gradients, 0.01 * factors, weight_decay=weight_decay)
    optimizer = Optimizer(name, w.shape, w.dtype, weight_decay=weight_decay, factors=factors)
    for gradient, after in zip(gradients, expected, strict=True):
        optimizer.step(w, gradient, 0.01)
        assert_allclose(w, after, rtol=1e-13, atol=1e-15)


# Momentum from 0 to 1/2 in 2 steps, so 0, 1/4, 1/2, 1/2; gradients all 1, lr = 1:
# v = 1, 1/4 + 1 = 5/4, 5/8 + 1 = 13/8, 13/16 + 1 = 29/16; nesterov steps 1 + m v: 1, 1 + 5/16, 1 + 13/16, 1 + 29/32.
CLIMBING = {"momentum": (1, 5 / 4, 13 / 8, 29 / 16), "nesterov": (1, 21 / 16, 29 / 16, 61 / 32)}


@pytest.mark.parametrize("name", CLIMBING)
def test_climbing_momentum_by_hand(name):
    w = np.zeros(1)
    optimizer = Optimizer(name, w.shape, w.dtype, momentum=0.0, momentum_final=0.5, momentum_steps=2.0)
    for step in CLIMBING[name]:
        before = w.copy()
        optimizer.step(w, np.ones(1), 1.0)
        assert_array_equal(before - w, step)


def test_half_a_step_of_climbing_is_over_at_the_second():
    w = np.zeros(1)
    optimizer = Optimizer("momentum", w.shape, w.dtype, momentum=0.25, momentum_final=0.5, momentum_steps=0.5)
    for after in (-1, -1 - 1.5, -2.5 - 1.75):  # v = 1, 0.5 + 1, 0.75 + 1
        optimizer.step(w, np.ones(1), 1.0)
        assert_array_equal(w, after)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_biases_and_norm_parameters_never_decay(name, lead, rng):
    w, gradient = rng.standard_normal((*lead, SIZE)), rng.standard_normal((*lead, SIZE))
    decayed, plain = w.copy(), w.copy()
    Optimizer(name, w.shape, w.dtype, weight_decay=0.5, decayed=WEIGHTS).step(decayed, gradient, 0.1)
    Optimizer(name, w.shape, w.dtype).step(plain, gradient, 0.1)
    same = np.ones(SIZE, np.bool_)
    for span in WEIGHTS:
        same[span] = False
    assert_array_equal(decayed[..., same], plain[..., same])
    assert (decayed[..., ~same] != plain[..., ~same]).all()


@pytest.mark.parametrize(("name", "kind", "options"), [
    ("sgd", "SGDOptimizer", {"momentum": 0.0}),
    ("momentum", "SGDOptimizer", {"momentum": 0.9, "nesterov": False}),
    ("nesterov", "SGDOptimizer", {"momentum": 0.9, "nesterov": True}),
    ("adam", "AdamOptimizer", {"epsilon": 1e-30}),
])  # fmt: skip
def test_scikit_learn(name, kind, options, rng):
    """Its velocity holds the learning rate, which is one rule while the rate is constant; its eps stands elsewhere."""
    optimizers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    ours = rng.standard_normal(SIZE)
    theirs = [ours.copy()]
    peer = getattr(optimizers, kind)(theirs, learning_rate_init=0.01, **options)
    optimizer = Optimizer(name, ours.shape, ours.dtype, eps=1e-30)
    for gradient in rng.standard_normal((20, SIZE)):
        optimizer.step(ours, gradient, 0.01)
        peer.update_params(theirs, [gradient])
        assert_allclose(ours, theirs[0], rtol=1e-12, atol=1e-14)
