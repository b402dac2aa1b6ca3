"""The mistakes that hand-written networks are known for, each with the number that shows it."""

import math

import numpy as np
import pytest

from mlpcli.nn import (
    ACTIVATIONS,
    AbsoluteLoss,
    BatchNorm,
    BitStreams,
    CrossEntropy,
    Dropout,
    HuberLoss,
    LayerNorm,
    LogisticLoss,
    Purpose,
    SquaredLoss,
    stream,
)
from tests.nn.test_conformance import bound


def test_batch_norm_by_hand():
    """Columns (1, 3) and (2, 6): means 2 and 4, biased variances 1 and 4; unbiased 2 and 8 are what is kept."""
    layer = bound(BatchNorm(2), (), "float64")
    layer.gain[...], layer.bias[...] = [[2, 3]], [[10, 20]]
    y = layer.forward(np.array([[1.0, 2.0], [3.0, 6.0]]), training=True)
    one = 1 / np.sqrt(1 + 1e-5)
    two = 2 / np.sqrt(4 + 1e-5)
    np.testing.assert_allclose(y, [[10 - 2 * one, 20 - 3 * two], [10 + 2 * one, 20 + 3 * two]], rtol=1e-15)
    np.testing.assert_allclose(layer.running_mean, [[0.2, 0.4]], rtol=1e-15)
    np.testing.assert_allclose(layer.running_var, [[0.9 + 0.2, 0.9 + 0.8]], rtol=1e-15)


def test_batch_norm_uses_running_statistics_at_test_time():
    layer = bound(BatchNorm(1), (), "float64")
    layer.running_mean[...], layer.running_var[...] = 3, 4
    assert layer.forward(np.array([[5.0]]), training=False)[0, 0] == pytest.approx(2 / np.sqrt(4 + 1e-5), rel=1e-15)


def test_batch_norm_refuses_a_single_row():
    with pytest.raises(ValueError, match="one row"):
        bound(BatchNorm(2), (), "float64").forward(np.zeros((1, 2)), training=True)


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
def test_normalization_far_from_zero_in_float32(kind):
    rng = np.random.default_rng(0)
    noise = rng.integers(-512, 512, (64, 64)) / 256  # exact in float32 beside 1e4
    layer = bound(kind(64), (), "float32")
    y = layer.forward((1e4 + noise).astype(np.float32), training=True)
    axis = 0 if kind is BatchNorm else 1
    centred = noise - noise.mean(axis=axis, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, expected, atol=2e-5)


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("value", [0.1, 1e4 + 0.3, -7.7])
def test_a_constant_group_gives_exactly_beta(kind, value):
    layer = bound(kind(3), (), "float32")
    layer.bias[...] = [[1, 2, 3]]
    y = layer.forward(np.full((37, 3), value, np.float32), training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(np.float32([1, 2, 3]), y.shape))


def test_layer_norm_over_one_feature_is_zero_with_zero_gradient():
    layer = bound(LayerNorm(1), (), "float32")
    y = layer.forward(np.array([[3.3], [-2.0]], np.float32), training=True)
    assert (y == 0).all() and (layer.backward(np.ones_like(y)) == 0).all()


def test_layer_norm_by_hand():
    """(1, 3): mean 2, variance 1, in training and at test time alike."""
    layer = bound(LayerNorm(2), (), "float64")
    one = 1 / np.sqrt(1 + 1e-5)
    for training in (True, False):
        np.testing.assert_allclose(layer.forward(np.array([[1.0, 3.0]]), training), [[-one, one]], rtol=1e-15)


def test_dropout_keeps_the_expectation_and_the_share():
    """100,000 draws at q = 0.7: the mean of x mask/q is x and the share kept is q, within three standard errors."""
    n, rate = 100_000, 0.3
    layer = Dropout(rate, BitStreams([7], (), Purpose.DROPOUT))
    y = layer.forward(np.full((n, 1), 2.0), training=True)
    q = 1 - rate
    assert set(np.unique(y)) == {0.0, 2.0 / q}
    assert abs((y > 0).mean() - q) < 3 * np.sqrt(q * rate / n)
    assert abs(y.mean() - 2.0) < 3 * 2.0 * np.sqrt(rate / q / n)
    np.testing.assert_array_equal(layer.backward(np.ones_like(y)), y / 2)


