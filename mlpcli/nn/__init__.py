"""The network: layers with forward and backward functions over flat arrays, for one network or a stack of replicas."""

from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.constructions import interpolate, sawtooth, xor
from mlpcli.nn.dropout import Dropout
from mlpcli.nn.elementwise import Activation, sigmoid
from mlpcli.nn.ensemble import Ensemble
from mlpcli.nn.gain import Gain
from mlpcli.nn.initializers import INITIALIZERS, Initializer
from mlpcli.nn.layer import Layer, Spec
from mlpcli.nn.linear import Linear
from mlpcli.nn.losses import (
    LOSSES,
    AbsoluteLoss,
    CrossEntropy,
    HuberLoss,
    LogisticLoss,
    Loss,
    ResidualLoss,
    SquaredLoss,
)
from mlpcli.nn.network import Network
from mlpcli.nn.normalization import NORMALIZATIONS, BatchNorm, LayerNorm, Normalization
from mlpcli.nn.quadratic_lift import LIFTS, QuadraticLift, lifted_features
from mlpcli.nn.streams import BitStreams, Purpose, stream
from mlpcli.nn.types import Array, Shape, per_replica, transpose

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LIFTS",
    "LOSSES",
    "NORMALIZATIONS",
    "AbsoluteLoss",
    "Activation",
    "Array",
    "BatchNorm",
    "BitStreams",
    "CrossEntropy",
    "Dropout",
    "Ensemble",
    "Gain",
    "HuberLoss",
    "Initializer",
    "Layer",
    "LayerNorm",
    "Linear",
    "LogisticLoss",
    "Loss",
    "Network",
    "Normalization",
    "Purpose",
    "QuadraticLift",
    "ResidualLoss",
    "Shape",
    "Spec",
    "SquaredLoss",
    "interpolate",
    "lifted_features",
    "per_replica",
    "sawtooth",
    "sigmoid",
    "stream",
    "transpose",
    "xor",
]
