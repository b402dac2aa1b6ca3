from mlpcli.api.run import Run as Run
from mlpcli.api.stored import load as load
from mlpcli.api.stored import open_results as open
from mlpcli.api.sweep import sweep as sweep
from mlpcli.api.sweep_results import Sweep as Sweep
from mlpcli.api.train import train as train
from mlpcli.errors import MlpcliError as Error
from mlpcli.training.model import Model as Model

__all__ = ["Error", "Model", "Run", "Sweep", "load", "open", "sweep", "train"]

__version__: str
