from mlpcli.api.run import Run as Run
from mlpcli.api.train import train as train
from mlpcli.errors import MlpcliError as Error
from mlpcli.training.model import Model as Model

__all__ = ["Error", "Model", "Run", "train"]

__version__: str
