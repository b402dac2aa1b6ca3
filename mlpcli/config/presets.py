"""Presets: published procedures written as options of a run, which every option that the user gives overrides.

`tabular` is RealMLP-TD-S (Holzmüller et al. 2024) without its factors of the inputs, its random biases and its four
cycles, and with selu and one rate for numbers too. Those are options of their own (`input_gain`, `init_bias`,
`schedule = "cycles"`); on tables of some hundred rows they served worse. Its linear layers are x W / sqrt(n) + b with W
of unit variance, trained by Adam at one rate for W and a tenth of it for biases. For x W + b that is LeCun's
initialization, which `auto` is for selu, and, since Adam's steps do not depend on the gradient's size, a rate of the
weights divided by sqrt(n). Different are also one-hot columns, the last short batch, which is used, and which of
equally good epochs is kept: the first.
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
        "activation": "selu",
        "lr": 0.004,
        "beta2": 0.95,
        "schedule": "cosine",
        "batch_size": 256,
        "epochs": 256,
    },
}
"""The options of each preset that are known before the data are."""

_WITH_DATA = frozenset({"init_scale", "label_smoothing", "lr_multiplier"})
_WEIGHTS_TO_BIASES = 10.0  # learning rate of W over that of the biases


def waits_for_data(options: "RunOptions", name: str) -> bool:
    """Whether the preset will set an option once the data are known."""
    return options.preset != "none" and name in _WITH_DATA - options.model_fields_set


def with_preset(options: "RunOptions", *, task: str, features: int) -> "RunOptions":
    """Replace the name of a preset by its options; options without a preset are unchanged.

    The data decide learning rates and initial scales, which follow the sizes of the layers, and options that suit one
    task only. Options that were given are kept.
    """
    if options.preset == "none":
        return options
    values: dict[str, object] = {
        "lr_multiplier": tuple(_WEIGHTS_TO_BIASES / sqrt(count) for count in (features, *options.sizes)),
        "init_scale": (*(1.0 for _ in options.sizes), 0.0),
        "label_smoothing": 0.1 if task == "classification" else 0.0,
    }
    left = {name: value for name, value in values.items() if waits_for_data(options, name)}
    return options.model_copy(update={**left, "preset": "none"})
