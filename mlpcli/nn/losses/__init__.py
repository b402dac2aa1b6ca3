"""The losses by name; each works on the network's scores, and a new one is a class here and an entry in `LOSSES`."""

from mlpcli.nn.losses.cross_entropy import CrossEntropy, LogisticLoss
from mlpcli.nn.losses.loss import Loss
from mlpcli.nn.losses.residual import AbsoluteLoss, HuberLoss, ResidualLoss, SquaredLoss

__all__ = [
    "LOSSES",
    "AbsoluteLoss",
    "CrossEntropy",
    "HuberLoss",
    "LogisticLoss",
    "Loss",
    "ResidualLoss",
    "SquaredLoss",
]

LOSSES: dict[str, type[Loss]] = {
    "cross-entropy": CrossEntropy,
    "squared": SquaredLoss,
    "absolute": AbsoluteLoss,
    "huber": HuberLoss,
}
"""Name to class; `LogisticLoss` takes the place of cross-entropy where two classes share one score."""
