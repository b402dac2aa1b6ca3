"""A trained network with all that was fitted beside it: what a model file holds, and what `eval` uses alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.config import RunOptions, as_dict
from mlpcli.data import Prepared
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.nn import Array, BitStreams, Layer, Loss, Network, Purpose, sigmoid
from mlpcli.results.model_file import load_model
from mlpcli.training.build import build_layers, build_loss, output_units
from mlpcli.training.evaluate import score_blocks

__all__ = ["Model", "describe"]


def describe(options: RunOptions, data: Prepared) -> dict[str, Any]:
    """What the model file says beside the weights: resolved options, fitted preprocessing and class names, data."""
    return {
        "options": as_dict(options),
        "preprocessing": data.preprocessing.to_json(),
        "data_digest": data.digest,
    }


@dataclass(frozen=True)
class Model:
    """A network ready to score rows; made by `load`."""

    options: RunOptions
    preprocessing: Preprocessing
    digest: str
    network: Network

    @classmethod
    def load(cls, path: Path) -> "Model":
        """The model in a file.

        Raises:
            FileError: it cannot be read.
            DataError: it is not a model file, damaged, or its tensors are not those of its architecture.
        """
        tensors, description = load_model(path, expected=_layout)
        options, preprocessing, layers = _parse(description)
        network = Network(layers, dtype=options.dtype)
        for name, view in network.tensors().items():
            view[...] = tensors[name]
        return cls(options, preprocessing, description["data_digest"], network)

    @property
    def loss(self) -> Loss:
        """The loss it was trained with, plain."""
        return build_loss([self.options], self.network.linears[-1].out_features, ())

    def scores(self, x: Array) -> Array:
        """The network's scores `(rows, outputs)` of prepared inputs `x: (rows, features)`."""
        blocks = [scores.copy() for _, scores in score_blocks(self.network, x)]
        return np.concatenate(blocks) if blocks else np.empty((0, self.network.linears[-1].out_features))

    def probabilities(self, scores: Array) -> Array:
        """A probability a class, float64 `(rows, classes)`.

        Softmax or sigmoid of the scores after cross-entropy; after a loss on residuals the scores themselves, cut
        to [0, 1] and scaled to sum 1.
        """
        wide = scores.astype(np.float64)
        if self.options.loss == "cross-entropy":
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

    def decide(self, scores: Array) -> Array:
        """The class code of each row: by the sign of one score, or the largest of several."""
        codes: Array = (scores[:, 0] > 0).astype(np.int64) if scores.shape[-1] == 1 else scores.argmax(axis=-1)
        return codes


def _layout(description: dict[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Name, dtype and shape of every tensor that the described architecture has; nothing is allocated."""
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
