"""User-defined parts as a user writes them, one of each kind, and the tables as they were before."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlpcli.config.choices import COMPONENTS
from mlpcli.plugins import files

README = (Path(__file__).parents[2] / "README.md").read_text()

SNAKE = re.findall(r"<!-- plugin -->\n```python\n(.*?)```", README, re.DOTALL)[0]
"""The file that the README shows."""

ALL_KINDS = (
    SNAKE
    + '''
from mlpcli.autodiff import ops
from mlpcli.nn import Normalization, ResidualLoss


@mlpcli.register("norm", "rms", formula=lambda x: x / ops.sqrt(ops.mean(x**2, axis=-1, keepdims=True) + 1e-5))
class RootMeanSquareNorm(Normalization):
    """x / sqrt(mean(x^2)) over the features (Zhang and Sennrich 2019), with the bias that every norm here has."""

    def forward(self, x, training):
        work = self._work = self.workspace(x)
        self._scale = 1 / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + x.dtype.type(1e-5))
        np.multiply(x, self._scale, out=work.x_hat)
        np.add(work.x_hat * self.gain, self.bias, out=work.y)
        return work.y

    def backward(self, grad_output, input_needed=True):
        work = self._work
        self._affine_grads(grad_output)
        d = grad_output * self.gain
        np.multiply(self._scale, d - work.x_hat * np.mean(d * work.x_hat, axis=-1, keepdims=True), out=work.dx)
        return work.dx


@mlpcli.register("loss", "log-cosh", formula="log((exp(r) + exp(-r)) / 2)")
class LogCosh(ResidualLoss):
    """log cosh r (Chen et al. 2018)."""

    def rho(self, r):
        return np.logaddexp(r, -r) - np.log(r.dtype.type(2))

    def slope(self, r, out):
        np.tanh(r, out=out)


@mlpcli.register("init", "orthogonal")
def orthogonal(rng, fan_in, fan_out):
    """Orthonormal rows or columns (Saxe et al. 2014)."""
    q, _ = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    return q if fan_in >= fan_out else q.T


@mlpcli.register("optimizer", "lion", lr=1e-3, memory=["mean"], reads=["beta1", "beta2"], decoupled=True)
def lion(gradient, memory, count, beta1, beta2):
    """The sign of a mean of gradients (Chen et al. 2023)."""
    update = np.sign(beta1 * memory["mean"] + (1 - beta1) * gradient)
    memory["mean"] = beta2 * memory["mean"] + (1 - beta2) * gradient
    return update
'''
)
"""The same file with a norm, a loss, an initializer and an optimizer."""

NAMES = {"activation": "snake", "norm": "rms", "loss": "log-cosh", "init": "orthogonal", "optimizer": "lion"}


@contextmanager
def tables_restored() -> Iterator[None]:
    """Forget, after the block, all parts that were registered in it."""
    from mlpcli.plugins.register import forget

    try:
        yield
    finally:
        files.use(())
        for rows in COMPONENTS.values():
            for origin in {row.origin for row in rows.values()} - {None}:
                forget(origin)
