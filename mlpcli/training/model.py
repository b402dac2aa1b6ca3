"""A trained network with its preprocessing: what a model file holds, and all that `eval` needs.

>>> from mlpcli.nn import Linear
>>> network = Network([("output", Linear(1, 3))])
>>> preprocessing = Preprocessing((), ("y",), ("a", "b", "c"), (), (), "float32")
>>> model = Model(RunOptions(loss="cross-entropy"), preprocessing, "", network)
>>> scores = np.log([[1.0, 2.0, 1.0]])
>>> model.probabilities(scores).round(2), model.decide(scores)
(array([[0.25, 0.5 , 0.25]]), array([1]))
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.config import RunOptions, as_dict
from mlpcli.config.choices import LOSSES
from mlpcli.data import Prepared
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.nn import Array, BitStreams, Layer, Loss, Network, Purpose, sigmoid
from mlpcli.results.model_file import load_model
from mlpcli.training.build import build_layers, build_loss, output_units
from mlpcli.training.evaluate import score_blocks

__all__ = ["Model", "describe"]


def describe(options: RunOptions, data: Prepared) -> dict[str, Any]:
    """What the model file holds beside the weights: resolved options, fitted preprocessing, digest of the data."""
    return {
        "options": as_dict(options),
        "preprocessing": data.preprocessing.to_json(),
        "data_digest": data.digest,
    }


@dataclass(frozen=True)
class Model:
    """A network that is ready to score rows; made by `load`."""

    options: RunOptions
    preprocessing: Preprocessing
    digest: str
    network: Network

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read a model file.

        Raises:
            FileError: the file cannot be read.
            DataError: it is no model file, is damaged, or its tensors do not fit its architecture.
        """
        tensors, description = load_model(path, expected=_layout)
        options, preprocessing, layers = _parse(description)
        network = Network(layers, dtype=options.dtype)
        for name, view in network.tensors().items():
            view[...] = tensors[name]
        return cls(options, preprocessing, description["data_digest"], network)

    @property
    def loss(self) -> Loss:
        """The loss that the network was trained with, without smoothing and weights."""
        return build_loss([self.options], self.network.linears[-1].out_features, ())

    def scores(self, x: Array) -> Array:
        """The network's scores `(rows, outputs)` of prepared inputs `x: (rows, features)`."""
        blocks = [scores.copy() for _, scores in score_blocks(self.network, x)]
        return np.concatenate(blocks) if blocks else np.empty((0, self.network.linears[-1].out_features))

    def probabilities(self, scores: Array) -> Array:
        """One probability per class, float64 `(rows, classes)`.

        After cross-entropy the softmax or sigmoid of the scores; after a loss on residuals the scores themselves,
        clipped to [0, 1] and divided by their sum.
        """
        wide = scores.astype(np.float64)
        if LOSSES[self.options.loss].log_odds:
            if wide.shape[-1] == 1:
                positive = sigmoid(wide[:, 0], np.empty(len(wide)))
                return np.stack([1 - positive, positive], axis=-1)
            p = np.exp(wide - wide.max(axis=-1, keepdims=True))
        elif wide.shape[-1] == 1:
            positive = np.clip((1 + wide[:, 0]) / 2, 0, 1)
            return np.stack([1 - positive, positive], axis=-1)
        else:
            p = np.clip(wide, 0, 1)
            p[p.sum(axis=-1) == 0] = 1
        normalized: Array = p / p.sum(axis=-1, keepdims=True)
        return normalized

    def confidences(self, scores: Array) -> Array:
        """What ranks rows by how much they speak for a class: float64 `(rows, classes)`, or `(rows, 1)` for one score.

        After cross-entropy the log-odds of the class, else the scores: the order of the probabilities, without the ties
        that clipping and rounding to 0 or 1 make.
        """
        wide = scores.astype(np.float64)
        if self.options.loss != "cross-entropy" or wide.shape[-1] == 1:
            return wide
        others = [np.delete(wide, code, axis=-1) for code in range(wide.shape[-1])]
        log_odds: Array = wide - np.stack([np.logaddexp.reduce(rest, axis=-1) for rest in others], axis=-1)
        return log_odds

    def decide(self, scores: Array) -> Array:
        """The class code of each row: by the sign of one score, or the largest of several scores."""
        codes: Array = (scores[:, 0] > 0).astype(np.int64) if scores.shape[-1] == 1 else scores.argmax(axis=-1)
        return codes


def _layout(description: dict[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Dtype and shape of every tensor of the described architecture by name; nothing is allocated."""
    options, _, layers = _parse(description)
    return {
        f"{name}.{spec.name}": (options.dtype, spec.shape)
        for name, layer in layers
        for spec in (*layer.parameters(), *layer.statistics())
    }


def _parse(description: dict[str, Any]) -> tuple[RunOptions, Preprocessing, list[tuple[str, Layer]]]:
    options = RunOptions.model_validate(description["options"], strict=False)
    preprocessing = Preprocessing.from_json(description["preprocessing"])
    outputs = output_units(preprocessing.task, len(preprocessing.classes or ()), len(preprocessing.targets))
    bits = BitStreams([options.seed], (), Purpose.DROPOUT)
    return options, preprocessing, build_layers([options], len(preprocessing.features), outputs, (), bits)
