"""Presets: procedures for a kind of data written as options of a run, which every option that the user gives overrides.

`tabular` has the scaling, parametrization, rates, label smoothing, batches and epochs of RealMLP-TD-S (Holzmüller et
al. 2024). Its linear layers are x W / sqrt(n) + b with W of unit variance, trained by Adam at one rate for W and a
tenth of it for biases. For x W + b that is an initial deviation of 1 / sqrt(n) and, since Adam's steps do not depend on
the gradient's size, a rate of the weights divided by sqrt(n); `auto` draws twice that variance for silu.

In place of one network of 3 x 256 it averages eight of 2 x 64, each validated on another eighth of the rows
(`ensemble`). RealMLP's factors of the inputs, random biases, selu and four cycles are options of their own
(`input_gain`, `init_bias`, `activation`, `schedule = "cycles"`); on tables of some hundred rows they served worse.
Different are also one-hot columns, the last short batch, which is used, and which of equally good epochs is kept: the
first.
"""

from collections.abc import Mapping

__all__ = ["PRESETS", "WITH_DATA", "filled_in"]

PRESETS: dict[str, Mapping[str, object]] = {
    "none": {},
    "tabular": {
        "scale": "robust-clip",
        "ensemble": 8,
        "width": 64,
        "depth": 2,
        "activation": "silu",
        "lr": 0.004,
        "beta2": 0.95,
        "schedule": "cosine",
        "batch_size": 256,
        "epochs": 256,
    },
}
"""The options of each preset that are known before the data are."""

WITH_DATA = frozenset({"init_scale", "label_smoothing", "lr_multiplier"})
"""The options that a preset decides once the data are known."""


def filled_in(preset: str) -> frozenset[str]:
    """The options that a preset fills in where they are not given, but for the sizes, which have several names.

    >>> sorted(filled_in("none")), "epochs" in filled_in("tabular")
    ([], True)
    """
    return (WITH_DATA | PRESETS[preset].keys()) - {"width", "depth"} if PRESETS[preset] else frozenset()
