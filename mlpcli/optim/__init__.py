"""Optimizers and learning-rate schedules over flat arrays; nothing here knows what a network is."""

from mlpcli.optim.lbfgs import LBFGS
from mlpcli.optim.norms import gradient_norm, project_columns
from mlpcli.optim.optimizers import OPTIMIZERS, Optimizer
from mlpcli.optim.plateau import Plateau
from mlpcli.optim.schedules import SCHEDULES, Schedule
from mlpcli.optim.transforms import add_weight_decay, own, shrink_weights

__all__ = [
    "LBFGS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Optimizer",
    "Plateau",
    "Schedule",
    "add_weight_decay",
    "gradient_norm",
    "own",
    "project_columns",
    "shrink_weights",
]
