"""The weights of a small network after every epoch, which `record_weights` keeps and `plot --animate` draws.

>>> from mlpcli.nn import Linear, Network
>>> history, network = WeightHistory(), Network([("output", Linear(2, 1))], lead=(1,))
>>> history.add(network)
>>> history.add(network)
>>> {name: array.shape for name, array in history.arrays.items()}
{'output.weight': (2, 2, 1), 'output.bias': (2, 1)}
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mlpcli.atomic import shown
from mlpcli.errors import DataError
from mlpcli.nn import Array, Network
from mlpcli.results.files import tensor_file
from mlpcli.training.model import Model

__all__ = ["WeightHistory", "models_by_epoch"]

KEY = "mlpcli-weights"


class WeightHistory:
    """Weights and running statistics of a single run, from the initial ones on."""

    def __init__(self) -> None:
        self._epochs: list[dict[str, Array]] = []

    def __len__(self) -> int:
        """Number of epochs kept, the initial weights as one."""
        return len(self._epochs)

    def add(self, network: Network) -> None:
        """Keep what the network, a stack of one, has now."""
        self._epochs.append({name: view[0].copy() for name, view in network.tensors().items()})

    @property
    def arrays(self) -> dict[str, Array]:
        """Arrays (epochs + 1, ...) by the name of the tensor; the initial weights must have been added."""
        return {name: np.stack([epoch[name] for epoch in self._epochs]) for name in self._epochs[0]}

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Go on from arrays as `arrays` gives them."""
        count = min((len(array) for array in arrays.values()), default=0)
        self._epochs = [{name: array[epoch] for name, array in arrays.items()} for epoch in range(count)]

    def to_bytes(self, run_id: str) -> bytes:
        """The content of weights.safetensors, which belongs to the run of this id."""
        return tensor_file.encode(self.arrays, {"run_id": run_id}, key=KEY)


def models_by_epoch(path: Path, model: Model, run_id: str) -> list[Model]:
    """The run's model as it was before the first epoch and after each one.

    Args:
        path: its weights.safetensors.
        model: the model that the run kept.
        run_id: identity of the run.

    Raises:
        DataError: the file is damaged, or belongs to another run.
        FileError: it cannot be read.
    """
    arrays, description = tensor_file.read(path, key=KEY, what="weights of epochs")
    shapes = {name: view.shape for name, view in model.network.tensors().items()}
    if description.get("run_id") != run_id or {name: array.shape[1:] for name, array in arrays.items()} != shapes:
        raise DataError(f"cannot use {shown(path)}: the weights are those of another run. Train again")
    count = min(len(array) for array in arrays.values())
    return [model.with_tensors({name: array[epoch] for name, array in arrays.items()}) for epoch in range(count)]
