"""Presets: published procedures spelled out in options of a run, beneath everything that the user says.

`tabular` is RealMLP-TD-S (Holzmüller et al. 2024). Its linear layers are x W / sqrt(n) + b with W of unit variance,
trained by Adam at one rate for W, a tenth of it for biases and six times as much for the factors of the inputs. For
x W + b that is LeCun's initialization and, since Adam's steps do not depend on the gradient's size, a rate of the
weights divided by sqrt(n). Different are one-hot columns, the last short batch, which is used, and which of equally
good epochs is kept: the first.
"""

from collections.abc import Mapping
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlpcli.config.options import RunOptions

__all__ = ["PRESETS", "waits_for_data", "with_preset"]

PRESETS: dict[str, Mapping[str, object]] = {
    "none": {},
    "tabular": {
        "scale": "robust-clip",
        "width": 256,
        "depth": 3,
        "init": "lecun",
        "input_gain": 60.0,
        "beta2": 0.95,
        "schedule": "cycles",
        "batch_size": 256,
        "epochs": 256,
    },
}
"""What each says before the data are known: all that decides what they are."""

_WITH_DATA = frozenset({"activation", "init_bias", "init_scale", "label_smoothing", "lr", "lr_multiplier"})
_WEIGHTS_TO_BIASES = 10.0  # how many times the rate of the biases that of W is


def waits_for_data(options: "RunOptions", name: str) -> bool:
    """Whether the value of an option is for the preset to say, once the data are known."""
    return options.preset != "none" and name in _WITH_DATA - options.model_fields_set


def with_preset(options: "RunOptions", *, task: str, features: int) -> "RunOptions":
    """The options with their preset spelled out for the data, in place of its name; unchanged where there is none.

    Known with the data are rates and scales, which follow the width of each layer's input, and what is for one task.
    What was given stays.
    """
    if options.preset == "none":
        return options
    for_classes = task == "classification"
    only_hidden = (*(1.0 for _ in options.sizes), 0.0)
    values: dict[str, object] = {
        "activation": "selu" if for_classes else "mish",
        "lr": 0.004 if for_classes else 0.007,
        "lr_multiplier": tuple(_WEIGHTS_TO_BIASES / sqrt(count) for count in (features, *options.sizes)),
        "init_scale": only_hidden,
        "init_bias": only_hidden,
        "label_smoothing": 0.1 if for_classes else 0.0,
    }
    left = {name: value for name, value in values.items() if waits_for_data(options, name)}
    return options.model_copy(update={**left, "preset": "none"})
