"""Presets: published procedures spelled out in options of a run, beneath everything that the user says.

`tabular` is RealMLP-TD-S (Holzmüller et al. 2024) as far as the options reach. Its linear layers are x W / sqrt(n) + b
with W of unit variance, trained by Adam at one rate for weights and a tenth of it for biases. For x W + b that is
LeCun's initialization, which `auto` is for selu, and, since Adam's steps do not depend on the gradient's size, a rate
of the weights divided by sqrt(n). Left out are its scaling layer, its random biases and its four cycles of the rate;
without these, its rate and its activation for classes serve numbers better than those it has for numbers.
"""

from enum import StrEnum
from math import sqrt

from mlpcli.config.build import Source
from mlpcli.config.options import RunOptions

__all__ = ["Preset", "preset_for", "preset_source"]

_TABULAR: dict[str, object] = {
    "scale": "robust-clip",
    "width": 256,
    "depth": 3,
    "activation": "selu",
    "beta2": 0.95,
    "schedule": "cosine",
    "batch_size": 256,
    "epochs": 256,
}
_WEIGHTS_TO_BIASES = 10.0  # how many times the rate of the biases that of W is


class Preset(StrEnum):
    """The names of all presets."""

    TABULAR = "tabular"


def preset_source(preset: Preset) -> Source:
    """What a preset says before the data are known: all that decides what they are."""
    return Source(_TABULAR, f"preset {preset}: ")


def preset_for(preset: Preset, options: RunOptions, *, task: str, features: int) -> Source:
    """What it says given the data, and the sizes that `options` have: rates and scales that follow the width of each
    layer's input, no output at the beginning, and for classes label smoothing.
    """
    inputs = (features, *options.sizes)
    values = {
        "lr": 0.004,
        "lr_multiplier": [_WEIGHTS_TO_BIASES / sqrt(count) for count in inputs],
        "init_scale": [1.0] * len(options.sizes) + [0.0],
        "label_smoothing": 0.1 if task == "classification" else 0.0,
    }
    return Source({**_TABULAR, **values}, f"preset {preset}: ")
