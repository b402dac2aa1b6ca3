"""The nonlinearities. To add one, write its class, enter it in `ACTIVATIONS`, and give it a row in `config.choices`.

Every class gives `value`, sigma(t), and `gradient`, g sigma'(t), of each entry t of z, stable for |t| up to 1e4 in
float32 without a warning: exponentials are taken of non-positive or capped arguments only.

>>> z = np.array([[-2.0, 0.0, 3.0]])
>>> layer = ReLU()
>>> layer.forward(z, training=True), layer.backward(np.ones_like(z))
(array([[0., 0., 3.]]), array([[0., 0., 1.]]))
>>> LeakyReLU().forward(z, training=True)
array([[-0.02,  0.  ,  3.  ]])
"""

import numpy as np

from mlpcli.kernels.activations import (
    gelu,
    gelu_backward,
    gelu_inner,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid_backward,
    silu_backward,
    tanh_backward,
)
from mlpcli.nn.elementwise import Activation, sigmoid
from mlpcli.nn.types import Array

__all__ = ["ACTIVATIONS"]

LEAKY_SLOPE = 0.01
SELU_SCALE = 1.0507009873554805  # lambda of Klambauer et al. 2017
SELU_ALPHA = 1.6732632423543772
GELU_RATE = 0.7978845608028654  # sqrt(2 / pi), Hendrycks and Gimpel 2016
GELU_CUBE = 0.044715
MISH_CAP = 20  # beyond it tanh(log(1 + exp(t))) rounds to 1 in float64 too


class ReLU(Activation):
    """max(t, 0), with slope 0 at 0 as in the lecture."""

    def value(self, z: Array, out: Array) -> None:
        """max(t, 0)."""
        relu(z, out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g for t > 0, else 0."""
        relu_backward(z, g, out)


class LeakyReLU(Activation):
    """t for t > 0, 0.01 t below (Maas et al. 2013)."""

    def value(self, z: Array, out: Array) -> None:
        """max(t, 0.01 t)."""
        leaky_relu(z, out, LEAKY_SLOPE)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g for t > 0, else 0.01 g."""
        leaky_relu_backward(z, g, out, LEAKY_SLOPE)


class ELU(Activation):
    """t for t > 0, exp(t) - 1 below (Clevert et al. 2016, the lecture's form)."""

    def value(self, z: Array, out: Array) -> None:
        """max(t, 0) + expm1(min(t, 0))."""
        np.minimum(z, 0, out=out)
        np.expm1(out, out=out)
        np.add(out, np.maximum(z, 0), out=out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g exp(min(t, 0)), from t and not from h: h + 1 would round to 0 for large negative t."""
        np.minimum(z, 0, out=out)
        np.exp(out, out=out)
        np.multiply(g, out, out=out)


class SELU(Activation):
    """lambda t for t > 0, lambda alpha (exp(t) - 1) below (Klambauer et al. 2017)."""

    def value(self, z: Array, out: Array) -> None:
        """lambda (max(t, 0) + alpha expm1(min(t, 0)))."""
        np.minimum(z, 0, out=out)
        np.expm1(out, out=out)
        np.multiply(out, SELU_ALPHA, out=out)
        np.add(out, np.maximum(z, 0), out=out)
        np.multiply(out, SELU_SCALE, out=out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g lambda for t > 0, g lambda alpha exp(t) below and at 0."""
        np.minimum(z, 0, out=out)
        np.exp(out, out=out)
        np.multiply(out, SELU_ALPHA * SELU_SCALE, out=out)
        np.copyto(out, SELU_SCALE, where=z > 0)
        np.multiply(g, out, out=out)


class GELU(Activation):
    """t/2 (1 + tanh(sqrt(2/pi) (t + 0.044715 t^3))), the tanh form (Hendrycks and Gimpel 2016)."""

    scratch = ("tanh",)

    def value(self, z: Array, out: Array) -> None:
        """The formula; its tanh is kept for the gradient."""
        tanh = self._work.scratch["tanh"]
        gelu_inner(z, tanh, GELU_RATE * GELU_CUBE, GELU_RATE)
        np.tanh(tanh, out=tanh)
        gelu(z, tanh, out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g ((1 + tanh u)/2 + t/2 (1 - tanh^2 u) u'), with u' = sqrt(2/pi) (1 + 3 * 0.044715 t^2)."""
        gelu_backward(z, self._work.scratch["tanh"], g, out, 3 * GELU_RATE * GELU_CUBE, GELU_RATE)


class SiLU(Activation):
    """t sigmoid(t) (Elfwing et al. 2018), also called swish."""

    scratch = ("sigmoid",)

    def value(self, z: Array, out: Array) -> None:
        """The product; its sigmoid is kept for the gradient."""
        np.multiply(z, sigmoid(z, self._work.scratch["sigmoid"]), out=out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g (s + h (1 - s)), with s = sigmoid(t)."""
        silu_backward(self._work.scratch["sigmoid"], h, g, out)


class Mish(Activation):
    """t tanh(log(1 + exp(t))) (Misra 2019)."""

    scratch = ("tanh", "sigmoid")

    def value(self, z: Array, out: Array) -> None:
        """t n / (n + 2) with n = e (e + 2) and e = exp(t), precise in both tails; tanh and sigmoid are kept."""
        tanh, e = self._work.scratch["tanh"], self._work.scratch["sigmoid"]
        np.minimum(z, MISH_CAP, out=e)
        np.exp(e, out=e)
        np.add(e, 2, out=tanh)
        np.multiply(tanh, e, out=tanh)
        np.add(tanh, 2, out=out)
        np.divide(tanh, out, out=tanh)
        np.add(e, 1, out=out)
        np.divide(e, out, out=e)
        np.multiply(z, tanh, out=out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g (w + t (1 - w^2) s), with w = tanh(log(1 + exp(t))) and s = sigmoid(t)."""
        tanh = self._work.scratch["tanh"]
        np.multiply(tanh, tanh, out=out)
        np.subtract(1, out, out=out)
        np.multiply(out, z, out=out)
        np.multiply(out, self._work.scratch["sigmoid"], out=out)
        np.add(out, tanh, out=out)
        np.multiply(g, out, out=out)


class Softplus(Activation):
    """log(1 + exp(t)) (Dugas et al. 2001)."""

    def value(self, z: Array, out: Array) -> None:
        """max(t, 0) + log1p(exp(-|t|))."""
        np.abs(z, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        np.add(out, np.maximum(z, 0), out=out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g sigmoid(t)."""
        sigmoid(z, out)
        np.multiply(g, out, out=out)


class Sigmoid(Activation):
    """1 / (1 + exp(-t))."""

    def value(self, z: Array, out: Array) -> None:
        """sigmoid(t)."""
        sigmoid(z, out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g h (1 - h)."""
        sigmoid_backward(h, g, out)


class Tanh(Activation):
    """tanh(t)."""

    def value(self, z: Array, out: Array) -> None:
        """tanh(t)."""
        np.tanh(z, out=out)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g (1 - h^2)."""
        tanh_backward(h, g, out)


class Identity(Activation):
    """t: a network of any depth with it is linear."""

    def value(self, z: Array, out: Array) -> None:
        """t."""
        np.copyto(out, z)

    def gradient(self, z: Array, h: Array, g: Array, out: Array) -> None:
        """g."""
        np.copyto(out, g)


ACTIVATIONS: dict[str, type[Activation]] = {
    "relu": ReLU,
    "leaky-relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "mish": Mish,
    "softplus": Softplus,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "identity": Identity,
}
"""Name to class."""
