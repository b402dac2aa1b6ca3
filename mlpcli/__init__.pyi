from mlpcli.api.run import Run as Run
from mlpcli.api.stored import load as load
from mlpcli.api.stored import open_results as open
from mlpcli.api.sweep import sweep as sweep
from mlpcli.api.sweep_results import Sweep as Sweep
from mlpcli.api.train import train as train
from mlpcli.errors import MlpcliError as Error
from mlpcli.estimators import to_estimator as to_estimator
from mlpcli.estimators.classifier import MLPClassifier as MLPClassifier
from mlpcli.estimators.regressor import MLPRegressor as MLPRegressor
from mlpcli.plugins.register import register as register
from mlpcli.training.model import Model as Model

__all__ = [
    "Error",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "Run",
    "Sweep",
    "load",
    "open",
    "register",
    "sweep",
    "to_estimator",
    "train",
]

__version__: str
