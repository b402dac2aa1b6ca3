"""A network from what a model file says of it: options, preprocessing and tensors.

>>> import numpy as np
>>> from mlpcli.data.prepared.columns import Column
>>> preprocessing = Preprocessing((Column("x"),), ("y",), ("a", "b", "c"), (), (), "float32")
>>> options = RunOptions(hidden=(), loss="cross-entropy", init="he", lr=0.1, threads=1)
>>> tensors = {"output.weight": np.ones((1, 3)), "output.bias": np.zeros(3)}
>>> build_network(options, preprocessing, tensors).forward(np.array([[2.0]], "float32"))
array([[2., 2., 2.]], dtype=float32)
"""

from collections.abc import Mapping
from typing import Any

from mlpcli.config import RunOptions
from mlpcli.config.origins import check_origins
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.nn import Array, Ensemble, Network
from mlpcli.training.build import single_layers

__all__ = ["build_network", "layout", "parse"]


def parse(description: dict[str, Any]) -> tuple[RunOptions, Preprocessing, str]:
    """The options, the preprocessing and the data digest of a description.

    Raises:
        PluginError: a user-defined part that it names is missing, or is another version.
        ValueError, KeyError: it is not a description of ours.
    """
    check_origins(description.get("parts", {}))
    options = RunOptions.model_validate(description["options"], strict=False)
    if vague := [name for name in ("init", "loss", "scale", "task", "threads") if getattr(options, name) == "auto"]:
        raise ValueError(f"option {vague[0]} is not resolved")
    digest = description["data_digest"]
    if not isinstance(digest, str):
        raise ValueError(f"data_digest {digest!r} is no text")
    return options, Preprocessing.from_json(description["preprocessing"]), digest


def _lead(options: RunOptions) -> tuple[int, ...]:
    """The leading axes of a run's network: one for an ensemble."""
    return (options.ensemble,) if options.ensemble > 1 else ()


def layout(description: dict[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Dtype and shape of every tensor of the described architecture by name; nothing is allocated."""
    options, preprocessing, _ = parse(description)
    return {
        f"{name}.{spec.name}": (options.dtype, (*_lead(options), *spec.shape))
        for name, layer in single_layers(options, preprocessing)
        for spec in (*layer.parameters(), *layer.statistics())
    }


def build_network(options: RunOptions, preprocessing: Preprocessing, tensors: Mapping[str, Array]) -> Network:
    """The network of a run, or the networks of its ensemble, with a copy of the tensors."""
    kind = Ensemble if options.ensemble > 1 else Network
    network = kind(single_layers(options, preprocessing), _lead(options), options.dtype)
    for name, view in network.tensors().items():
        view[...] = tensors[name]
    return network
