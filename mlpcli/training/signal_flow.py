"""Whether the signal reaches the ends of a network: gradients its first layer, and the inputs its last.

>>> from mlpcli.nn import ACTIVATIONS, CrossEntropy, Linear
>>> relu = ACTIVATIONS["relu"]()
>>> layers = [("hidden.0", Linear(2, 3)), ("hidden.0.activation", relu), ("output", Linear(3, 2))]
>>> network = Network(layers, lead=(1,))
>>> flow = signal_flow(network, CrossEntropy((1,)), np.eye(2, dtype=np.float32), np.array([0, 1]))
>>> flow["constant_units"], flow["first_gradient_norm"]
([1.0], 0.0)
"""

from typing import TypedDict

import numpy as np

from mlpcli.nn import Array, Loss, Network

__all__ = ["ROWS", "SignalFlow", "signal_flow"]

ROWS = 256
"""Number of training rows that are looked at."""


class SignalFlow(TypedDict):
    """Result of one pass forward and back.

    `constant_units`: for each hidden layer, the share of its units whose output is the same for every row.
    `first_gradient_norm` and `output_gradient_norm`: L2 norms of the gradient of the loss in the weights of the first
    linear layer and of the output layer.
    """

    constant_units: list[float]
    first_gradient_norm: float
    output_gradient_norm: float


@np.errstate(all="ignore")
def signal_flow(network: Network, loss: Loss, x: Array, y: Array, weights: Array | None = None) -> SignalFlow:
    """Pass a batch forward and back as in training; only `grads` of the network is overwritten.

    Args:
        network: a stack of one network.
        loss: its loss.
        x: inputs, `(batch, features)`.
        y: targets, `(batch,)` or `(batch, targets)`.
        weights: weights of the rows, `(batch,)`, in the dtype of the network; None weighs all by 1.
    """
    shares = []
    output, statistics = x[None], network.state.copy()
    for name, layer in zip(network.names, network.layers, strict=True):
        output = layer.forward(output, training=True)
        if name.endswith(".activation"):
            shares.append(float((output.max(axis=-2) == output.min(axis=-2)).mean()))
    loss(output, y[None], None if weights is None else weights[None])
    network.backward(loss.gradient())
    network.state[...] = statistics
    matrices = [name for name in network.gradients if name.endswith(".weight")]
    first, last = (float(np.linalg.norm(network.gradients[name])) for name in (matrices[0], matrices[-1]))
    return {"constant_units": shares, "first_gradient_norm": first, "output_gradient_norm": last}
