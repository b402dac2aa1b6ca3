"""Parts that return or write something else than their kind does are refused when they are registered."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlpcli
from mlpcli import nn
from mlpcli.config import choices
from mlpcli.errors import PluginError
from mlpcli.plugins.files import load


def _without_memory(gradient: Any, memory: Any, count: int) -> Any:
    del memory["mean"]
    return gradient


def _with_another_memory(gradient: Any, memory: Any, count: int) -> Any:
    memory["sum"] = memory["mean"] + gradient
    return gradient


def _with_a_number_as_memory(gradient: Any, memory: Any, count: int) -> Any:
    memory["mean"] = 0.5
    return gradient


def _of_unit_length(gradient: Any, memory: Any, count: int) -> Any:
    """The length is that of the part of the parameters which a call gets."""
    return gradient / np.sqrt((gradient**2).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(
    ("update", "problem"),
    [
        (lambda gradient, memory, count: None, "it returned NoneType, expected an array of numbers"),
        (lambda gradient, memory, count: gradient.mean(), r"it returned the shape \(\), expected \(2, 64\)"),
        (lambda gradient, memory, count: gradient[0], r"it returned the shape \(64,\)"),
        (lambda gradient, memory, count: gradient * 1j, "it returned ndarray, expected an array of numbers"),
        (_without_memory, "memory has no array after a step, expected 'mean'"),
        (_with_another_memory, "memory has 'mean', 'sum' after a step, expected 'mean'"),
        (_with_a_number_as_memory, r"memory\['mean'\]: returned the shape \(\), expected \(2, 64\)"),
        (_of_unit_length, "the update of an entry changes with the entries beside it"),
    ],
)
def test_an_optimizer(update: Any, problem: str) -> None:
    assert_refused(problem, "optimizer", update, lr=0.1, memory=["mean"])


@pytest.mark.parametrize(
    ("init", "problem"),
    [
        (lambda rng, fan_in, fan_out: rng.normal(size=(fan_out, fan_in)), r"the shape \(30, 40\) for fan_in 40"),
        (lambda rng, fan_in, fan_out: 0.1, r"the shape \(\) for fan_in 40, fan_out 30, expected \(40, 30\)"),
        (lambda rng, fan_in, fan_out: None, "returned NoneType for fan_in 40"),
    ],
)
def test_an_init(init: Any, problem: str) -> None:
    assert_refused(problem, "init", init)


class _ReturnsValue(nn.Activation):
    def value(self, z: Any, out: Any) -> Any:  # type: ignore[override]  # the mistake
        return np.tanh(z)

    def gradient(self, z: Any, h: Any, g: Any, out: Any) -> None:
        out[...] = g * (1 - h * h)


class _ReturnsGradient(nn.Activation):
    def value(self, z: Any, out: Any) -> None:
        np.tanh(z, out=out)

    def gradient(self, z: Any, h: Any, g: Any, out: Any) -> Any:  # type: ignore[override]  # the mistake
        return g * (1 - h * h)


class _WritesHalf(nn.Activation):
    def value(self, z: Any, out: Any) -> None:
        out[z > 0] = z[z > 0]

    def gradient(self, z: Any, h: Any, g: Any, out: Any) -> None:
        out[...] = g * (z > 0)


class _ChangesItsInput(_ReturnsGradient):
    def value(self, z: Any, out: Any) -> None:
        z *= 2
        out[...] = z


class _CentredOverTheBatch(_ReturnsGradient):
    def value(self, z: Any, out: Any) -> None:
        np.subtract(z, z.mean(axis=-2, keepdims=True), out=out)

    def gradient(self, z: Any, h: Any, g: Any, out: Any) -> None:
        np.subtract(g, g.mean(axis=-2, keepdims=True), out=out)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (_ReturnsValue, "value: it left entries of out as they were. Write every entry"),
        (_WritesHalf, "value: it left entries of out as they were"),
        (_ReturnsGradient, "gradient: it left entries of out as they were"),
        (_ChangesItsInput, "ValueError: output array is read-only. Arguments are not to be changed: write to out"),
        (_CentredOverTheBatch, "value: a row changes with the rows beside it"),
    ],
)
def test_an_activation(kind: type[nn.Activation], problem: str) -> None:
    assert_refused(problem, "activation", kind)


class _MeanLoss(nn.ResidualLoss):
    def rho(self, r: Any) -> Any:
        return np.mean(r * r)

    def slope(self, r: Any, out: Any) -> None:
        out[...] = 2 * r


class _ListLoss(nn.ResidualLoss):
    def rho(self, r: Any) -> Any:
        return (r * r).tolist()

    def slope(self, r: Any, out: Any) -> None:
        out[...] = 2 * r


class _ReturnsSlope(nn.ResidualLoss):
    def rho(self, r: Any) -> Any:
        return r * r

    def slope(self, r: Any, out: Any) -> Any:  # type: ignore[override]  # the mistake
        return 2 * r


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (_MeanLoss, r"rho: returned the shape \(\), expected \(2, 64\)"),
        (_ListLoss, "rho: returned list, expected an array of numbers"),
        (_ReturnsSlope, "slope: it left entries of out as they were"),
    ],
)
def test_a_loss(kind: type[nn.ResidualLoss], problem: str) -> None:
    assert_refused(problem, "loss", kind)


class _Forgets(nn.Normalization):
    def forward(self, x: Any, training: bool) -> Any:
        return x

    def backward(self, grad_output: Any, input_needed: bool = True) -> None:
        np.sum(grad_output, axis=-2, out=self.bias_grad[0])


class _Reduces(_Forgets):
    def forward(self, x: Any, training: bool) -> Any:
        return x.mean(axis=-1)


class _LacksAnArgument(_Forgets):
    def backward(self, grad_output: Any) -> Any:  # type: ignore[override]  # the mistake
        return grad_output


class _OverTheFirstAxis(_Forgets):
    """Right for one network alone; in a stack the mean is that of the networks."""

    def forward(self, x: Any, training: bool) -> Any:
        return x - x.mean(axis=0, keepdims=True)

    def backward(self, grad_output: Any, input_needed: bool = True) -> Any:
        return grad_output - grad_output.mean(axis=0, keepdims=True)


class _GradientOverTheFirstAxis(_Forgets):
    def backward(self, grad_output: Any, input_needed: bool = True) -> Any:
        self.bias_grad[...] = grad_output.sum(axis=0)
        return grad_output


class _ScalesAll(nn.Activation):
    def value(self, z: Any, out: Any) -> None:
        np.divide(z, np.abs(z).max() + z.mean(), out=out)

    def gradient(self, z: Any, h: Any, g: Any, out: Any) -> None:
        np.copyto(out, g)


class _Centred(_ScalesAll):
    """The mean of numbers that lie evenly about 0 would be the same for all."""

    def value(self, z: Any, out: Any) -> None:
        np.subtract(z, z.mean(), out=out)


class _ScaledByTheFirst(nn.Activation):
    """The first network of a stack gets what it gets alone."""

    def value(self, z: Any, out: Any) -> None:
        np.divide(z, np.abs(z[0] if z.ndim > 2 else z).max(), out=out)

    def gradient(self, z: Any, h: Any, g: Any, out: Any) -> None:
        np.copyto(out, g)


class _ScaledLoss(nn.ResidualLoss):
    def rho(self, r: Any) -> Any:
        return r * r

    def slope(self, r: Any, out: Any) -> None:
        np.divide(r, np.sum(r, axis=0), out=out)


@pytest.mark.parametrize(
    ("kind", "part", "problem"),
    [
        ("norm", _LacksAnArgument, "it raised TypeError: .*takes 2 positional arguments but 3 were given"),
        ("norm", _OverTheFirstAxis, "forward: the numbers of a network change with those of another in its stack"),
        (
            "norm",
            _GradientOverTheFirstAxis,
            r"in a stack of 2 networks, whose arrays are \(2, 2, 64\), it raised Value",
        ),
        ("activation", _ScalesAll, "value: the numbers of a network change"),
        ("activation", _ScaledByTheFirst, "value: the numbers of a network change"),
        ("activation", _Centred, "value: the numbers of a network change"),
        ("loss", _ScaledLoss, "slope: the numbers of a network change"),
    ],
)
def test_parts_that_mix_the_networks_of_a_stack(kind: str, part: Any, problem: str) -> None:
    assert_refused(problem, kind, part)


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param(lambda gradient: gradient.mean(axis=0), id="all networks"),
        pytest.param(lambda gradient: gradient[0], id="the first network"),
        pytest.param(lambda gradient: gradient[-1], id="the last network"),
        pytest.param(lambda gradient: gradient[:, :1], id="the first entry"),
        pytest.param(lambda gradient: gradient[:, -1:], id="the last entry"),
    ],
)
def test_an_optimizer_that_mixes_entries(beside: Any) -> None:
    def scaled(gradient: Any, memory: Any, count: int) -> Any:
        return gradient * (1 + np.abs(beside(gradient)))

    assert_refused("the update of an entry changes with the entries beside it", "optimizer", scaled, lr=0.1)


class _Gain(nn.Normalization):
    """y = gain x, without the bias, whose gradient is then 0."""

    def forward(self, x: Any, training: bool) -> Any:
        self._x = x
        return x * self.gain

    def backward(self, grad_output: Any, input_needed: bool = True) -> Any:
        self.gain_grad[...] = (grad_output * self._x).sum(axis=-2, keepdims=True)
        return grad_output * self.gain


class _ReplacesTheGradient(_Gain):
    def backward(self, grad_output: Any, input_needed: bool = True) -> Any:
        self.gain_grad = (grad_output * self._x).sum(axis=-2, keepdims=True)
        return grad_output * self.gain


class _Widens(_Gain):
    def forward(self, x: Any, training: bool) -> Any:
        return super().forward(x, training) * np.sqrt(np.float64(2))


class _OverTheBatch(_Gain):
    def forward(self, x: Any, training: bool) -> Any:
        return super().forward(x - x.mean(axis=-2, keepdims=True), training)


class _BackOverTheBatch(_Gain):
    def backward(self, grad_output: Any, input_needed: bool = True) -> Any:
        grad = super().backward(grad_output, input_needed)
        return grad - grad.mean(axis=-2, keepdims=True)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (_Forgets, "backward: returned NoneType"),
        (_Reduces, r"forward: returned the shape \(2,\), expected \(2, 64\)"),
        (_ReplacesTheGradient, "backward: it left the gradient of gain as it was. Write into the array"),
        (_Widens, "forward: returned float64 for float32"),
        (_OverTheBatch, "forward: a row changes with the rows beside it, or by chance. Say over_rows=True"),
        (_BackOverTheBatch, "backward: a row changes with the rows beside it, or by chance. Say over_rows=True"),
    ],
)
def test_a_norm(kind: type[nn.Normalization], problem: str) -> None:
    assert_refused(problem, "norm", kind)


class _InGroups(_Forgets):
    """Shuffles channels of four features."""

    def forward(self, x: Any, training: bool) -> Any:
        if x.shape[-1] % 4:
            raise ValueError(f"got {x.shape[-1]} features, expected a multiple of 4")
        return self._shuffled(x)

    def backward(self, grad_output: Any, input_needed: bool = True) -> Any:
        return self._shuffled(grad_output)

    def _shuffled(self, x: Any) -> Any:
        return x.reshape(*x.shape[:-1], 4, -1).swapaxes(-1, -2).reshape(x.shape)


class _SquareRoot(nn.Activation):
    """nan where z is negative, as written."""

    def value(self, z: Any, out: Any) -> None:
        np.sqrt(z, out=out)

    def gradient(self, z: Any, h: Any, g: Any, out: Any) -> None:
        np.divide(g, 2 * h, out=out)


class _RootLoss(nn.ResidualLoss):
    def rho(self, r: Any) -> Any:
        return r**1.5

    def slope(self, r: Any, out: Any) -> None:
        out[...] = 1.5 * r**0.5


@pytest.mark.parametrize(
    ("kind", "part"), [("norm", _Gain), ("norm", _InGroups), ("activation", _SquareRoot), ("loss", _RootLoss)]
)
def test_parts_that_do_what_their_kind_does(kind: str, part: Any) -> None:
    mlpcli.register(kind, "mine")(part)
    assert "mine" in choices.COMPONENTS[kind]


def _raises(gradient: Any, memory: Any, count: int) -> Any:
    raise ValueError("got 2 rows,\n  expected 1")


def _lacks_memory(gradient: Any, memory: Any, count: int) -> Any:
    raise MemoryError


def test_what_a_part_raises_names_the_part() -> None:
    assert_refused("it raised ValueError: got 2 rows, expected 1", "optimizer", _raises, lr=0.1)
    with pytest.raises(MemoryError):
        mlpcli.register("optimizer", "mine", lr=0.1)(_lacks_memory)


def assert_refused(problem: str, kind: str, part: Any, **facts: Any) -> None:
    """With one line, and nothing of it stays in the tables."""
    before = list(choices.COMPONENTS[kind])
    with pytest.raises(PluginError, match=f"register {kind} mine: .*{problem}") as caught:
        mlpcli.register(kind, "mine", **facts)(part)
    assert "\n" not in str(caught.value)
    assert list(choices.COMPONENTS[kind]) == before


def test_what_a_part_of_a_file_raises_has_its_line(tmp_path: Path) -> None:
    """Here an optimizer that writes to the gradient, which other links of the chain still read."""
    path = tmp_path / "careless.py"
    path.write_text(
        "import mlpcli\n"
        "@mlpcli.register('optimizer', 'careless', lr=0.1)\n"
        "def careless(gradient, memory, count):\n"
        "    gradient *= 2\n"
        "    return gradient\n"
    )
    with pytest.raises(
        PluginError,
        match=r"careless\.py, line 4: register .* careless: it raised ValueError: output array is read-only",
    ):
        load(path)
    assert "careless" not in choices.OPTIMIZERS
