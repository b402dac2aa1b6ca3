"""A trained network with its preprocessing: the content of a model file, and the scores of prepared inputs.

>>> from mlpcli.nn import Linear
>>> network = Network([("output", Linear(1, 3))])
>>> preprocessing = Preprocessing((), ("y",), ("a", "b", "c"), (), (), "float32")
>>> trained = TrainedNetwork(RunOptions(loss="cross-entropy"), preprocessing, "", network)
>>> scores = np.log([[1.0, 2.0, 1.0]])
>>> trained.probabilities(scores).round(2), trained.decide(scores)
(array([[0.25, 0.5 , 0.25]]), array([1]))
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np

from mlpcli.atomic import shown, write_atomic
from mlpcli.config import RunOptions, as_dict
from mlpcli.config.origins import carriers, check_origins, origins_to_json
from mlpcli.data import Prepared
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.errors import PluginError, UsageError
from mlpcli.nn import LOSSES, Array, Loss, Network, sigmoid
from mlpcli.results.files.model_file import load_model, model_bytes
from mlpcli.threads import blas_threads
from mlpcli.training.build import build_loss
from mlpcli.training.described_network import build_network, layout, parse
from mlpcli.training.metrics.evaluate import BLOCK, score_blocks
from mlpcli.training.metrics.outcome import decided
from mlpcli.training.metrics.probabilities import probabilities
from mlpcli.wording import counted, quote

__all__ = ["TrainedNetwork"]

_ALONE = threading.RLock()
"""Held while a network computes: its workspaces serve one call at a time, and the process has one number of BLAS
threads, so that models asked by several threads take turns."""


@dataclass(frozen=True, repr=False)
class TrainedNetwork:
    """A network that is ready to score rows; made by `load`, or by `of` after a training.

    `options` are those of its run, resolved; `digest` is that of the data it was trained on.
    """

    options: RunOptions
    preprocessing: Preprocessing
    digest: str
    network: Network
    _parts: Mapping[str, Any] = field(init=False, compare=False)
    """Origins of the user-defined parts that the network is made of: a program may define others of these names."""
    _carriers: tuple[object, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", origins_to_json(self.options))
        object.__setattr__(self, "_carriers", carriers(self.options))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model file.

        Raises:
            FileError: the file cannot be read.
            DataError: it is no model file, is damaged, or its tensors do not fit its architecture.
            PluginError: a user-defined part that it was trained with is missing, or is another version.
        """
        try:
            tensors, description = load_model(path, expected=layout)
        except PluginError as error:
            raise PluginError(f"cannot use {shown(path)}: {error}") from None
        options, preprocessing, digest = parse(description)
        return cls(options, preprocessing, digest, build_network(options, preprocessing, tensors))

    @classmethod
    def of(cls, options: RunOptions, data: Prepared, tensors: Mapping[str, Array]) -> Self:
        """The model of a run that was trained on the data: a network of its own with a copy of the tensors."""
        return cls(options, data.preprocessing, data.digest, build_network(options, data.preprocessing, tensors))

    def with_tensors(self, tensors: Mapping[str, Array]) -> Self:
        """The same model with other weights and running statistics, of which it has a copy.

        Raises:
            PluginError: as `check_parts`.
        """
        self.check_parts()
        network = build_network(self.options, self.preprocessing, tensors)
        return type(self)(self.options, self.preprocessing, self.digest, network)

    def to_bytes(self) -> bytes:
        """The content of its model file, the same bytes for the same network."""
        return model_bytes(self.network.tensors(), self.description)

    def save(self, path: Path | str) -> None:
        """Write the model file, safetensors; `load` reads it back.

        Raises:
            FileError: the file cannot be written.
        """
        write_atomic(Path(path).absolute(), self.to_bytes())

    @property
    def description(self) -> dict[str, Any]:
        """Content of the model file beside the weights."""
        preprocessing = self.preprocessing.to_json()
        description = {"options": as_dict(self.options), "preprocessing": preprocessing, "data_digest": self.digest}
        return description | ({"parts": self._parts} if self._parts else {})

    def check_parts(self) -> None:
        """Check that the user-defined parts of its options are still those that the network is made of.

        Raises:
            PluginError: one of them was defined again since, or is gone.
        """
        check_origins(self._parts)

    @property
    def loss(self) -> Loss:
        """The loss that the network was trained with, without smoothing and weights.

        Raises:
            PluginError: it is a part of the user's own, and was defined again since.
        """
        check_origins({option: of for option, of in self._parts.items() if option == "loss"})
        return build_loss([self.options], self.network.linears[-1].out_features, ())

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        """As in training: the last bits of a number depend on the threads, and what overflows shows in the result."""
        with _ALONE, blas_threads(int(self.options.threads)), np.errstate(all="ignore"):
            yield

    def representation(self, x: Array, layer: int = -1) -> Array:
        """The outputs of a hidden layer, `(rows, units)`, of prepared inputs `x: (rows, features)`.

        The units of the networks of an ensemble stand side by side, `(rows, networks * units)`.

        Raises:
            UsageError: the network has no such layer.
        """
        depth = len(self.options.sizes)
        if not isinstance(layer, Integral) or not -depth <= layer < depth:
            raise UsageError(f"layer: got {quote(layer)}, and the network has {counted(depth, 'hidden layer')}")
        owner = f"hidden.{layer % depth}"
        last = max(at for at, name in enumerate(self.network.names) if f"{name}.".startswith(f"{owner}."))
        blocks = []
        with self._arithmetic():
            for start in range(0, len(x), BLOCK):
                block = x[start : start + BLOCK]
                for part in self.network.layers[: last + 1]:
                    block = part.forward(block, training=False)
                if block.ndim == 3:
                    block = np.moveaxis(block, 0, 1).reshape(block.shape[1], -1)
                blocks.append(block.copy())
        units = self.options.ensemble * self.options.sizes[layer]
        return np.concatenate(blocks) if blocks else np.empty((0, units), self.options.dtype)

    def scores(self, x: Array) -> Array:
        """The network's scores `(rows, outputs)` of prepared inputs `x: (rows, features)`."""
        with _ALONE:
            blocks = [scores.copy() for _, scores in score_blocks(self.network, x)]
        return np.concatenate(blocks) if blocks else np.empty((0, self.network.linears[-1].out_features))

    def probabilities(self, scores: Array) -> Array:
        """One probability per class or label, float64 `(rows, classes)`, as `metrics.probabilities` says."""
        if self.preprocessing.task == "multilabel":
            wide = scores.astype(np.float64)
            return sigmoid(wide, np.empty_like(wide))
        return probabilities(scores, log_odds=LOSSES[self.options.loss].log_odds)

    def decide(self, scores: Array) -> Array:
        """The class code of each row, by the sign of one score or the largest of several; or labels, by each sign."""
        if self.preprocessing.task == "multilabel":
            return (scores > 0).astype(np.int64)
        return decided(scores)