class _EveryNumber:
    """In place of random numbers each of the 2^16 once, so that a mean over the masks is the expectation itself."""

    def take(self, shape):
        return np.arange(2**16, dtype=np.uint16).reshape(shape)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9, 0.984, 0.99, 0.999, 0.9999, 0.99999, 1 - 2**-20])
def test_dropout_is_unbiased(rate):
    y = Dropout(rate, _EveryNumber()).forward(np.ones((2**8, 2**8)), training=True)
    assert y.mean() == pytest.approx(1, rel=5e-4)


def test_dropout_is_the_full_network_at_test_time():
    layer = Dropout(0.5, BitStreams([0], (), Purpose.DROPOUT))
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(layer.forward(x, training=False), x)


@pytest.mark.parametrize("rate", [1.0, -0.1, 1.5])
def test_dropout_refuses_a_rate_outside(rate):
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        Dropout(rate, BitStreams([0], (), Purpose.DROPOUT))


def test_mask_streams_can_be_resumed_anywhere():
    whole = BitStreams([5, 6], (2,), Purpose.DROPOUT)
    whole.restart(epoch=3)
    numbers = np.concatenate([whole.take((size,)).copy() for size in (3, 40_000, 1, 7)], axis=-1)
    for drawn in (0, 1, 3, 40_003, 40_004):
        part = BitStreams([5, 6], (2,), Purpose.DROPOUT)
        part.restart(epoch=3, drawn=drawn)
        assert part.drawn == drawn
        np.testing.assert_array_equal(part.take((7,)), numbers[:, drawn : drawn + 7])


def test_streams_of_purposes_seeds_and_epochs_differ():
    draws = {
        stream(seed, purpose, epoch).integers(0, 2**63)
        for seed in range(20)
        for purpose in (Purpose.INIT, Purpose.ORDER)
        for epoch in range(20)
    }
    assert len(draws) == 800


def test_log_loss_is_finite_for_certain_and_wrong_scores():
    """log(1 + e^1000) = 1000: a probability would have been rounded to 0."""
    loss = CrossEntropy(dtype="float32")
    np.testing.assert_array_equal(loss(np.array([[1e3, 0, 0], [0, 1e3, 0]], np.float32), np.array([0, 0])), [0, 1000])
    logistic = LogisticLoss(dtype="float32")
    scores = np.array([[1e4], [-1e4], [1e4]], np.float32)
    np.testing.assert_array_equal(logistic(scores, np.array([1, 1, 0])), [0, 1e4, 1e4])
    np.testing.assert_array_equal(logistic.gradient(), np.float32([[0], [-1 / 3], [1 / 3]]))


