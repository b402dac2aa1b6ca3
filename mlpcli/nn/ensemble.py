"""Networks of one architecture that answer together: their scores are averaged.

The mean of logits is, up to a constant, the logarithm of the geometric mean of the networks' probabilities: a
logarithmic opinion pool (Hansen and Salamon 1990 average outputs; Heskes 1998 the logarithms).
"""

import numpy as np

from mlpcli.nn.network import Network
from mlpcli.nn.types import Array

__all__ = ["Ensemble"]


class Ensemble(Network):
    """A stack `lead = (networks,)` whose scores are those of one network, the mean of the stack's.

    >>> from mlpcli.nn.linear import Linear
    >>> ensemble = Ensemble([("output", Linear(1, 1))], lead=(2,), dtype=np.float64)
    >>> ensemble.parameters["output.weight"][...] = [[[1.0]], [[3.0]]]
    >>> ensemble.forward(np.array([[1.0], [2.0]]))
    array([[2.],
           [4.]])
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """Scores `(batch, outputs)` of a batch `(batch, features)`; raises as `Network.forward`."""
        mean: Array = np.add.reduce(super().forward(x, training), axis=0) / self.dtype.type(self.lead[0])
        return mean

    def backward(self, grad_output: Array) -> None:
        """Fill `grads` of every network, from dJ/d(scores) `(batch, outputs)` of the last forward call."""
        share = grad_output / self.dtype.type(self.lead[0])
        super().backward(np.broadcast_to(share, (*self.lead, *share.shape)))
