"""Published recipes expressed in options: what a layer may have of its own, and momentum that climbs.

The oracle is a network by the convention of the dropout paper (Srivastava et al. 2014 and the author's deepnet),
written out here: masks without rescaling in training, states times q at test time.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mlpcli.config import stack_key
from mlpcli.data import Prepared
from mlpcli.nn import Array, BitStreams, Purpose, Shape, stream
from mlpcli.training.loop.trainer import Trainer
from tests.training.problems import CLASSES, NUMBERS, dataset, resolved, softmax, train

HIDDEN = (7, 6)
EPOCHS, BATCH = 5, 10


class PaperNet:
    """Dropout as published: v = m v + g + l w, w -= lr v, then every column within the bound.

    `keep` has for each weight the probability q with which the units that feed it are kept.
    """

    def __init__(self, weights: list[Array], keep: tuple[float, ...], bound: float, decay: float) -> None:
        self.weights = [weight.copy() for weight in weights]
        self.biases = [np.zeros((1, weight.shape[1])) for weight in weights]
        self.velocities = [np.zeros_like(array) for array in (*self.weights, *self.biases)]
        self.keep, self.bound, self.decay = keep, bound, decay

    def step(self, x: Array, y: Array, masks: list[Array], lr: float, momentum: float) -> None:
        inputs, before = [], []
        for weight, bias, mask in zip(self.weights, self.biases, masks, strict=True):
            inputs.append(x * mask)
            before.append(inputs[-1] @ weight + bias)
            x = np.maximum(before[-1], 0)
        delta = (softmax(before[-1]) - np.eye(before[-1].shape[1])[y]) / len(y)
        weight_grads, bias_grads = [], []
        for index in range(len(self.weights) - 1, -1, -1):
            weight_grads.insert(0, inputs[index].T @ delta + self.decay * self.weights[index])
            bias_grads.insert(0, delta.sum(axis=0, keepdims=True))
            if index:
                delta = (delta @ self.weights[index].T) * masks[index] * (before[index - 1] > 0)
        arrays, grads = (*self.weights, *self.biases), (*weight_grads, *bias_grads)
        for array, grad, velocity in zip(arrays, grads, self.velocities, strict=True):
            velocity *= momentum
            velocity += grad
            array -= lr * velocity
        for weight in self.weights:
            norms = np.sqrt((weight**2).sum(axis=0))
            weight *= np.where(norms > self.bound, self.bound / norms, 1) if self.bound else 1

    def scores(self, x: Array) -> Array:
        """At test time, where states are scaled by q."""
        for q, weight, bias in zip(self.keep, self.weights, self.biases, strict=True):
            z = (q * x) @ weight + bias
            x = np.maximum(z, 0)
        return z


@pytest.mark.parametrize(
    ("keep", "bound", "decay"),
    [((0.8, 0.5, 0.5), 0.0, 0.0), ((0.8, 0.5, 0.5), 1.2, 0.0), ((0.5, 0.5, 0.5), 1.2, 0.01)],
)
def test_the_recipe_of_the_dropout_paper_maps_to_inverted_dropout(
    keep: tuple[float, ...], bound: float, decay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W' = q W, lr' = q^2 lr for weights and lr for biases, bound' = q bound, std' = q std; decay' = decay / q^2.

    weight_decay is one number, so with it every layer must have one q.
    """
    data = dataset(CLASSES, "float64")
    lr, first, final, climb = 0.5, 0.5, 0.95, 3.5
    options = resolved(
        data,
        hidden=HIDDEN,
        dtype="float64",
        epochs=EPOCHS,
        batch_size=BATCH,
        keep="last",
        init="lecun",
        optimizer="momentum",
        lr=lr,
        schedule="inverse",
        lr_decay=1.0,
        lr_every=2.0,
        momentum=first,
        momentum_final=final,
        momentum_epochs=climb,
        input_dropout=1 - keep[0],
        dropout=1 - keep[1],
        init_scale=keep,
        lr_multiplier=tuple(q * q for q in keep),
        max_norm=tuple(q * bound for q in keep),
        weight_decay=decay / keep[0] ** 2,
    )
    draws: list[Array] = []
    take = BitStreams.take

    def take_and_tell(bits: BitStreams, shape: Shape) -> Array:
        draws.append(take(bits, shape).copy())
        return draws[-1]

    monkeypatch.setattr(BitStreams, "take", take_and_tell)
    trainer = Trainer([options], data)
    weights = [linear.weight[0] / q for linear, q in zip(trainer.network.linears, keep, strict=True)]
    paper = PaperNet(weights, keep, bound, decay)
    assert sum(1 for _ in trainer.epochs()) == EPOCHS

    x, y = data.train.x, data.train.y
    steps = len(range(0, len(x), BATCH))
    assert EPOCHS * steps >= 50 and len(draws) == 3 * EPOCHS * steps
    for step in range(EPOCHS * steps):
        epoch, batch = divmod(step, steps)
        rows = stream(options.seed, Purpose.ORDER, epoch + 1).permutation(len(x))[batch * BATCH : (batch + 1) * BATCH]
        numbers = draws[3 * step : 3 * step + 3]
        masks = [drawn[0] >= (1 - q) * 2**16 for drawn, q in zip(numbers, keep, strict=True)]
        momentum = first + (final - first) * min(1, step / (climb * steps))
        paper.step(x[rows], y[rows], masks, lr / (1 + step / steps / 2.0), momentum)

    trainer.results()
    ours = trainer.tensors(0)
    names = ("hidden.0", "hidden.1", "output")
    for name, weight, bias, q in zip(names, paper.weights, paper.biases, keep, strict=True):
        assert_allclose(ours[f"{name}.weight"], q * weight, rtol=0, atol=1e-12)
        assert_allclose(ours[f"{name}.bias"], bias[0], rtol=0, atol=1e-12)
        if bound:
            assert np.linalg.norm(weight, axis=0).max() == pytest.approx(bound)
    assert_allclose(trainer.network.forward(x)[0], paper.scores(x), rtol=0, atol=1e-12)


