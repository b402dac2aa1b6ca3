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

__all__ = ["PRESETS"]

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
