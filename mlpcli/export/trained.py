"""What is exported: a network with its options and preprocessing, as `Model` has them.

>>> from mlpcli.data.prepared.columns import Column
>>> is_matrix([Column("x1"), Column("x2")]), is_matrix([Column("x1"), Column("price")]), is_matrix([Column("age")])
(True, False, False)
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from mlpcli.config import RunOptions
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.nn import Array, Network

__all__ = ["Trained", "is_matrix", "tensors_of"]


class Trained(Protocol):
    """A trained network; `training.model.Model` is one. Its formats know it by these attributes alone."""

    @property
    def options(self) -> RunOptions:
        """Options of the run, resolved."""

    @property
    def preprocessing(self) -> Preprocessing:
        """What was fitted on the training rows."""

    @property
    def network(self) -> Network:
        """A single network, without leading axes, or an ensemble, `lead = (networks,)`."""

    @property
    def digest(self) -> str:
        """Digest of the data that it was trained on."""

    @property
    def classes(self) -> Array | None:
        """The classes as a program has them, by code; None for other tasks."""

    def check_parts(self) -> None:
        """Check that user-defined parts, whose formulas are looked up by name, are those of the network.

        Raises:
            PluginError: a part was defined again since the network was made.
        """

    def to_bytes(self) -> bytes:
        """Content of the model file."""


def is_matrix(columns: Sequence[Column]) -> bool:
    """Whether the columns are those of an array, an NPZ file or images: x1, x2, ..., which nobody named."""
    return [column.name for column in columns] == [f"x{i + 1}" for i in range(len(columns))] and all(
        column.kind != "text" for column in columns
    )


def tensors_of(model: Trained) -> Mapping[str, Array]:
    """Parameters and running statistics by name, shaped so that they broadcast over a batch.

    Those of an ensemble are matrices `(networks, in, out)` and rows `(networks, 1, out)`.
    """
    network = model.network
    return {**network.parameters, **network.statistics} if network.lead else network.tensors()