def after_one_step(data: Prepared, **options: Any) -> tuple[dict[str, Array], dict[str, Array]]:
    """The tensors of a network before and after one full-batch step."""
    trainer = Trainer([resolved(data, batch_size="full", epochs=1, keep="last", dtype="float64", **options)], data)
    before = {name: view[0].copy() for name, view in trainer.network.parameters.items()}
    for _ in trainer.epochs():
        pass
    return before, {name: view[0] for name, view in trainer.network.parameters.items()}


def test_lr_multiplier_is_for_the_weights_of_its_layer_alone() -> None:
    data = dataset(CLASSES, "float64")
    shared = {"optimizer": "sgd", "lr": 0.25, "depth": 2, "norm": "layer"}
    before, plain = after_one_step(data, **shared)
    _, scaled = after_one_step(data, **shared, lr_multiplier=(0.5, 0.0, 4.0))
    factors = {"hidden.0.weight": 0.5, "hidden.1.weight": 0.0, "output.weight": 4.0}
    assert factors.keys() < before.keys()
    for name, start in before.items():
        assert (plain[name] != start).any()
        assert_allclose(scaled[name] - start, factors.get(name, 1.0) * (plain[name] - start), rtol=1e-12, atol=1e-15)


def test_init_scale_is_for_the_weights_of_its_layer_alone() -> None:
    for source, init in ((CLASSES, "normal"), (CLASSES, "he"), (NUMBERS, "glorot")):
        data = dataset(source, "float64")
        plain, _ = after_one_step(data, init=init, hidden=HIDDEN)
        scaled, _ = after_one_step(data, init=init, hidden=HIDDEN, init_scale=(0.5, 100.0, 0.0))
        for index, scale in enumerate((0.5, 100.0, 0.0)):
            name = ("hidden.0", "hidden.1", "output")[index]
            assert_array_equal(scaled[f"{name}.weight"], scale * plain[f"{name}.weight"])
            assert not scaled[f"{name}.bias"].any()
    drawn, _ = after_one_step(dataset(CLASSES, "float64"), init="normal", hidden=(300,), init_scale=3.0)
    assert drawn["hidden.0.weight"].std() == pytest.approx(0.03, rel=0.05)  # 1,500 draws of std 3 * 0.01


def test_a_regression_begins_small_only_where_nobody_named_an_initializer() -> None:
    data = dataset(NUMBERS, "float64")
    bound = np.sqrt(6 / (300 + 1))  # Glorot's, of 300 hidden units and one output
    named, _ = after_one_step(data, hidden=(300,), activation="tanh", init="glorot")
    auto, _ = after_one_step(data, hidden=(300,), activation="tanh")
    assert 0.9 * bound < abs(named["output.weight"]).max() <= bound
    assert_allclose(auto["output.weight"], 0.1 * named["output.weight"], rtol=1e-15)
    assert_array_equal(auto["hidden.0.weight"], named["hidden.0.weight"])
    assert resolved(data, hidden=(300,)).init_scale == (1.0, 0.1)  # which is what is printed and recorded
    assert resolved(dataset(CLASSES), hidden=(300,)).init_scale == 1.0