@pytest.mark.parametrize(("dtype", "precision"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("label", [0, 1])
def test_logistic_loss_of_a_certain_sample_keeps_its_digits(label, dtype, precision):
    sizes = [0.5, 3.0, 12.0, 14.0, 16.0, 30.0, 80.0]
    scores = np.array([[size if label else -size] for size in sizes], dtype)
    expected = [math.log1p(math.exp(-size)) for size in sizes]
    loss = LogisticLoss(dtype=dtype)
    np.testing.assert_allclose(loss(scores, np.full(len(sizes), label)), expected, rtol=precision)
    assert loss.objective() == pytest.approx(np.mean(expected), rel=precision)


def test_cross_entropy_by_hand():
    """Scores (log 2, log 3, log 5): p = .2, .3, .5; class 1 costs -log .3 and its gradient is p - onehot."""
    loss = CrossEntropy(dtype="float64")
    assert loss(np.log([[2.0, 3.0, 5.0]]), np.array([1]))[0] == pytest.approx(-np.log(0.3))
    np.testing.assert_allclose(loss.gradient(), [[0.2, -0.7, 0.5]], rtol=1e-14)


def test_label_smoothing_by_hand():
    """s = 0.3 over 3 classes: targets .1, .8, .1; over 2 classes with one score: .15 and .85."""
    loss = CrossEntropy(dtype="float64", smoothing=0.3)
    loss(np.log([[2.0, 3.0, 5.0]]), np.array([1]))
    np.testing.assert_allclose(loss.gradient(), [[0.1, -0.5, 0.4]], rtol=1e-13)
    logistic = LogisticLoss(dtype="float64", smoothing=0.3)
    logistic(np.zeros((1, 1)), np.array([1]))
    assert logistic.gradient()[0, 0] == pytest.approx(0.5 - 0.85)


def test_two_classes_equal_softmax_of_two_scores():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(9, 1)) * 3, rng.integers(0, 2, 9)
    np.testing.assert_allclose(
        LogisticLoss(dtype="float64")(z, y), CrossEntropy(dtype="float64")(np.hstack([0 * z, z]), y), rtol=1e-12
    )


def test_residual_losses_by_hand():
    """Residuals (3, -0.5): squares 9/2 + 0.25/2; absolute 3.5; Huber 2.5 + 0.125."""
    scores, targets = np.array([[3.0, 0.0]]), np.array([[0.0, 0.5]])
    for kind, value, slope in [
        (SquaredLoss, 4.625, [3, -0.5]),
        (AbsoluteLoss, 3.5, [1, -1]),
        (HuberLoss, 2.625, [1, -0.5]),
    ]:
        loss = kind(dtype="float64")
        assert loss(scores, targets)[0] == value
        np.testing.assert_array_equal(loss.gradient(), [slope])


def test_class_codes_for_residual_losses():
    loss = SquaredLoss(dtype="float64")
    np.testing.assert_array_equal(loss(np.array([[0.0], [0.0]]), np.array([0, 1])), [0.5, 0.5])
    np.testing.assert_array_equal(loss.gradient(), [[0.5], [-0.5]])
    np.testing.assert_array_equal(loss(np.zeros((1, 3)), np.array([2])), [0.5])
    np.testing.assert_array_equal(loss.gradient(), [[0, 0, -1]])


def test_gradient_of_a_short_batch_is_a_mean_over_its_own_rows():
    loss = SquaredLoss(dtype="float64")
    for rows in (1, 2, 5):
        loss(np.ones((rows, 1)), np.zeros((rows, 1)))
        assert loss.gradient().sum() == pytest.approx(1)


def test_relu_and_its_kin_at_zero():
    """ReLU'(0) = 0 as in the lecture; SELU takes its lower branch there; ELU'(0) = exp(0)."""
    z = np.zeros((1, 1))
    for name, slope in [
        ("relu", 0),
        ("leaky-relu", 0.01),
        ("elu", 1),
        ("selu", 1.0507009873554805 * 1.6732632423543772),
    ]:
        layer = ACTIVATIONS[name]()
        layer.forward(z, training=True)
        assert layer.backward(np.ones_like(z))[0, 0] == pytest.approx(slope, rel=1e-12)


def test_elu_slope_does_not_vanish_early():
    """exp(-30) from the input; the output plus one would give 0."""
    layer = ACTIVATIONS["elu"]()
    layer.forward(np.array([[-30.0]], np.float32), training=True)
    assert layer.backward(np.ones((1, 1), np.float32))[0, 0] == pytest.approx(np.exp(-30), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mish_in_its_tails(dtype):
    """z for large z and z exp(z) far below, to full relative precision, and so their slopes 1 and (1 + z) exp(z)."""
    layer, rtol = ACTIVATIONS["mish"](), {"float32": 1e-6, "float64": 1e-11}[dtype]
    z = np.array([[-1e4, -60.0, -40.0, 15.0, 25.0, 1e4]], dtype)
    below = np.exp(z[0, :3].astype(float))
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value, slope = layer.forward(z, training=True)[0], layer.backward(np.ones_like(z))[0]
    np.testing.assert_allclose(value, [*(z[0, :3] * below), *z[0, 3:]], rtol=rtol)
    np.testing.assert_allclose(slope[:3], (1 + z[0, :3]) * below, rtol=rtol)
    np.testing.assert_allclose(slope[3:], 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("relu", 0.0),
        ("leaky-relu", -0.02),
        ("elu", np.expm1(-2)),
        ("selu", 1.0507009873554805 * 1.6732632423543772 * np.expm1(-2)),
        ("gelu", -1 * (1 + np.tanh(np.sqrt(2 / np.pi) * (-2 - 0.044715 * 8)))),
        ("silu", -2 / (1 + np.exp(2))),
        ("mish", -2 * np.tanh(np.log1p(np.exp(-2)))),
        ("softplus", np.log1p(np.exp(-2))),
        ("sigmoid", 1 / (1 + np.exp(2))),
        ("tanh", np.tanh(-2)),
        ("identity", -2.0),
    ],
)
def test_activations_at_minus_two(name, value):
    assert ACTIVATIONS[name]().forward(np.array([[-2.0]]), training=False)[0, 0] == pytest.approx(value, rel=1e-14)


def test_every_activation_has_its_number_here():
    assert {name for name, _ in test_activations_at_minus_two.pytestmark[0].args[1]} == set(ACTIVATIONS)