def test_init_bias_is_for_the_biases_of_its_layer_alone() -> None:
    data = dataset(CLASSES, "float64")
    shared = {"hidden": (300, 200), "norm": "layer"}
    plain, _ = after_one_step(data, **shared)
    drawn, _ = after_one_step(data, **shared, init_bias=(0.5, 3.0, 0.0))
    for name, start in plain.items():
        if name not in ("hidden.0.bias", "hidden.1.bias"):
            assert_array_equal(drawn[name], start)
    assert drawn["hidden.0.bias"].std() == pytest.approx(0.5, rel=0.15)
    assert drawn["hidden.1.bias"].std() == pytest.approx(3.0, rel=0.15)
    assert "hidden.0.bias" not in after_one_step(data, hidden=(3,), norm="batch", init_bias=1.0)[0]


def test_input_gain_is_the_rate_of_the_factors_of_the_inputs() -> None:
    """The first step: the factors are 1, so all else moves as without them, and they by their own multiple."""
    data = dataset(CLASSES, "float64")
    shared = {"optimizer": "sgd", "lr": 0.25, "depth": 2}
    before, plain = after_one_step(data, **shared)
    start, once = after_one_step(data, **shared, input_gain=1.0)
    _, more = after_one_step(data, **shared, input_gain=6.0)
    assert start.keys() - before.keys() == {"input.gain"}
    assert_array_equal(start["input.gain"], np.ones((1, len(data.features))))
    assert (once["input.gain"] != 1).all()
    assert_allclose(more["input.gain"] - 1, 6 * (once["input.gain"] - 1), rtol=1e-9)
    for name in before:
        assert_array_equal(start[name], before[name])
        assert_allclose(once[name], plain[name], rtol=1e-12, atol=1e-15)
        assert_array_equal(more[name], once[name])


def test_one_value_is_every_layers() -> None:
    data = dataset(CLASSES)
    for name in ("init_scale", "lr_multiplier"):
        one, each, none = (resolved(data, depth=2, **{name: value}) for value in (0.3, (0.3,) * 3, 1.0))
        assert train([one], data) == train([each], data) != train([none], data)
        assert train([none], data) == train([resolved(data, depth=2)], data)


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adamw"])
def test_runs_of_one_stack_may_differ_in_all_of_them(optimizer: str) -> None:
    data = dataset(CLASSES)
    varied: list[dict[str, Any]] = [
        {"lr": 1e30},
        {"init_scale": 0.7, "momentum_epochs": 1.5, "momentum": 0.1, "momentum_final": 0.99},
        {"lr_multiplier": (0.3, 1.0, 2.0), "init_bias": 1.0, "seed": 3},
        {"lr_multiplier": 0.1, "init_scale": (1.0, 2.0, 0.3), "momentum_epochs": 0.1, "momentum_final": 0.0},
    ]
    shared = {"optimizer": optimizer, "depth": 2, "weight_decay": 0.01, "epochs": 4}
    runs = [resolved(data, **{**shared, **one}) for one in varied]
    assert len({stack_key(run, data.digest) for run in runs}) == 1
    stacked = train(runs, data)
    assert stacked == [train([run], data)[0] for run in runs]
    assert [bool(run.diverged) for run in stacked] == [True, False, False, False]  # the others move up in the stack
    assert all(one != other for one, other in pairwise(stacked))


def test_a_climbing_momentum_goes_on_where_a_checkpoint_was_taken() -> None:
    data = dataset(CLASSES)
    run = resolved(data, optimizer="nesterov", momentum=0.2, momentum_final=0.95, momentum_epochs=2.3, epochs=4)
    whole = train([run], data)
    trainer = Trainer([run], data)
    for _ in trainer.epochs(until=1):
        pass
    arrays, counters = trainer.checkpoint()
    again = Trainer([run], data)
    again.restore({name: array.copy() for name, array in arrays.items()}, counters)
    for _ in again.epochs():
        pass
    assert again.kept_params[0].tobytes() == whole[0].params
